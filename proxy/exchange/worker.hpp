#pragma once
// A worker thread: its loop, its downstream connections, its upstream pools, its metric cells.
// Workers share nothing that changes but atomics. take(), install(), drain() and stop() may be
// called from any thread; everything else belongs to the worker's own.

#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "core/base/random.hpp"
#include "core/net/loop.hpp"
#include "proxy/exchange/downstream.hpp"
#include "proxy/exchange/upstream_pool.hpp"
#include "proxy/exchange/world.hpp"
#include "proxy/telemetry/access_log.hpp"
#include "proxy/telemetry/metrics.hpp"

namespace outrider::proxy {

// What all workers are given. Outlives them.
struct WorkerShared {
  const Self& self;
  LabelRegistry& labels;
  Metrics& metrics;
  AccessLogFile* access_log = nullptr;  // null: off
  const std::atomic<bool>& shedding;    // new requests are answered 503 (OM)
  std::size_t most_arriving;            // connections that have not said what they are
};

class Worker {
 public:
  Worker(const WorkerShared& shared, std::shared_ptr<const World> world);
  ~Worker();  // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Owns the descriptor from here on.
  void take(int descriptor, std::string listener);
  // New requests see this world; those under way keep theirs.
  void install(std::shared_ptr<const World> world);
  // GOAWAY and Connection: close; connections end with their requests.
  void drain();
  void stop();
  // Downstream connections, queued ones included: the acceptor gives to the least loaded.
  [[nodiscard]] std::uint32_t load() const { return load_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::uint32_t active_requests() const { return active_.load(std::memory_order_relaxed); }

  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] UpstreamPools& pools() { return pools_; }
  [[nodiscard]] WorkerMetrics& metrics() { return metrics_; }
  [[nodiscard]] ProxyCounters& counters() { return shared_.metrics.counters(); }
  [[nodiscard]] LabelRegistry& labels() { return shared_.labels; }
  [[nodiscard]] AccessLogFile* access_log() { return shared_.access_log; }
  [[nodiscard]] const Self& self() const { return shared_.self; }
  [[nodiscard]] const std::shared_ptr<const World>& world() const { return world_; }
  [[nodiscard]] std::string& scratch() { return scratch_; }

  // Each exchange counts while it lives: a drain waits for zero.
  void count_exchange(int change) { active_.fetch_add(static_cast<std::uint32_t>(change), std::memory_order_relaxed); }

  [[nodiscard]] bool shedding() const { return shared_.shedding.load(std::memory_order_relaxed); }

  // The protocol of its connection is known.
  void on_arrived(Downstream& downstream);
  void retire(Downstream& downstream);
  // At most a few a second are told, so that a flood of denials is no flood of log lines.
  [[nodiscard]] bool may_log_denial();
  void tell_ejection(const ClusterSpec& cluster, const EndpointSpec& endpoint);

 private:
  void accept(int descriptor, std::string listener);

  WorkerShared shared_;
  WorkerMetrics& metrics_;
  net::Loop loop_;
  Random random_;
  UpstreamPools pools_;
  std::shared_ptr<const World> world_;
  std::list<std::unique_ptr<Downstream>> downstreams_;
  std::list<Downstream*> arriving_;  // the oldest first
  std::string scratch_;
  bool draining_ = false;
  TimePoint log_window_{};
  int logged_ = 0;
  std::atomic<std::uint32_t> load_{0};
  std::atomic<std::uint32_t> active_{0};
  std::thread thread_;
};

}  // namespace outrider::proxy
