#pragma once
// Istio's standard request metrics. Each worker counts in cells of its own (one writer, relaxed
// atomics, found by one hash look-up of small numbers); a scrape, on a thread of its own, adds the
// workers' cells up and writes text as it goes; the text is never there as a whole when it is packed.

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/turns.hpp"
#include "core/protocol/rejection.hpp"
#include "proxy/policy/failure.hpp"
#include "proxy/snapshot/listener.hpp"
#include "proxy/snapshot/state.hpp"
#include "proxy/telemetry/labels.hpp"

namespace outrider::proxy {

// Envoy's default bucket bounds, used for milliseconds and bytes; +Inf follows.
inline constexpr std::array<double, 19> histogram_bounds = {
    0.5,  1,    5,     10,    25,    50,     100,    250,     500,    1000,
    2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000};

enum class RequestProtocol : std::uint8_t { Http, Grpc };

// Everything that decides which series a request belongs to.
struct RequestKey {
  static constexpr std::uint8_t no_grpc_status = 255;

  WorkloadId source = unknown_workload;
  WorkloadId destination = unknown_workload;
  ServiceId service = unknown_service;
  std::uint16_t response_code = 0;  // 0: none was sent
  std::uint8_t grpc_status = no_grpc_status;
  ResponseFlags flags;
  Direction reporter = Direction::Outbound;  // Outbound: source, Inbound: destination
  RequestProtocol protocol = RequestProtocol::Http;
  bool mutual_tls = false;  // shown by the destination only

  bool operator==(const RequestKey&) const = default;
};

[[nodiscard]] std::size_t hash_value(const RequestKey& key);

struct RequestSample {
  double duration_ms = 0;
  std::uint64_t request_bytes = 0;   // received from downstream
  std::uint64_t response_bytes = 0;  // sent downstream
  bool completed = true;             // false: no duration is recorded
};

// One worker's cells. record() on that worker's thread only; reading from any thread.
class WorkerMetrics {
 public:
  struct HistogramTotals {
    std::array<std::uint64_t, histogram_bounds.size() + 1> buckets{};  // not cumulative
    double sum = 0;
  };
  struct Totals {
    std::uint64_t requests = 0;
    HistogramTotals duration;
    HistogramTotals request_bytes;
    HistogramTotals response_bytes;
  };

  WorkerMetrics();
  WorkerMetrics(const WorkerMetrics&) = delete;
  WorkerMetrics& operator=(const WorkerMetrics&) = delete;
  ~WorkerMetrics();

  void record(const RequestKey& key, const RequestSample& sample);
  // Every cell so far; any thread.
  void visit(const std::function<void(const RequestKey&, const Totals&)>& visitor) const;
  // The worker's loop counts in it.
  [[nodiscard]] net::TurnTimes& turns() { return turns_; }

 private:
  struct Cell;
  Cell& cell(const RequestKey& key);
  Cell& add(const RequestKey& key, std::size_t slot);
  void grow();

  std::vector<Cell*> table_;               // open addressing; this worker's thread only
  std::size_t used_ = 0;
  std::atomic<Cell*> newest_{nullptr};     // all cells, linked; scrapes walk it
  net::TurnTimes turns_;
};

// Process-wide counters that belong to no request series.
struct ProxyCounters {
  std::atomic<std::uint64_t> rbac_allowed{0};
  std::atomic<std::uint64_t> rbac_denied{0};
  std::atomic<std::uint64_t> xds_updates{0};
  std::atomic<std::uint64_t> xds_rejected{0};
  std::atomic<std::uint64_t> downstream_connections{0};
  std::atomic<std::uint64_t> certificates_refused{0};
  std::atomic<std::uint64_t> access_log_dropped{0};
  // What peers sent and was refused, by protocol::Rejection.
  using Rejections = std::array<std::atomic<std::uint64_t>, protocol::rejection_count>;
  Rejections downstream_rejections{}, upstream_rejections{};
};

// Owns the workers' cells and renders everything. Lives as long as the process.
class Metrics final : public prometheus::Collectable {
 public:
  Metrics(const LabelRegistry& labels, const StateRegistry& states, std::string version);
  ~Metrics() override;

  // One for each worker, at start. The reference stays good.
  [[nodiscard]] WorkerMetrics& add_worker();
  [[nodiscard]] ProxyCounters& counters() { return counters_; }

  // Any thread but a worker's.
  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;
  [[nodiscard]] std::string render() const;       // Prometheus text format 0.0.4
  [[nodiscard]] std::string render_gzip() const;  // the same, as `Content-Encoding: gzip`

 private:
  struct Series {
    RequestKey key;
    WorkerMetrics::Totals totals;
  };
  [[nodiscard]] std::vector<Series> series() const;  // the workers' cells, added up
  [[nodiscard]] std::vector<prometheus::MetricFamily> small_families() const;  // everything else
  [[nodiscard]] std::vector<net::TurnTimes::Totals> turns() const;             // of each worker
  void write(const std::function<void(std::string_view line)>& take) const;

  const LabelRegistry& labels_;
  const StateRegistry& states_;
  const std::string version_;
  ProxyCounters counters_;
  mutable std::mutex mutex_;  // guards the list of workers, not their cells
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;
};

}  // namespace outrider::proxy
