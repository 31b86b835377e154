#pragma once
// How long a test waits for what has to come: never long when all is well, and never for ever. And
// how often it does what it does.

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>

namespace outrider::scenario {

inline constexpr std::chrono::seconds patience{20};

// A slice of a long test, which CI can wait for, or the whole of it: tests/conformance/run.sh full.
template <typename T>
[[nodiscard]] T amount(T in_ci, T in_full) {
  static const bool full = std::getenv("OUTRIDER_FULL_TESTS") != nullptr;
  return full ? in_full : in_ci;
}

// A value that one thread writes and another waits for.
class Monitor {
 public:
  template <typename Change>
  void change(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  // False when the condition did not come true in time.
  template <typename Condition>
  [[nodiscard]] bool wait(Condition condition, std::chrono::milliseconds limit = patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, condition);
  }
  template <typename Read>
  auto read(Read read) {
    const std::lock_guard lock(mutex_);
    return read();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

// For what tells nobody that it has changed (counters, gauges): looked at until it holds.
[[nodiscard]] inline bool eventually(const std::function<bool()>& condition,
                                     std::chrono::milliseconds limit = patience) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // between two looks, on a busy machine
  }
  return true;
}

}  // namespace outrider::scenario
