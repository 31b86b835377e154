#include "proxy/discovery/ads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "config/xds/xds.hpp"
#include "core/base/log.hpp"

namespace outrider::proxy {
namespace {

using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

constexpr std::string_view ads_method =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
constexpr Duration first_pause = std::chrono::milliseconds(100);
constexpr Duration longest_pause = std::chrono::seconds(10);
constexpr int invalid_argument = 3;

constexpr std::array<std::string_view, 4> type_urls = {
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
};

void fill_node(const config::Workload& self, envoy::config::core::v3::Node& node) {
  node.set_id(node_id(self));
  node.set_cluster(fmt::format("{}.{}", self.name, self.ns));
  node.set_user_agent_name("outrider-proxy");
  node.set_user_agent_version(OUTRIDER_VERSION);
  auto& fields = *node.mutable_metadata()->mutable_fields();
  fields["NAME"].set_string_value(self.name);
  fields["NAMESPACE"].set_string_value(self.ns);
  fields["SERVICE_ACCOUNT"].set_string_value(self.service_account);
  fields["INSTANCE_IPS"].set_string_value(self.address);
  auto& labels = *fields["LABELS"].mutable_struct_value()->mutable_fields();
  for (const auto& [name, value] : self.labels) labels[name].set_string_value(value);
}

// The complete set of a type (CDS, LDS), or some of it by name (EDS, RDS).
template <typename T>
Result<void> merge(const DiscoveryResponse& response, bool complete, std::vector<Kept<T>>& into) {
  std::vector<Kept<T>> received;
  for (const auto& any : response.resources()) {
    auto kept = any.Is<T>() ? Kept<T>::parse(any.value()) : std::nullopt;
    if (!kept) return fail("a resource is not of the type that its type_url says");
    received.push_back(std::move(*kept));
  }
  if (complete) {
    into = std::move(received);
    return {};
  }
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < into.size(); ++i) places.emplace(into[i].name(), i);
  for (Kept<T>& kept : received) {
    const auto same = places.find(kept.name());
    if (same == places.end()) {
      into.push_back(std::move(kept));
      places.emplace(into.back().name(), into.size() - 1);  // of two of a name in one response, the last holds
    } else {
      into[same->second] = std::move(kept);
    }
  }
  return {};
}

std::vector<std::string> endpoint_names(const XdsInput& input) {
  std::set<std::string> names;
  for (const auto& kept : input.clusters) {
    const auto cluster = kept.message();
    if (cluster.type() != envoy::config::cluster::v3::Cluster::EDS) continue;
    const std::string& service = cluster.eds_cluster_config().service_name();
    names.insert(service.empty() ? cluster.name() : service);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> route_names(const XdsInput& input) {
  std::set<std::string> names;
  for (const auto& kept : input.listeners) {
    const auto listener = kept.message();
    for (const auto& chain : listener.filter_chains()) {
      for (const auto& filter : chain.filters()) {
        envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager http;
        if (filter.typed_config().UnpackTo(&http) && http.has_rds()) {
          names.insert(http.rds().route_config_name());
        }
      }
    }
  }
  return {names.begin(), names.end()};
}

// What nobody names any more goes, so that it does not come back by surprise.
template <typename T>
void keep_named(const std::vector<std::string>& names, std::vector<Kept<T>>& resources) {
  std::erase_if(resources, [&](const Kept<T>& kept) {
    return !std::binary_search(names.begin(), names.end(), kept.name());
  });
}

}  // namespace

std::string node_id(const config::Workload& self) {
  return fmt::format("sidecar~{}~{}.{}~{}.svc.cluster.local", self.address, self.name, self.ns, self.ns);
}

Ads::Ads(net::Loop& loop, SocketAddress server, config::Workload self, Sink sink)
    : loop_(loop),
      server_(std::move(server)),
      self_(std::move(self)),
      sink_(std::move(sink)) {}

Ads::~Ads() {
  if (!stream_) return;
  stream_->on_message = nullptr;  // the channel ends its streams when it goes: nobody is there to hear
  stream_->on_closed = nullptr;
}

Result<void> Ads::start() {
  connect();
  return {};
}

void Ads::connect() {
  net::ClientOptions options;
  options.to = server_;
  options.connect_timeout = std::chrono::seconds(5);
  options.timeouts.idle = Duration{0};
  options.limits.stream_window = 1 << 20;
  options.limits.connection_window = 4 << 20;
  channel_ = std::make_unique<net::GrpcChannel>(
      loop_, std::move(options), server_.text(), [this] { on_stream_ready(); },
      [this](const std::string& reason) { on_lost(reason); });
}

void Ads::on_stream_ready() {
  stream_ = channel_->open(std::string(ads_method));
  if (!stream_) return;
  stream_->on_message = [this](std::string_view bytes) { on_message(bytes); };
  stream_->on_closed = [this](const net::GrpcStatus& status) {
    on_lost(fmt::format("the stream ended: {} (code {})", status.message, status.code));
  };
  for (Subscription& subscription : subscriptions_) {
    subscription.nonce.clear();
    subscription.asked = false;
  }
  request(Clusters);
  request(Listeners);
  follow_names();
}

void Ads::on_lost(const std::string& reason) {
  if (retry_.active()) return;
  // The channel calls from within: it goes at the end of the turn.
  loop_.retire(std::move(channel_));
  stream_.reset();
  const Duration ceiling = std::min(longest_pause, first_pause * (1 << std::min(failures_, 7)));
  const Duration pause{static_cast<std::int64_t>(
      random_.below(static_cast<std::uint64_t>(ceiling.count())))};
  if (failures_ == 0 || failures_ % 10 == 0) {
    log::warn("control plane {}: {}; what was received stays in force, trying again", server_.text(), reason);
  }
  ++failures_;
  retry_.start(loop_, pause, [this] { connect(); });
}

void Ads::request(Type type, const std::string& error) {
  if (!stream_ || !stream_->open()) return;
  Subscription& subscription = subscriptions_.at(type);
  DiscoveryRequest message;
  if (type == Clusters && !subscription.asked) fill_node(self_, *message.mutable_node());
  subscription.asked = true;
  message.set_type_url(std::string(type_urls.at(type)));
  message.set_version_info(subscription.version);
  message.set_response_nonce(subscription.nonce);
  for (const std::string& name : subscription.names) message.add_resource_names(name);
  if (!error.empty()) {
    message.mutable_error_detail()->set_code(invalid_argument);
    message.mutable_error_detail()->set_message(error);
  }
  stream_->send(message.SerializeAsString());
}

Result<XdsInput> Ads::with(Type type, const DiscoveryResponse& response) const {
  XdsInput next = current_;
  Result<void> merged;
  switch (type) {
    case Clusters:
      merged = merge(response, true, next.clusters);
      keep_named(endpoint_names(next), next.endpoints);
      break;
    case Endpoints:
      merged = merge(response, false, next.endpoints);
      break;
    case Listeners:
      merged = merge(response, true, next.listeners);
      keep_named(route_names(next), next.routes);
      break;
    case Routes:
      merged = merge(response, false, next.routes);
      break;
    case TypeCount:
      break;
  }
  if (!merged) return std::unexpected(merged.error());
  return next;
}

void Ads::on_message(std::string_view bytes) {
  DiscoveryResponse response;
  if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    log::error("control plane {}: a response cannot be parsed", server_.text());
    stream_->cancel();
    return;
  }
  const auto found = std::find(type_urls.begin(), type_urls.end(), response.type_url());
  if (found == type_urls.end()) return;  // a type that was not asked for
  const auto type = static_cast<Type>(found - type_urls.begin());
  Subscription& subscription = subscriptions_.at(type);
  subscription.nonce = response.nonce();
  if (failures_ > 0) log::info("control plane {}: connected again", server_.text());
  failures_ = 0;

  auto next = with(type, response);
  std::string error;
  if (!next) {
    error = next.error().message;
  } else if (const auto errors = sink_(*next); !errors.empty()) {
    error = describe(errors);
  }
  if (error.empty()) {
    current_ = std::move(*next);
    subscription.version = response.version_info();
    request(type);
    follow_names();
  } else {
    log::error("configuration {} refused, the last good one stays in force: {}", response.version_info(), error);
    request(type, error);
  }
}

// Endpoints and routes are asked for by the names that clusters and listeners give.
void Ads::follow_names() {
  const auto follow = [this](Type type, std::vector<std::string> names) {
    Subscription& subscription = subscriptions_.at(type);
    if (names.empty() || (subscription.asked && subscription.names == names)) return;
    subscription.names = std::move(names);
    request(type);
  };
  follow(Endpoints, endpoint_names(current_));
  follow(Routes, route_names(current_));
}

}  // namespace outrider::proxy
