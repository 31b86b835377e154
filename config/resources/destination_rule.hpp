#pragma once
// DestinationRule: how a service is called once it is chosen, and its subsets. A value; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/selector.hpp"

namespace outrider::config {

// Every number: 0 and absent mean that Istio's default holds.
struct ConnectionPool {
  std::uint32_t max_connections = 0;
  std::optional<Duration> connect_timeout;
  std::uint32_t max_pending_requests = 0;
  std::uint32_t max_requests = 0;
  std::uint32_t max_requests_per_connection = 0;
  std::uint32_t max_retries = 0;
  std::optional<Duration> idle_timeout;
  bool upgrade_to_http2 = false;
};

enum class LoadBalancer { LeastRequest, RoundRobin, Random };

struct OutlierDetection {
  std::optional<std::uint32_t> consecutive_5xx;  // 0: do not count them
  std::optional<std::uint32_t> consecutive_gateway_errors;
  std::optional<Duration> interval, base_ejection_time;
  std::optional<std::int64_t> max_ejection_percent;
  std::int64_t min_health_percent = 0;
  yaml::Position at;
};

inline constexpr std::int64_t kDefaultEjectionPercent = 10;

struct TrafficPolicy {
  std::optional<ConnectionPool> connection_pool;
  std::optional<LoadBalancer> load_balancer;
  std::optional<OutlierDetection> outlier_detection;

  // This policy with every block that the other gives replaced by the other's.
  [[nodiscard]] TrafficPolicy overridden_by(const TrafficPolicy& other) const;
};

struct Subset {
  At<std::string> name;
  Labels labels;
  std::optional<TrafficPolicy> policy;
  yaml::Position at;
};

struct DestinationRule : Visibility {
  At<std::string> host;
  std::optional<TrafficPolicy> policy;
  std::vector<Subset> subsets;
};
void describe(Fields& f, DestinationRule& r);

}  // namespace outrider::config
