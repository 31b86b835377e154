#pragma once
// `trafficPolicy`: pool, balancing, ejection and TLS of a service, a subset or a port. Values; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/client_tls.hpp"
#include "config/resources/connection_pool.hpp"
#include "config/resources/destination.hpp"
#include "config/resources/load_balancer.hpp"
#include "config/resources/selector.hpp"

namespace outrider::config {

struct OutlierDetection {
  std::int32_t consecutive_errors = 0;  // deprecated
  bool split_local_origin = false;
  std::optional<std::uint32_t> consecutive_local_origin;
  std::optional<std::uint32_t> consecutive_gateway_errors, consecutive_5xx;  // 0: do not count them
  std::optional<Duration> interval, base_ejection_time;
  std::int32_t max_ejection_percent = 0;  // 0: Istio's default
  std::int32_t min_health_percent = 0;
  std::vector<std::uint32_t> http_error_codes;
  yaml::Position at;
};
void describe(Fields& f, OutlierDetection& o);

inline constexpr std::int32_t kDefaultEjectionPercent = 10;

struct PortTrafficPolicy {
  std::optional<PortSelector> port;
  std::optional<LoadBalancer> load_balancer;
  std::optional<ConnectionPool> connection_pool;
  std::optional<OutlierDetection> outlier_detection;
  std::optional<ClientTls> tls;
};
void describe(Fields& f, PortTrafficPolicy& p);

struct Tunnel {
  std::string protocol, target_host;
  std::uint32_t target_port = 0;
};
void describe(Fields& f, Tunnel& t);

struct ProxyProtocol {
  enum class Version { V1 = 0, V2 = 1 };
  Version version = Version::V1;
};
void describe(Fields& f, ProxyProtocol& p);

struct RetryBudget {
  std::optional<double> percent;
  std::uint32_t min_concurrency = 0;
  std::optional<Duration> interval;
};
void describe(Fields& f, RetryBudget& b);

struct TrafficPolicy {
  std::optional<LoadBalancer> load_balancer;
  std::optional<ConnectionPool> connection_pool;
  std::optional<OutlierDetection> outlier_detection;
  Box<ClientTls> tls;
  std::vector<PortTrafficPolicy> ports;
  Box<Tunnel> tunnel;
  std::optional<ProxyProtocol> proxy_protocol;
  Box<RetryBudget> retry_budget;

  // This policy with every block that the other gives replaced by the other's.
  [[nodiscard]] TrafficPolicy overridden_by(const TrafficPolicy& other) const;
};
void describe(Fields& f, TrafficPolicy& p);

}  // namespace outrider::config
