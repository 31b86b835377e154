#pragma once
// Time as an argument. Only this file reads a clock; everything else is told what time it is,
// so that a test can move time by hand.

#include <chrono>
#include <cstdint>

namespace outrider {

using Duration = std::chrono::nanoseconds;

// A moment on the monotonic clock.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// A moment on the wall clock (UTC).
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

// The machine's clocks. Stateless; any thread.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
  [[nodiscard]] WallTime wall_now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now());
  }
};

// The machine's clocks, moved ahead by hand. One thread's: its loop's.
class ShiftedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return machine_.now() + shift_; }
  [[nodiscard]] WallTime wall_now() const override {
    return machine_.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(shift_);
  }
  void shift(Duration by) { shift_ += by; }

 private:
  SystemClock machine_;
  Duration shift_{0};
};

// A clock that stands still until it is moved. For tests; one thread.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  void advance(Duration by) {
    now_ += by;
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by);
  }

 private:
  TimePoint now_{std::chrono::seconds(1'000)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace outrider
