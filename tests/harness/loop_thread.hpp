#pragma once
// A loop on a thread of its own. do_there() runs a function on it and waits.

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <thread>
#include <type_traits>

#include "core/net/loop.hpp"
#include "tests/harness/patience.hpp"

namespace outrider::scenario {

template <typename F>
auto do_there(net::Loop& loop, F f) {
  using Value = std::invoke_result_t<F>;
  auto promise = std::make_shared<std::promise<Value>>();
  auto future = promise->get_future();
  loop.post([promise, f = std::move(f)]() mutable {
    if constexpr (std::is_void_v<Value>) {
      f();
      promise->set_value();
    } else {
      promise->set_value(f());
    }
  });
  REQUIRE(future.wait_for(patience) == std::future_status::ready);
  return future.get();
}

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) {}
  ~LoopThread() {
    loop_.stop();
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  [[nodiscard]] net::Loop& loop() { return loop_; }
  template <typename F>
  auto run(F f) {
    return do_there(loop_, std::move(f));
  }

 private:
  net::Loop loop_;
  std::thread thread_;
};

}  // namespace outrider::scenario
