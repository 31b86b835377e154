#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "config/xds/upstream_http.pb.h"
#include "core/base/ascii.hpp"
#include "proxy/snapshot/compiling.hpp"

namespace outrider::proxy::compiling {
namespace {

namespace v3 = envoy::config::cluster::v3;
namespace tls3 = envoy::extensions::transport_sockets::tls::v3;
using envoy::config::core::v3::Metadata;
using google::protobuf::Struct;

constexpr std::uint32_t longest_rotation = 1024;

const Struct* metadata(const Metadata& source, const char* filter) {
  const auto found = source.filter_metadata().find(filter);
  return found == source.filter_metadata().end() ? nullptr : &found->second;
}

std::string text(const Struct* fields, const char* key) {
  if (fields == nullptr) return {};
  const auto found = fields->fields().find(key);
  return found == fields->fields().end() ? std::string{} : found->second.string_value();
}

ServiceLabels service_labels(const v3::Cluster& source) {
  const Struct* istio = metadata(source.metadata(), "istio");
  if (istio == nullptr) return {};
  const auto services = istio->fields().find("services");
  if (services == istio->fields().end() || services->second.list_value().values_size() == 0) return {};
  const Struct& first = services->second.list_value().values(0).struct_value();
  return {text(&first, "host"), text(&first, "name"), text(&first, "namespace")};
}

// istio.workload: "name;namespace;canonical service;canonical revision;cluster".
WorkloadLabels workload_labels(const Metadata& source) {
  WorkloadLabels labels;
  const std::string joined = text(metadata(source, "istio"), "workload");
  const auto parts = ascii::split(joined, ';');
  const auto part = [&](std::size_t i) { return i < parts.size() ? std::string(parts[i]) : std::string{}; };
  labels.workload = part(0);
  labels.workload_namespace = part(1);
  labels.canonical_service = part(2);
  labels.canonical_revision = part(3);
  labels.cluster = part(4);
  const Struct* ours = metadata(source, "outrider");
  labels.app = text(ours, "app");
  labels.version = text(ours, "version");
  labels.principal = text(ours, "principal");
  if (std::string id = text(ours, "cluster_id"); !id.empty()) labels.cluster = std::move(id);
  return labels;
}

// The sockets of a cluster: one for all endpoints, or by what an endpoint's metadata says.
class Sockets {
 public:
  Sockets(const v3::Cluster& source, ClusterSpec& spec, Report& report) : spec_(spec), report_(report) {
    for (const auto& match : source.transport_socket_matches()) {
      matches_.push_back({&match.match(), settings(match.transport_socket(), match.name())});
    }
    if (source.has_transport_socket()) otherwise_ = settings(source.transport_socket(), "transport_socket");
  }

  [[nodiscard]] const UpstreamTls* of(const Metadata& endpoint) const {
    const Struct* labels = metadata(endpoint, "envoy.transport_socket_match");
    for (const Match& match : matches_) {
      if (covers(labels, *match.wanted)) return match.tls;
    }
    return otherwise_;
  }

 private:
  struct Match {
    const Struct* wanted;
    const UpstreamTls* tls;
  };

  static bool covers(const Struct* labels, const Struct& wanted) {
    return std::ranges::all_of(wanted.fields(), [&](const auto& field) {
      if (labels == nullptr) return false;
      const auto found = labels->fields().find(field.first);
      return found != labels->fields().end() &&
             found->second.SerializeAsString() == field.second.SerializeAsString();
    });
  }

  const UpstreamTls* settings(const envoy::config::core::v3::TransportSocket& socket,
                              std::string_view where) {
    if (socket.name() == "envoy.transport_sockets.raw_buffer") return nullptr;
    const std::string field = fmt::format("transport_socket[{}]", where);
    tls3::UpstreamTlsContext context;
    if (!socket.typed_config().UnpackTo(&context)) {
      report_.error(field, fmt::format("\"{}\" is not supported", socket.name()));
      return nullptr;
    }
    TlsCommon common = tls_common(context.common_tls_context(), field, report_);
    if (!common.verifies) report_.error(field, "nothing to verify the server against");
    if (common.own || common.roots) {
      report_.error(field, "towards a server the workload's own certificate and the mesh's roots are used; "
                           "name them with tls_certificate_sds_secret_configs and validation_context_sds_secret_config");
    }
    spec_.tls_settings.push_back(std::make_unique<const UpstreamTls>(
        UpstreamTls{context.sni(), std::move(common.alpn), std::move(common.allowed_sans),
                    std::move(common.certificate_name), std::move(common.trust_name)}));
    return spec_.tls_settings.back().get();
  }

  ClusterSpec& spec_;
  Report& report_;
  std::vector<Match> matches_;
  const UpstreamTls* otherwise_ = nullptr;
};

std::uint64_t transport_hash(const ClusterSpec& cluster, const EndpointSpec& endpoint) {
  std::string all = fmt::format("{}|{}|{}|{}", endpoint.address.text(), static_cast<int>(cluster.protocol),
                                cluster.bind_address ? cluster.bind_address->text() : "",
                                endpoint.tls != nullptr);
  if (const UpstreamTls* tls = endpoint.tls) {
    all += fmt::format("|{}|{}|{}|{}", tls->sni, fmt::join(tls->alpn, ","), tls->certificate_name, tls->trust_name);
    for (const SanMatcher& san : tls->allowed_sans) {
      all += fmt::format("|{}:{}:{}", static_cast<int>(san.type), static_cast<int>(san.text.kind()), san.text.text());
    }
  }
  return XXH3_64bits(all.data(), all.size());
}

// Each index as often as its weight, spread evenly (smooth weighted round robin).
std::vector<std::uint32_t> rotation(const std::vector<EndpointSpec>& endpoints, bool equal) {
  std::vector<std::uint32_t> order(endpoints.size());
  std::iota(order.begin(), order.end(), 0U);
  if (equal || endpoints.size() > longest_rotation) return order;
  std::uint64_t divisor = 0;
  std::uint64_t sum = 0;
  for (const EndpointSpec& endpoint : endpoints) {
    divisor = std::gcd(divisor, std::uint64_t{endpoint.weight});
    sum += endpoint.weight;
  }
  std::vector<std::int64_t> share;
  std::int64_t total = 0;
  for (const EndpointSpec& endpoint : endpoints) {
    std::uint64_t own = endpoint.weight / divisor;
    if (sum / divisor > longest_rotation) {
      own = std::max<std::uint64_t>(1, endpoint.weight * std::uint64_t{longest_rotation} / sum);
    }
    share.push_back(static_cast<std::int64_t>(own));
    total += share.back();
  }
  order.clear();
  std::vector<std::int64_t> credit(share.size());
  for (std::int64_t turn = 0; turn < total; ++turn) {
    for (std::size_t i = 0; i < share.size(); ++i) credit[i] += share[i];
    const auto best = std::ranges::max_element(credit);
    *best -= total;
    order.push_back(static_cast<std::uint32_t>(best - credit.begin()));
  }
  return order;
}

EndpointHealth health_of(envoy::config::endpoint::v3::HealthStatus status) {
  switch (status) {
    case envoy::config::endpoint::v3::UNHEALTHY:
    case envoy::config::endpoint::v3::TIMEOUT:
      return EndpointHealth::Unhealthy;
    case envoy::config::endpoint::v3::DRAINING:
      return EndpointHealth::Draining;
    default:
      return EndpointHealth::Healthy;
  }
}

// The addresses behind what an endpoint says: itself, or what its name was resolved to.
std::vector<std::string> addresses_of(const std::string& host, ClusterSpec& spec,
                                      const XdsInput& input, Report& report) {
  if (const auto ip = IpAddress::parse(host)) return {ip->text()};
  if (spec.discovery != DiscoveryType::StrictDns) {
    report.error("endpoints", fmt::format("\"{}\" is not an IP address, and the cluster is not STRICT_DNS", host));
    return {};
  }
  if (std::ranges::find(spec.dns_names, host) == spec.dns_names.end()) spec.dns_names.push_back(host);
  const auto resolved = input.resolved.find(host);
  return resolved == input.resolved.end() ? std::vector<std::string>{} : resolved->second;
}

void add_endpoints(const envoy::config::endpoint::v3::ClusterLoadAssignment& assignment,
                   const Sockets& sockets, const XdsInput& input, ClusterSpec& spec,
                   StateRegistry& states, LabelRegistry& labels, Report& report) {
  std::set<SocketAddress> known;
  for (const auto& locality : assignment.endpoints()) {
    for (const auto& source : locality.lb_endpoints()) {
      const auto& address = source.endpoint().address().socket_address();
      if (address.port_value() == 0 || address.port_value() > 65535) {
        report.error("endpoints", fmt::format("{}: port {} is not from 1 to 65535", address.address(), address.port_value()));
        continue;
      }
      for (std::string& ip : addresses_of(address.address(), spec, input, report)) {
        EndpointSpec endpoint;
        endpoint.address = {std::move(ip), static_cast<std::uint16_t>(address.port_value())};
        if (!known.insert(endpoint.address).second) continue;
        endpoint.weight = std::max(source.has_load_balancing_weight() ? source.load_balancing_weight().value() : 1U, 1U);
        endpoint.priority = locality.priority();
        endpoint.health = health_of(source.health_status());
        endpoint.tls = sockets.of(source.metadata());
        WorkloadLabels workload = workload_labels(source.metadata());
        // Whom we insist to talk to is whom we talk to.
        if (endpoint.tls != nullptr && endpoint.tls->allowed_sans.size() == 1 &&
            endpoint.tls->allowed_sans.front().text.kind() == StringMatcher::Kind::Exact) {
          workload.principal = endpoint.tls->allowed_sans.front().text.text();
        }
        endpoint.workload_id = labels.intern(workload);
        endpoint.transport_hash = transport_hash(spec, endpoint);
        endpoint.state = states.endpoint(spec.name, endpoint.address);
        spec.endpoints.push_back(std::move(endpoint));
      }
    }
  }
}

OutlierSettings outlier_settings(const v3::OutlierDetection& source) {
  OutlierSettings settings;
  const auto number = [](const google::protobuf::UInt32Value& value, bool set, std::uint32_t otherwise) {
    return set ? value.value() : otherwise;
  };
  settings.consecutive_5xx = number(source.consecutive_5xx(), source.has_consecutive_5xx(), 5);
  // Off unless enforced, in Envoy; Istio writes both.
  settings.consecutive_gateway = number(source.consecutive_gateway_failure(), source.has_consecutive_gateway_failure(), 5);
  if (source.has_enforcing_consecutive_5xx() && source.enforcing_consecutive_5xx().value() == 0) settings.consecutive_5xx = 0;
  if (source.enforcing_consecutive_gateway_failure().value() == 0) settings.consecutive_gateway = 0;
  if (source.has_interval()) settings.interval = to_duration(source.interval());
  if (source.has_base_ejection_time()) settings.base_ejection_time = to_duration(source.base_ejection_time());
  if (source.has_max_ejection_time()) settings.max_ejection_time = to_duration(source.max_ejection_time());
  settings.max_ejection_percent = std::min(number(source.max_ejection_percent(), source.has_max_ejection_percent(), 10), 100U);
  return settings;
}

CircuitLimits circuit_limits(const v3::CircuitBreakers& source) {
  CircuitLimits limits;
  if (source.thresholds_size() == 0) return limits;
  const auto& threshold = source.thresholds(0);
  if (threshold.has_max_connections()) limits.connections = threshold.max_connections().value();
  if (threshold.has_max_pending_requests()) limits.pending = threshold.max_pending_requests().value();
  if (threshold.has_max_requests()) limits.requests = threshold.max_requests().value();
  if (threshold.has_max_retries()) limits.retries = threshold.max_retries().value();
  if (threshold.has_retry_budget()) {
    const auto& told = threshold.retry_budget();
    RetryBudget budget;
    // NaN is 0: clamp would leave it, and fmax does not.
    if (told.has_budget_percent()) budget.percent = std::fmin(100.0, std::fmax(0.0, told.budget_percent().value()));
    if (told.has_min_retry_concurrency()) budget.least = told.min_retry_concurrency().value();
    limits.retry_budget = budget;
  } else if (limits.retries == CircuitLimits::unlimited) {
    // What Istio writes where nobody has said anything: a retry storm is nobody's wish.
    limits.retry_budget.emplace();
  }
  return limits;
}

LbPolicy lb_policy(v3::Cluster::LbPolicy policy, Report& report) {
  switch (policy) {
    case v3::Cluster::ROUND_ROBIN: return LbPolicy::RoundRobin;
    case v3::Cluster::LEAST_REQUEST: return LbPolicy::LeastRequest;
    case v3::Cluster::RANDOM: return LbPolicy::Random;
    default: break;
  }
  report.ignore("lb_policy", "not supported; LEAST_REQUEST is used");
  return LbPolicy::LeastRequest;
}

void add_http_options(const v3::Cluster& source, ClusterSpec& spec, Report& report) {
  const auto found = source.typed_extension_protocol_options().find(
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
  if (found == source.typed_extension_protocol_options().end()) return;
  envoy::extensions::upstreams::http::v3::HttpProtocolOptions options;
  if (!found->second.UnpackTo(&options)) {
    report.error("typed_extension_protocol_options", "not an HttpProtocolOptions");
    return;
  }
  const auto& common = options.common_http_protocol_options();
  if (common.has_idle_timeout()) spec.idle_timeout = to_duration(common.idle_timeout());
  spec.max_requests_per_connection = common.max_requests_per_connection().value();
  if (options.has_use_downstream_protocol_config()) {
    spec.protocol = UpstreamProtocol::FollowDownstream;
  } else if (options.explicit_http_config().has_http2_protocol_options()) {
    spec.protocol = UpstreamProtocol::Http2;
  }
}

std::optional<DiscoveryType> discovery(v3::Cluster::DiscoveryType type) {
  switch (type) {
    case v3::Cluster::STATIC: return DiscoveryType::Static;
    case v3::Cluster::EDS: return DiscoveryType::Eds;
    case v3::Cluster::STRICT_DNS:
    case v3::Cluster::LOGICAL_DNS: return DiscoveryType::StrictDns;
    default: return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<ClusterSpec> cluster(
    const v3::Cluster& source,
    const envoy::config::endpoint::v3::ClusterLoadAssignment* assignment, const XdsInput& input,
    StateRegistry& states, LabelRegistry& labels, Report& report) {
  const auto type = discovery(source.type());
  if (!type) {
    report.ignore("type", "not supported; requests for this cluster get 503 NC");
    return nullptr;
  }
  auto spec = std::make_unique<ClusterSpec>();
  spec->name = source.name();
  spec->discovery = *type;
  spec->state = states.cluster(spec->name);
  if (source.has_connect_timeout()) spec->connect_timeout = to_duration(source.connect_timeout());
  if (source.has_dns_refresh_rate()) spec->dns_refresh = to_duration(source.dns_refresh_rate());
  spec->lb_policy = lb_policy(source.lb_policy(), report);
  spec->panic_percent = source.common_lb_config().has_healthy_panic_threshold()
                            ? static_cast<std::uint32_t>(std::clamp(source.common_lb_config().healthy_panic_threshold().value(), 0.0, 100.0))
                            : 0;
  spec->limits = circuit_limits(source.circuit_breakers());
  if (source.has_outlier_detection()) spec->outlier = outlier_settings(source.outlier_detection());
  add_http_options(source, *spec, report);
  if (source.upstream_bind_config().has_source_address()) {
    const auto& from = source.upstream_bind_config().source_address();
    if (!IpAddress::parse(from.address()) || from.port_value() > 65535) {
      report.error("upstream_bind_config", fmt::format("\"{}\" is not an IP address", from.address()));
    }
    spec->bind_address = SocketAddress{from.address(), static_cast<std::uint16_t>(from.port_value())};
  }
  spec->service_id = labels.intern(service_labels(source));

  const Sockets sockets(source, *spec, report);
  spec->endpoints_known = assignment != nullptr;
  if (assignment != nullptr) {
    add_endpoints(*assignment, sockets, input, *spec, states, labels, report);
  }
  spec->endpoints.shrink_to_fit();
  spec->equal_weights = std::ranges::all_of(spec->endpoints, [&](const EndpointSpec& endpoint) {
    return endpoint.weight == spec->endpoints.front().weight;
  });
  spec->rotation = rotation(spec->endpoints, spec->equal_weights);
  return spec;
}

}  // namespace outrider::proxy::compiling
