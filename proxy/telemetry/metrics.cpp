#include "proxy/telemetry/metrics.hpp"

#include <algorithm>

namespace outrider::proxy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t first_table = 256;   // a power of two
constexpr std::size_t most_cells = 20'000;  // of one worker; see WorkerMetrics::cell

// One writer: an addition needs no lock prefix.
void add_to(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
  counter.store(counter.load(relaxed) + by, relaxed);
}

struct HistogramCell {
  std::array<std::atomic<std::uint64_t>, histogram_bounds.size() + 1> buckets{};
  std::atomic<double> sum{0};

  void observe(double value) {
    const auto bound = std::ranges::lower_bound(histogram_bounds, value);
    add_to(buckets.at(static_cast<std::size_t>(bound - histogram_bounds.begin())), 1);
    sum.store(sum.load(relaxed) + value, relaxed);
  }
};

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  return x;
}

}  // namespace

struct WorkerMetrics::Cell {
  explicit Cell(const RequestKey& k) : key(k) {}

  const RequestKey key;
  Cell* older = nullptr;
  std::atomic<std::uint64_t> requests{0};
  HistogramCell duration;
  HistogramCell request_bytes;
  HistogramCell response_bytes;
};

std::size_t hash_value(const RequestKey& key) {
  const std::uint64_t who = static_cast<std::uint64_t>(key.source) << 32 |
                            static_cast<std::uint64_t>(key.destination);
  const std::uint64_t what = static_cast<std::uint64_t>(key.service) << 32 |
                             std::uint64_t{key.response_code} << 16 |
                             std::uint64_t{key.grpc_status} << 8 |
                             static_cast<std::uint64_t>(key.flags.flag);
  const std::uint64_t how = static_cast<std::uint64_t>(key.reporter) |
                            static_cast<std::uint64_t>(key.protocol) << 1 |
                            std::uint64_t{key.mutual_tls} << 2 |
                            std::uint64_t{key.flags.retry_limit} << 3;
  return mix(who ^ mix(what ^ how << 60));
}

WorkerMetrics::WorkerMetrics() : table_(first_table, nullptr) {}

WorkerMetrics::~WorkerMetrics() {
  for (Cell* cell = newest_.load(relaxed); cell != nullptr;) {
    Cell* older = cell->older;
    delete cell;
    cell = older;
  }
}

void WorkerMetrics::record(const RequestKey& key, const RequestSample& sample) {
  Cell& counted = cell(key);
  add_to(counted.requests, 1);
  if (sample.completed) counted.duration.observe(sample.duration_ms);
  counted.request_bytes.observe(static_cast<double>(sample.request_bytes));
  counted.response_bytes.observe(static_cast<double>(sample.response_bytes));
}

WorkerMetrics::Cell& WorkerMetrics::cell(const RequestKey& asked) {
  RequestKey key = asked;
  if (key.reporter == Direction::Outbound) key.mutual_tls = false;  // shown as "unknown" anyway
  for (int attempt = 0;; ++attempt) {
    std::size_t slot = hash_value(key) & (table_.size() - 1);
    while (table_[slot] != nullptr) {
      if (table_[slot]->key == key) return *table_[slot];
      slot = (slot + 1) & (table_.size() - 1);
    }
    if (used_ < most_cells || attempt > 0) return add(key, slot);
    // Too many series: from here on, who called whom is no longer told apart.
    key.source = key.destination = unknown_workload;
    key.service = unknown_service;
  }
}

WorkerMetrics::Cell& WorkerMetrics::add(const RequestKey& key, std::size_t slot) {
  Cell* made = new Cell(key);
  made->older = newest_.load(relaxed);
  newest_.store(made, std::memory_order_release);  // a scrape sees it whole or not at all
  table_[slot] = made;
  if (++used_ * 2 > table_.size()) grow();
  return *made;
}

void WorkerMetrics::grow() {
  std::vector<Cell*> larger(table_.size() * 2, nullptr);
  for (Cell* cell : table_) {
    if (cell == nullptr) continue;
    std::size_t slot = hash_value(cell->key) & (larger.size() - 1);
    while (larger[slot] != nullptr) slot = (slot + 1) & (larger.size() - 1);
    larger[slot] = cell;
  }
  table_ = std::move(larger);
}

void WorkerMetrics::visit(const std::function<void(const RequestKey&, const Totals&)>& visitor) const {
  const auto read = [](const HistogramCell& cell) {
    HistogramTotals totals;
    for (std::size_t i = 0; i < totals.buckets.size(); ++i) totals.buckets.at(i) = cell.buckets.at(i).load(relaxed);
    totals.sum = cell.sum.load(relaxed);
    return totals;
  };
  for (const Cell* cell = newest_.load(std::memory_order_acquire); cell != nullptr; cell = cell->older) {
    visitor(cell->key, {cell->requests.load(relaxed), read(cell->duration),
                        read(cell->request_bytes), read(cell->response_bytes)});
  }
}

}  // namespace outrider::proxy
