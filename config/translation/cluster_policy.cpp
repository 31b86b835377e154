#include "config/translation/cluster_policy.hpp"

#include <chrono>
#include <limits>

#include "config/translation/messages.hpp"
#include "config/xds/upstream_http.pb.h"

namespace outrider::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::extensions::upstreams::http::v3::HttpProtocolOptions;

constexpr std::string_view kHttpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

void set_limits(const ConnectionPool& pool, Cluster& cluster) {
  const auto or_unlimited = [](std::int32_t value) {
    return value == 0 ? std::numeric_limits<std::uint32_t>::max() : static_cast<std::uint32_t>(value);
  };
  auto& thresholds = *cluster.mutable_circuit_breakers()->add_thresholds();
  const auto tcp = pool.tcp.value_or(ConnectionPool::Tcp{});
  const auto http = pool.http.value_or(ConnectionPool::Http{});
  thresholds.mutable_max_connections()->set_value(or_unlimited(tcp.max_connections));
  thresholds.mutable_max_pending_requests()->set_value(or_unlimited(http.max_pending_requests));
  thresholds.mutable_max_requests()->set_value(or_unlimited(http.max_requests));
  thresholds.mutable_max_retries()->set_value(or_unlimited(http.max_retries));
  set_duration(*cluster.mutable_connect_timeout(), tcp.connect_timeout.value_or(std::chrono::seconds(10)));
}

void set_protocol(const ConnectionPool& pool, Protocol protocol, Cluster& cluster) {
  HttpProtocolOptions options;
  const auto http = pool.http.value_or(ConnectionPool::Http{});
  if (http.max_requests_per_connection > 0) {
    options.mutable_common_http_protocol_options()->mutable_max_requests_per_connection()->set_value(
        static_cast<std::uint32_t>(http.max_requests_per_connection));
  }
  if (http.idle_timeout) {
    set_duration(*options.mutable_common_http_protocol_options()->mutable_idle_timeout(),
                 *http.idle_timeout);
  }
  if (speaks_http2(protocol) || http.upgrade == ConnectionPool::Upgrade::Always) {
    options.mutable_explicit_http_config()->mutable_http2_protocol_options();
  } else {
    options.mutable_explicit_http_config()->mutable_http_protocol_options();
  }
  (*cluster.mutable_typed_extension_protocol_options())[std::string(kHttpOptions)] = pack(options);
}

void set_outlier_detection(const OutlierDetection& o, Cluster& cluster) {
  auto& out = *cluster.mutable_outlier_detection();
  if (o.consecutive_5xx) {
    out.mutable_consecutive_5xx()->set_value(*o.consecutive_5xx);
    out.mutable_enforcing_consecutive_5xx()->set_value(*o.consecutive_5xx > 0 ? 100 : 0);
  }
  if (o.consecutive_gateway_errors) {
    const std::uint32_t errors = *o.consecutive_gateway_errors;
    out.mutable_consecutive_gateway_failure()->set_value(errors);
    out.mutable_enforcing_consecutive_gateway_failure()->set_value(errors > 0 ? 100 : 0);
  }
  if (o.interval) set_duration(*out.mutable_interval(), *o.interval);
  if (o.base_ejection_time) {
    set_duration(*out.mutable_base_ejection_time(), *o.base_ejection_time);
  }
  if (o.max_ejection_percent > 0) {
    out.mutable_max_ejection_percent()->set_value(static_cast<std::uint32_t>(o.max_ejection_percent));
  }
  out.mutable_enforcing_success_rate()->set_value(0);
}

Cluster::LbPolicy lb_policy(LoadBalancer::Simple algorithm) {
  using Simple = LoadBalancer::Simple;
  switch (algorithm) {
    case Simple::RoundRobin: return Cluster::ROUND_ROBIN;
    case Simple::Random: return Cluster::RANDOM;
    case Simple::Unspecified:
    case Simple::LeastConn:
    case Simple::LeastRequest:
    case Simple::Passthrough: return Cluster::LEAST_REQUEST;
  }
  return Cluster::LEAST_REQUEST;
}

}  // namespace

void apply_policy(const TrafficPolicy& policy, Protocol protocol, Cluster& cluster) {
  const ConnectionPool pool = policy.connection_pool.value_or(ConnectionPool{});
  set_limits(pool, cluster);
  set_protocol(pool, protocol, cluster);
  cluster.set_lb_policy(lb_policy(policy.load_balancer.value_or(LoadBalancer{}).simple));
  // No panic unless it is asked for: an ejected endpoint gets nothing, even when all are ejected.
  auto& panic = *cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold();
  if (!policy.outlier_detection) return;
  set_outlier_detection(*policy.outlier_detection, cluster);
  panic.set_value(static_cast<double>(policy.outlier_detection->min_health_percent));
}

void bind_to(const Workload& workload, Cluster& cluster) {
  auto& source = *cluster.mutable_upstream_bind_config()->mutable_source_address();
  source.set_address(workload.address);
  source.set_port_value(0);
}

}  // namespace outrider::config
