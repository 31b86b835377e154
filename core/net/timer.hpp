#pragma once
// A one-shot or repeating timer on a loop. Destroying it cancels it. The loop's thread only.

#include <functional>

#include "core/base/clock.hpp"

struct uv_timer_s;

namespace outrider::net {

class Loop;

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  // Fires once after `delay` (rounded up to a millisecond). Replaces what was set before.
  void start(Loop& loop, Duration delay, std::function<void()> fire);
  // Fires every `period`.
  void repeat(Loop& loop, Duration period, std::function<void()> fire);
  void cancel();
  [[nodiscard]] bool active() const { return node_ != nullptr; }

 private:
  struct Node;  // outlives the Timer until libuv has closed the handle
  void begin(Loop& loop, Duration delay, Duration period, std::function<void()> fire);
  Node* node_ = nullptr;
};

}  // namespace outrider::net
