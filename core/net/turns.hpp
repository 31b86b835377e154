#pragma once
// How long a loop's turns take, from its awakening until it waits again: whoever's event comes meanwhile
// waits as long. Counted by the loop's thread (one writer), read by any.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "core/base/clock.hpp"

namespace outrider::net {

class TurnTimes {
 public:
  // Upper bounds; a last bucket is above them all.
  static constexpr std::array<Duration, 12> bounds = {
      std::chrono::microseconds(100), std::chrono::microseconds(250), std::chrono::microseconds(500),
      std::chrono::milliseconds(1),   std::chrono::milliseconds(2),   std::chrono::milliseconds(5),
      std::chrono::milliseconds(10),  std::chrono::milliseconds(25),  std::chrono::milliseconds(50),
      std::chrono::milliseconds(100), std::chrono::milliseconds(250), std::chrono::seconds(1)};
  struct Totals {
    std::array<std::uint64_t, bounds.size() + 1> counts{};  // not cumulative
    Duration sum{0};
  };

  void note(Duration took) {
    const auto bound = std::ranges::lower_bound(bounds, took);
    auto& count = counts_[static_cast<std::size_t>(bound - bounds.begin())];
    count.store(count.load(relaxed) + 1, relaxed);
    sum_.store(sum_.load(relaxed) + took.count(), relaxed);
    if (took.count() > longest_.load(relaxed)) longest_.store(took.count(), relaxed);
  }

  [[nodiscard]] Totals totals() const {
    Totals totals;
    for (std::size_t i = 0; i < counts_.size(); ++i) totals.counts[i] = counts_[i].load(relaxed);
    totals.sum = Duration{sum_.load(relaxed)};
    return totals;
  }
  // The longest since this was asked last; whoever asks takes it from others who do.
  [[nodiscard]] Duration take_longest() { return Duration{longest_.exchange(0, relaxed)}; }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;

  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
  std::atomic<std::int64_t> sum_{0}, longest_{0};  // ns
};

}  // namespace outrider::net
