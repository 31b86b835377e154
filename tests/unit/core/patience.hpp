#pragma once
// Stops a loop that waits for what never comes: the test fails instead of hanging.

#include <doctest/doctest.h>

#include <chrono>
#include <functional>

#include "core/net/loop.hpp"
#include "core/net/timer.hpp"

namespace outrider::test {

class Patience {
 public:
  explicit Patience(net::Loop& loop) : loop_(loop) { begin(); }
  ~Patience() { CHECK_FALSE(over_); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  // Runs the loop until the condition holds; it is looked at after every turn.
  void run_until(const std::function<bool()>& done) {
    if (over_ || done()) return;
    net::Timer look;
    look.repeat(loop_, std::chrono::milliseconds(1), [&] {
      if (done()) loop_.stop();
    });
    loop_.run();
    REQUIRE_FALSE(over_);
  }

  // Moves the loop's time, and not that of this guard.
  void advance(Duration by) {
    timer_.cancel();
    loop_.advance(by);
    begin();
  }

 private:
  void begin() {
    timer_.start(loop_, std::chrono::seconds(20), [this] {
      over_ = true;
      loop_.stop();
    });
  }

  net::Loop& loop_;
  net::Timer timer_;
  bool over_ = false;
};

}  // namespace outrider::test
