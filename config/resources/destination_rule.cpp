#include "config/resources/destination_rule.hpp"

#include <fmt/format.h>

#include <set>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

constexpr auto non_negative = in_range(0, 2147483647, "number");

struct TcpSettings {
  ConnectionPool& pool;
};
void describe(Fields& f, TcpSettings& t) {
  f.field("maxConnections", t.pool.max_connections, non_negative);
  f.field("connectTimeout", t.pool.connect_timeout, positive);
  f.unsupported({"tcpKeepalive", "maxConnectionDuration", "idleTimeout"});
}

struct HttpSettings {
  ConnectionPool& pool;
};
void describe(Fields& f, HttpSettings& h) {
  f.field("http1MaxPendingRequests", h.pool.max_pending_requests, non_negative);
  f.field("http2MaxRequests", h.pool.max_requests, non_negative);
  f.field("maxRequestsPerConnection", h.pool.max_requests_per_connection, non_negative);
  f.field("maxRetries", h.pool.max_retries, non_negative);
  f.field("idleTimeout", h.pool.idle_timeout);
  f.choice("h2UpgradePolicy", h.pool.upgrade_to_http2,
           {{"DEFAULT", false}, {"DO_NOT_UPGRADE", false}, {"UPGRADE", true}});
  f.unsupported({"useClientProtocol", "maxConcurrentStreams", "http2KeepAlive"});
}

void at_least_one(Fields& f, std::string_view what, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (f.has(name)) return;
  }
  f.error("", fmt::format("{} must have at least one field", what));
}

}  // namespace

void describe(Fields& f, ConnectionPool& p) {
  TcpSettings tcp{p};
  HttpSettings http{p};
  f.field("tcp", tcp);
  f.field("http", http);
  at_least_one(f, "connection pool", {"tcp", "http"});
}

struct LoadBalancerSettings {
  LoadBalancer simple = LoadBalancer::LeastRequest;
};
void describe(Fields& f, LoadBalancerSettings& l) {
  f.choice("simple", l.simple,
           {{"LEAST_REQUEST", LoadBalancer::LeastRequest},
            {"ROUND_ROBIN", LoadBalancer::RoundRobin},
            {"RANDOM", LoadBalancer::Random},
            {"LEAST_CONN", LoadBalancer::LeastRequest},
            {"UNSPECIFIED", LoadBalancer::LeastRequest}},
           {"PASSTHROUGH"});
  f.unsupported({"consistentHash", "localityLbSetting", "warmupDurationSecs", "warmup",
                 "zoneAwareLbSetting"});
}

void describe(Fields& f, OutlierDetection& o) {
  f.field("consecutive5xxErrors", o.consecutive_5xx);
  f.field("consecutiveGatewayErrors", o.consecutive_gateway_errors);
  f.field("interval", o.interval, positive);
  f.field("baseEjectionTime", o.base_ejection_time, positive);
  f.field("maxEjectionPercent", o.max_ejection_percent, percentage);
  f.field("minHealthPercent", o.min_health_percent, percentage);
  f.unsupported({"consecutiveErrors", "splitExternalLocalOriginErrors",
                 "consecutiveLocalOriginFailures", "outlierDetectionHttpErrorCodes"});
}

void describe(Fields& f, TrafficPolicy& p) {
  std::optional<LoadBalancerSettings> load_balancer;
  f.field("connectionPool", p.connection_pool);
  if (f.field("loadBalancer", load_balancer)) p.load_balancer = load_balancer->simple;
  f.field("outlierDetection", p.outlier_detection);
  f.unsupported({"tls", "portLevelSettings", "tunnel", "proxyProtocol", "retryBudget"});
  at_least_one(f, "traffic policy",
               {"connectionPool", "loadBalancer", "outlierDetection", "tls", "portLevelSettings",
                "tunnel", "proxyProtocol", "retryBudget"});
}

void describe(Fields& f, Subset& s) {
  f.require("name", s.name, dns_label);
  f.field("labels", s.labels);
  f.field("trafficPolicy", s.policy);
}

void describe(Fields& f, DestinationRule& r) {
  f.require("host", r.host, host_name);
  f.field("trafficPolicy", r.policy);
  f.field("subsets", r.subsets);
  describe_export_to(f, r);
  f.unsupported({"workloadSelector"});

  std::set<std::string> names;
  for (const Subset& subset : r.subsets) {
    if (names.insert(*subset.name).second) continue;
    f.reading().error(subset.name.at, fmt::format("duplicate subset names: {}", *subset.name));
  }
}

TrafficPolicy TrafficPolicy::overridden_by(const TrafficPolicy& other) const {
  TrafficPolicy result = *this;
  if (other.connection_pool) result.connection_pool = other.connection_pool;
  if (other.load_balancer) result.load_balancer = other.load_balancer;
  if (other.outlier_detection) result.outlier_detection = other.outlier_detection;
  return result;
}

}  // namespace outrider::config
