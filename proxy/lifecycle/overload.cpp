#include "proxy/lifecycle/overload.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "core/base/log.hpp"
#include "core/net/loop.hpp"
#include "proxy/lifecycle/memory.hpp"

namespace outrider::proxy {
namespace {

constexpr Duration period = std::chrono::milliseconds(100);
constexpr double shed_at = 0.95, full_at = 0.98, width = 0.05;
// Beyond connections: loops, listeners, logs, watches, the admin port.
constexpr std::uint64_t kept_for_ourselves = 64;
constexpr std::uint64_t fewest = 16;

std::uint64_t descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

Load next_load(Load now, double used) {
  if (used >= full_at || (now == Load::Full && used > full_at - width)) return Load::Full;
  if (used >= shed_at || (now != Load::Fine && used > shed_at - width)) return Load::Shedding;
  return Load::Fine;
}

std::uint32_t most_connections(std::uint64_t descriptors) {
  const std::uint64_t left = descriptors - std::min(descriptors, kept_for_ourselves);
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(left / 2, fewest, std::numeric_limits<std::uint32_t>::max()));
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Overload::Overload(net::Loop& loop) : connections_(most_connections(descriptors())) {
  timer_.repeat(loop, period, [this] { measure(); });
}

void Overload::measure() {
  // What was freed is given back when it has become much, and first of all where there seems to be little left.
  Memory memory = measure_memory();
  if (ebb_.due(memory.resident) || memory.used > shed_at - width) {
    give_memory_back();
    memory = measure_memory();
    ebb_.gave_back(memory.resident);
  }
  const Load next = next_load(load_, memory.reserve_spent ? 1.0 : memory.used);
  if (memory.reserve_spent && memory.used < shed_at - width) restore_memory_reserve();
  if (next == load_) return;
  switch (next) {
    case Load::Fine: log::info("memory: there is room again ({:.0f} % used)", memory.used * 100); break;
    case Load::Shedding: log::warn("memory: {:.0f} % used; new requests are answered 503", memory.used * 100); break;
    case Load::Full: log::warn("memory: {:.0f} % used; new connections are closed", memory.used * 100); break;
  }
  load_ = next;
  shedding_.store(next != Load::Fine, std::memory_order_relaxed);
}

}  // namespace outrider::proxy
