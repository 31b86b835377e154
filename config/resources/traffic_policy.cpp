#include "config/resources/traffic_policy.hpp"

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

void warn_of_failover(Fields& f, const std::optional<LoadBalancer>& balancer,
                      const std::optional<OutlierDetection>& outlier) {
  if (!balancer || outlier || !balancer->fails_over()) return;
  f.warning("loadBalancer", "outlier detection policy must be provided for failover",
            "add outlierDetection: what has failed is what it ejects");
}

}  // namespace

void describe(Fields& f, OutlierDetection& o) {
  f.message("OutlierDetection");
  f.field("consecutiveErrors", o.consecutive_errors, {"Deprecated: write consecutive5xxErrors"});
  f.field("splitExternalLocalOriginErrors", o.split_local_origin,
          {"Failures to connect are counted apart from answers", "false"});
  f.field("consecutiveLocalOriginFailures", o.consecutive_local_origin,
          {"Failures to connect, one after another, that eject", "5"});
  f.field("consecutiveGatewayErrors", o.consecutive_gateway_errors,
          {"Answers 502, 503 or 504, one after another, that eject", "0: not counted"});
  f.field("consecutive5xxErrors", o.consecutive_5xx,
          {"Answers 5xx, one after another, that eject; 0: not counted", "5"});
  f.field("interval", o.interval, {"How often ejected endpoints are looked at", "10s"}, waits);
  f.field("baseEjectionTime", o.base_ejection_time,
          {"How long an ejection lasts, times the number of them", "30s"}, waits);
  f.field("maxEjectionPercent", o.max_ejection_percent, {"How many of the endpoints may be ejected", "10"},
          percentage);
  f.field("minHealthPercent", o.min_health_percent,
          {"Below so many healthy endpoints, ejections say nothing", "0"}, percentage);
  f.field("outlierDetectionHttpErrorCodes", o.http_error_codes, {"Which answers count as errors", "5xx"},
          each(cluster::range(100, 599)));
  if (!f.sound()) return;
  if (o.consecutive_errors != 0) {
    Diagnostic& d = f.warning("consecutiveErrors",
                              "outlier detection consecutive errors is deprecated, use "
                              "consecutiveGatewayErrors or consecutive5xxErrors instead",
                              "write consecutiveGatewayErrors, which is what it meant");
    if (!f.given("consecutiveGatewayErrors"))
      d.replace(f.key_at("consecutiveErrors"), "consecutiveGatewayErrors");
  }
  if (!o.split_local_origin && o.consecutive_local_origin.value_or(0) > 0) {
    f.error("consecutiveLocalOriginFailures",
            "outlier detection consecutive local origin failures is specified, but "
            "split external local origin errors is set to false",
            "add splitExternalLocalOriginErrors: true");
  }
}

void describe(Fields& f, PortTrafficPolicy& p) {
  f.message("TrafficPolicy.PortTrafficPolicy");
  f.field("port", p.port, {"The service's port that it is for"});
  f.field("loadBalancer", p.load_balancer,
          {"Which endpoint gets a request", "the system's, not the policy's above"});
  f.field("connectionPool", p.connection_pool,
          {"How many connections and requests", "the system's, not the policy's above"});
  f.field("outlierDetection", p.outlier_detection, {"Which endpoints are left out", "none"});
  f.field("tls", p.tls, {"TLS to the service", "mutual TLS of the mesh where there is a sidecar"});
  if (!f.sound()) return;
  if (!p.port) f.error("", "portTrafficPolicy must have valid port", "add port: {number: ...}");
  if (!p.load_balancer && !p.connection_pool && !p.outlier_detection && !p.tls) {
    f.error("", "port traffic policy must have at least one field",
            "add loadBalancer, connectionPool, outlierDetection or tls, or remove it");
  }
  warn_of_failover(f, p.load_balancer, p.outlier_detection);
}

void describe(Fields& f, Tunnel& t) {
  f.message("TrafficPolicy.TunnelSettings");
  f.needs({"targetHost", "targetPort"});
  f.field("protocol", t.protocol, {"CONNECT or POST", "CONNECT"});
  f.field("targetHost", t.target_host, {"Where the tunnel leads"});
  f.field("targetPort", t.target_port, {"The port there"});
  if (!f.sound()) return;
  if (!t.protocol.empty() && t.protocol != "CONNECT" && t.protocol != "POST") {
    f.error("protocol", "tunnel protocol must be \"CONNECT\" or \"POST\"");
  }
  if (std::string found = fqdn_complaint(t.target_host); !found.empty() && !is_ip_address(t.target_host)) {
    f.error("targetHost", fmt::format("tunnel target host must be valid FQDN or IP address: {}", found));
  }
  if (t.target_port < 1 || t.target_port > 65535) {
    f.error("targetPort",
            fmt::format("tunnel target port is invalid: port number {} must be in the range 1..65535",
                        t.target_port));
  }
}

void describe(Fields& f, ProxyProtocol& p) {
  f.message("TrafficPolicy.ProxyProtocol");
  f.choice("version", p.version, {{"V1", ProxyProtocol::Version::V1}, {"V2", ProxyProtocol::Version::V2}},
           {"Version of the PROXY protocol", "V1"});
  if (f.sound() && static_cast<int>(p.version) > 1) {
    f.error("version", fmt::format("proxy protocol version is invalid: {}", static_cast<int>(p.version)));
  }
}

void describe(Fields& f, RetryBudget& b) {
  f.message("TrafficPolicy.RetryBudget");
  f.field("percent", b.percent, {"Retries under way, of the requests under way", "20"},
          cluster::range(0, 100));
  f.field("minRetryConcurrency", b.min_concurrency, {"Retries that are always allowed", "3"});
  f.field("budgetInterval", b.interval, {"Requests of this time count as under way", "0s"});
}

void describe(Fields& f, TrafficPolicy& p) {
  f.message("TrafficPolicy");
  f.field("loadBalancer", p.load_balancer, {"Which endpoint gets a request"});
  f.field("connectionPool", p.connection_pool, {"How many connections and requests the service gets"});
  f.field("outlierDetection", p.outlier_detection, {"Which endpoints are left out after failures", "none"});
  f.field("tls", p.tls, {"TLS to the service", "mutual TLS of the mesh where there is a sidecar"});
  if (f.reads()) f.reading().warn_below(false);
  f.field("portLevelSettings", p.ports, {"Other policies for single ports; nothing is inherited"},
          cluster::at_most(4096));
  if (f.reads()) f.reading().warn_below(true);
  f.field("tunnel", p.tunnel, {"TCP in an HTTP CONNECT tunnel"});
  f.field("proxyProtocol", p.proxy_protocol, {"The PROXY protocol towards the service"});
  f.field("retryBudget", p.retry_budget, {"How many retries there may be, of all requests"});
  if (!f.sound()) return;
  const bool anything = p.load_balancer || p.connection_pool || p.outlier_detection || p.tls ||
                        !p.ports.empty() || p.tunnel || p.proxy_protocol || p.retry_budget;
  if (!anything) {
    f.error("", "traffic policy must have at least one field",
            "add loadBalancer, connectionPool, outlierDetection or tls, or remove it");
  }
  if (p.tunnel && p.proxy_protocol) f.error("tunnel", "tunnel and proxyProtocol must not be set together");
  warn_of_failover(f, p.load_balancer, p.outlier_detection);
}

TrafficPolicy TrafficPolicy::overridden_by(const TrafficPolicy& other) const {
  TrafficPolicy result = *this;
  if (other.connection_pool) result.connection_pool = other.connection_pool;
  if (other.load_balancer) result.load_balancer = other.load_balancer;
  if (other.outlier_detection) result.outlier_detection = other.outlier_detection;
  return result;
}

}  // namespace outrider::config
