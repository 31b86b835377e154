#pragma once
// What is true of clusters and endpoints at run time, beside what is configured: gauges, error
// runs, ejections. One per process, shared by all workers (atomics, relaxed unless said), kept over
// configuration pushes: an endpoint that stays in its cluster keeps its state.
//
// The StateRegistry owns every state. A Snapshot shares those it names, so that whoever pins a
// snapshot may use raw pointers; who holds a gauge (circuit.hpp's tickets) may too, since a state is
// only dropped when no snapshot names it and all of its gauges are zero.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/address.hpp"

namespace outrider::proxy {

struct EndpointState {
  explicit EndpointState(SocketAddress at) : address(std::move(at)) {}

  const SocketAddress address;
  std::atomic<std::uint32_t> active_requests{0};
  std::atomic<std::uint32_t> active_connections{0};
  // policy/outlier.hpp writes these.
  std::atomic<std::uint32_t> consecutive_5xx{0};
  std::atomic<std::uint32_t> consecutive_gateway{0};
  std::atomic<bool> ejected{false};
  std::atomic<std::uint32_t> ejection_count{0};   // in a row; the multiplier of the next one
  std::atomic<std::int64_t> ejected_until{0};     // TimePoint, ns since its epoch
  // Counters, for /clusters and metrics.
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> errors_total{0};
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> connect_failures_total{0};
};

struct ClusterState {
  explicit ClusterState(std::string cluster) : name(std::move(cluster)) {}

  const std::string name;
  // Gauges behind the circuit breakers; policy/circuit.hpp moves them.
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> pending{0};
  std::atomic<std::uint32_t> requests{0};
  std::atomic<std::uint32_t> retries{0};
  // Retries that requests have not earned back yet, in thousandths; and until when time has.
  std::atomic<std::int64_t> retry_debt{0};
  std::atomic<std::int64_t> retry_debt_since{0};
  // policy/balance.hpp: where ROUND_ROBIN stands.
  std::atomic<std::uint32_t> cursor{0};
  // policy/outlier.hpp: one ejection of the cluster is decided at a time. Never on the usual path.
  std::mutex ejecting;
  std::atomic<std::int64_t> next_sweep{0};
  // Counters.
  std::atomic<std::uint64_t> connection_overflow{0};
  std::atomic<std::uint64_t> pending_overflow{0};
  std::atomic<std::uint64_t> request_overflow{0};
  std::atomic<std::uint64_t> retry_overflow{0};
  std::atomic<std::uint64_t> ejections_total{0};
  std::atomic<std::uint64_t> ejections_overflow{0};  // refused by maxEjectionPercent
};

// Any thread; a mutex, since only compiling, scraping and retiring come here.
class StateRegistry {
 public:
  [[nodiscard]] std::shared_ptr<ClusterState> cluster(std::string_view name);
  [[nodiscard]] std::shared_ptr<EndpointState> endpoint(std::string_view cluster,
                                                        const SocketAddress& address);

  // Drops what nobody uses any more. Call some time after a swap, and now and then.
  void retire_unused();

  // Under the lock; for scrapes and /clusters.
  void for_each_cluster(const std::function<void(const ClusterState&)>& visit) const;
  void for_each_endpoint(
      const std::function<void(std::string_view cluster, const EndpointState&)>& visit) const;

 private:
  struct Entry {
    std::shared_ptr<ClusterState> state;
    std::vector<std::shared_ptr<EndpointState>> endpoints;  // by address
  };
  Entry& entry(std::string_view name);

  mutable std::mutex mutex_;
  std::unordered_map<std::string_view, Entry> clusters_;  // by the name in the state
};

}  // namespace outrider::proxy
