#include <algorithm>
#include <array>

#include "config/xds/hcm.pb.h"
#include "config/xds/rbac_filter.pb.h"
#include "config/xds/router.pb.h"
#include "proxy/snapshot/compiling.hpp"

namespace outrider::proxy::compiling {
namespace {

namespace hcm = envoy::extensions::filters::network::http_connection_manager::v3;
namespace v3 = envoy::config::listener::v3;

// Filters of Istio's own listeners that guard nothing: telemetry, and what acts only where a route
// configures it. Without them on this list no istiod could drive this proxy.
constexpr std::array<std::string_view, 7> harmless_filters = {
    "istio.alpn",         "istio.metadata_exchange",       "istio.peer_metadata",
    "istio.stats",        "envoy.filters.http.grpc_stats", "envoy.filters.http.cors",
    "envoy.filters.http.fault",
};

void add_filter(const hcm::HttpFilter& filter, HttpSpec& spec, Report& report) {
  const std::string field = fmt::format("http_filters[{}]", filter.name());
  if (filter.disabled()) return;
  envoy::extensions::filters::http::router::v3::Router router;
  if (filter.typed_config().UnpackTo(&router)) return;
  envoy::extensions::filters::http::rbac::v3::RBAC rules;
  if (filter.typed_config().UnpackTo(&rules)) {
    if (!rules.GetReflection()->GetUnknownFields(rules).empty()) {
      report.error(field, "holds a field that is not known here");
    } else if (rules.has_rules()) {
      if (auto set = rbac(rules.rules(), field, report)) spec.authorization.push_back(std::move(*set));
    }
    return;
  }
  const bool harmless = std::ranges::find(harmless_filters, filter.name()) != harmless_filters.end();
  if (filter.is_optional() || harmless) {
    report.ignore(field, "this filter is not supported and passed over");
  } else {
    report.error(field, fmt::format("the filter {} is required, and not supported",
                                    filter.typed_config().type_url()));
  }
}

ForwardClientCert forward_mode(hcm::HttpConnectionManager::ForwardClientCertDetails mode) {
  switch (mode) {
    case hcm::HttpConnectionManager::FORWARD_ONLY: return ForwardClientCert::ForwardOnly;
    case hcm::HttpConnectionManager::APPEND_FORWARD: return ForwardClientCert::AppendForward;
    case hcm::HttpConnectionManager::SANITIZE_SET: return ForwardClientCert::SanitizeSet;
    case hcm::HttpConnectionManager::ALWAYS_FORWARD_ONLY: return ForwardClientCert::AlwaysForwardOnly;
    default: return ForwardClientCert::Sanitize;
  }
}

void resolve_routes(const hcm::HttpConnectionManager& source, std::string_view inline_name,
                    HttpSpec& spec, Snapshot& snapshot, Report& report) {
  if (source.has_route_config()) {
    auto table = route_table(source.route_config(), snapshot, report);
    spec.route_name = source.route_config().name();
    spec.routes = table.get();
    snapshot.routes.emplace(inline_name, std::move(table));
    return;
  }
  if (!source.has_rds()) {
    report.error("http_connection_manager", "has neither rds nor route_config");
    return;
  }
  spec.route_name = source.rds().route_config_name();
  if (const auto found = snapshot.routes.find(spec.route_name); found != snapshot.routes.end()) {
    spec.routes = found->second.get();
  } else if (std::ranges::find(snapshot.missing_routes, spec.route_name) ==
             snapshot.missing_routes.end()) {
    snapshot.missing_routes.push_back(spec.route_name);
  }
}

HttpSpec http_spec(const hcm::HttpConnectionManager& source, std::string_view inline_name,
                   Snapshot& snapshot, Report& report) {
  HttpSpec spec;
  resolve_routes(source, inline_name, spec, snapshot, report);
  for (const hcm::HttpFilter& filter : source.http_filters()) add_filter(filter, spec, report);
  // Within one action the order means nothing; between them DENY comes first, whoever wrote them.
  std::ranges::stable_sort(spec.authorization, [](const RbacRuleSet& a, const RbacRuleSet& b) {
    return a.action == RbacAction::Deny && b.action == RbacAction::Allow;
  });
  spec.forward_client_cert = forward_mode(source.forward_client_cert_details());
  const auto& details = source.set_current_client_cert_details();
  spec.cert_subject = details.subject().value();
  spec.cert_dns = details.dns();
  spec.cert_uri = details.uri();
  if (source.has_generate_request_id()) spec.generate_request_id = source.generate_request_id().value();
  if (source.use_remote_address().value()) {
    report.ignore("use_remote_address", "x-forwarded-for is passed on as it came");
  }
  // Off means that someone else normalizes; nobody does here, so it stays on.
  if (source.has_normalize_path() && !source.normalize_path().value()) {
    report.ignore("normalize_path", "paths are always normalized");
  }
  spec.upgrades = upgrade_rules(source.upgrade_configs(), report);
  if (!source.server_name().empty()) spec.server_name = source.server_name();
  if (source.has_stream_idle_timeout()) spec.stream_idle_timeout = to_duration(source.stream_idle_timeout());
  const auto& common = source.common_http_protocol_options();
  if (common.has_idle_timeout()) spec.idle_timeout = to_duration(common.idle_timeout());
  if (common.has_max_headers_count()) {
    report.ignore("common_http_protocol_options.max_headers_count", "the proxy's own limit of 96 fields holds");
  }
  return spec;
}

std::optional<DownstreamTls> downstream_tls(const v3::FilterChain& chain, std::string_view field,
                                            bool& bad, Report& report) {
  if (!chain.has_transport_socket()) return std::nullopt;
  const auto& socket = chain.transport_socket();
  if (socket.name() == "envoy.transport_sockets.raw_buffer") return std::nullopt;
  envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext context;
  bad = true;
  if (!socket.typed_config().UnpackTo(&context)) {
    report.error(field, fmt::format("transport socket \"{}\" is not supported", socket.name()));
    return std::nullopt;
  }
  TlsCommon common = tls_common(context.common_tls_context(), field, report);
  const bool require = context.require_client_certificate().value();
  if (require && !common.verifies) {
    report.error(field, "require_client_certificate without anything to verify it against");
    return std::nullopt;
  }
  if (common.roots && !require) {
    report.error(field, "trusted_ca without require_client_certificate is not supported");
    return std::nullopt;
  }
  if (common.roots && !common.allowed_sans.empty()) {
    report.error(field, "subject alternative names are matched for callers of the mesh only, not with trusted_ca");
    return std::nullopt;
  }
  bad = false;
  return DownstreamTls{require, common.verifies, std::move(common.alpn), std::move(common.allowed_sans),
                       std::move(common.certificate_name), std::move(common.trust_name),
                       std::move(common.own), std::move(common.roots)};
}

// Where the policies were written, for whoever has to find out why a request was denied.
void name_sources(const envoy::config::core::v3::Metadata& metadata, HttpSpec& spec) {
  const auto ours = metadata.filter_metadata().find("outrider");
  if (ours == metadata.filter_metadata().end()) return;
  const auto policies = ours->second.fields().find("policies");
  if (policies == ours->second.fields().end()) return;
  const auto& sources = policies->second.struct_value().fields();
  for (RbacRuleSet& set : spec.authorization) {
    for (RbacPolicy& policy : set.policies) {
      const auto found = sources.find(policy.name);
      if (found != sources.end()) policy.source = found->second.string_value();
    }
  }
}

void add_chain(const v3::FilterChain& chain, std::string_view field, ListenerSpec& spec,
               Snapshot& snapshot, Report& report) {
  const v3::FilterChainMatch& match = chain.filter_chain_match();
  if (match.prefix_ranges_size() > 0 || match.has_destination_port() ||
      match.server_names_size() > 0 || match.source_type() != v3::FilterChainMatch::ANY ||
      !match.GetReflection()->GetUnknownFields(match).empty()) {
    report.error(field, "filter chains are told apart by transport_protocol and application_protocols only");
    return;
  }
  hcm::HttpConnectionManager manager;
  if (chain.filters_size() == 0 ||
      !chain.filters(chain.filters_size() - 1).typed_config().UnpackTo(&manager)) {
    report.ignore(field, "is not HTTP and not served");
    return;
  }
  if (chain.filters_size() > 1) {
    report.error(field, fmt::format("the network filter {} is not supported", chain.filters(0).name()));
    return;
  }
  bool bad = false;
  auto tls = downstream_tls(chain, field, bad, report);
  if (bad) return;
  const std::string& transport = match.transport_protocol();
  if (!transport.empty() && transport != (tls ? "tls" : "raw_buffer")) {
    report.error(field, fmt::format("matches transport \"{}\", and its transport socket is {}",
                                    transport, tls ? "TLS" : "plaintext"));
    return;
  }
  std::optional<ChainSpec>& slot = tls ? spec.tls : spec.plaintext;
  if (slot) {
    report.error(field, fmt::format("a second {} filter chain; the first is \"{}\"",
                                    tls ? "TLS" : "plaintext", slot->name));
    return;
  }
  slot.emplace();
  slot->name = chain.name();
  slot->tls = std::move(tls);
  const std::string inline_name = fmt::format("@{}/{}", spec.name, slot->tls ? "tls" : "plaintext");
  slot->http = http_spec(manager, inline_name, snapshot, report);
  name_sources(chain.metadata(), slot->http);
}

}  // namespace

std::unique_ptr<ListenerSpec> listener(const v3::Listener& source, Snapshot& snapshot,
                                       Report& report) {
  auto spec = std::make_unique<ListenerSpec>();
  spec->name = source.name();
  const auto& address = source.address().socket_address();
  const auto ip = IpAddress::parse(address.address());
  if (!ip || address.port_value() > 65535) {
    report.error("address", fmt::format("\"{}:{}\" is not an IP address and a port",
                                        address.address(), address.port_value()));
    return nullptr;
  }
  spec->address = {ip->text(), static_cast<std::uint16_t>(address.port_value())};
  spec->direction = source.traffic_direction() == envoy::config::core::v3::INBOUND ? Direction::Inbound
                                                                                   : Direction::Outbound;
  spec->binds = !source.has_bind_to_port() || source.bind_to_port().value();
  for (int i = 0; i < source.filter_chains_size(); ++i) {
    add_chain(source.filter_chains(i), fmt::format("filter_chains[{}]", i), *spec, snapshot, report);
  }
  if (source.has_default_filter_chain() && !spec->plaintext) {
    add_chain(source.default_filter_chain(), "default_filter_chain", *spec, snapshot, report);
  }
  if (!spec->tls && !spec->plaintext) {
    report.ignore("filter_chains", "no HTTP among them: this listener is not served");
    return nullptr;
  }
  return spec;
}

}  // namespace outrider::proxy::compiling
