#pragma once
// How much more the process can take. Memory is measured against what the system allows (the address
// space of RLIMIT_AS, the cgroup's limit): when it is nearly gone, new requests are answered 503 (OM),
// then new connections are closed at once. Connections are counted against the descriptors there are:
// half for callers, half for upstreams, some kept for ourselves. What is under way goes on, and so do
// the admin and readiness ports. It all ends by itself once there is room again.
//
// Main thread measures; shedding() is read by every worker.

#include <atomic>
#include <cstdint>

#include "core/net/timer.hpp"
#include "proxy/lifecycle/ebb.hpp"

namespace outrider::proxy {

enum class Load : std::uint8_t { Fine, Shedding, Full };

// At 0.95 of what is allowed requests are shed, at 0.98 connections too; each ends 0.05 below where it
// began, so that one request more or less does not turn it on and off.
[[nodiscard]] Load next_load(Load now, double used);

// How many connections of callers these many descriptors are good for.
[[nodiscard]] std::uint32_t most_connections(std::uint64_t descriptors);

// As many as the system allows this process. At the start of main().
void raise_descriptor_limit();

class Overload {
 public:
  explicit Overload(net::Loop& loop);

  [[nodiscard]] const std::atomic<bool>& shedding() const { return shedding_; }
  // Whether there is room for one connection more beside `connections`.
  [[nodiscard]] bool admits(std::uint32_t connections) const {
    return load_ != Load::Full && connections < connections_;
  }
  [[nodiscard]] std::uint32_t connections() const { return connections_; }
  [[nodiscard]] Load load() const { return load_; }
  // Memory goes back to the system in the next calm moment.
  void on_much_freed() { ebb_.expect(); }

 private:
  void measure();

  const std::uint32_t connections_;
  Load load_ = Load::Fine;
  Ebb ebb_;
  std::atomic<bool> shedding_{false};
  net::Timer timer_;
};

}  // namespace outrider::proxy
