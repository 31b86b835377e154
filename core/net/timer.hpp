#pragma once
// A one-shot or repeating timer on a loop. Destroying it cancels it. The loop's thread only.
//
// Setting one costs no allocation and no system call: all timers of a loop wait in one heap, and
// libuv knows of the first of them only.

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/clock.hpp"

namespace outrider::net {

class Loop;

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  // Fires once after `delay`. Replaces what was set before.
  void start(Loop& loop, Duration delay, std::function<void()> fire);
  // Fires every `period`, which is at least a millisecond.
  void repeat(Loop& loop, Duration period, std::function<void()> fire);
  void cancel();
  [[nodiscard]] bool active() const { return loop_ != nullptr; }

 private:
  friend class TimerHeap;
  void begin(Loop& loop, Duration delay, Duration period, std::function<void()> fire);

  Loop* loop_ = nullptr;  // while it is set
  TimePoint due_{};
  std::uint64_t order_ = 0;  // in which it was set, among all of the loop
  std::size_t place_ = 0;    // in the heap
  Duration period_{0};
  std::function<void()> fire_;
};

// A loop's timers, the one that is due first on top. Owned by the Loop.
class TimerHeap {
 public:
  void add(Timer& timer);
  void remove(Timer& timer);
  // Fires what is due at `now` and was set before this call, in order.
  void fire_due(TimePoint now);
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] TimePoint next() const { return heap_.front()->due_; }

 private:
  [[nodiscard]] static bool before(const Timer& a, const Timer& b);
  void place(std::size_t at, Timer* timer);
  void sift_up(std::size_t at, Timer* timer);
  void sift_down(std::size_t at, Timer* timer);

  std::vector<Timer*> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace outrider::net
