#pragma once
// Circuit breakers: how much of one cluster this process may have in use at once. A Ticket is one
// unit; giving it up (by destruction) gives the unit back, on any thread. Overflow is told at once.

#include <atomic>
#include <cstdint>
#include <utility>

#include "proxy/snapshot/cluster.hpp"

namespace outrider::proxy {

// False: the limit is reached, and nothing is held.
class Ticket {
 public:
  Ticket() = default;
  explicit Ticket(std::atomic<std::uint32_t>* gauge) : gauge_(gauge) {}
  Ticket(Ticket&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
  Ticket& operator=(Ticket&& other) noexcept {
    if (this != &other) {
      release();
      gauge_ = std::exchange(other.gauge_, nullptr);
    }
    return *this;
  }
  ~Ticket() { release(); }

  explicit operator bool() const { return gauge_ != nullptr; }
  void release() {
    if (gauge_ != nullptr) std::exchange(gauge_, nullptr)->fetch_sub(1, std::memory_order_release);
  }

 private:
  std::atomic<std::uint32_t>* gauge_ = nullptr;
};

enum class Limit : std::uint8_t { Connections, Pending, Requests };

// Counts an overflow when it refuses. A request earns its share of a retry where there is a budget.
[[nodiscard]] Ticket acquire(const ClusterSpec& cluster, Limit limit);
// A retry, under the budget or maxRetries.
[[nodiscard]] Ticket acquire_retry(const ClusterSpec& cluster, TimePoint now);
// Counts, and never refuses.
[[nodiscard]] Ticket acquire_beyond(const ClusterSpec& cluster, Limit limit);

// The endpoint's own gauges, without a limit: LEAST_REQUEST and /clusters read them.
[[nodiscard]] Ticket hold_request(const EndpointSpec& endpoint);
[[nodiscard]] Ticket hold_connection(const EndpointSpec& endpoint);

}  // namespace outrider::proxy
