// Loop, Timer and post(): real loops, no sleeping; a test that hangs is stopped by its own timer.

#include "core/net/loop.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>

#include "core/net/timer.hpp"
#include "tests/unit/core/patience.hpp"

namespace outrider::test {
namespace {

using net::Loop;
using net::Timer;

TEST_CASE("tasks from many threads run on the loop's thread, each thread's in order") {
  Loop loop;
  Patience patience(loop);
  constexpr int threads = 4, tasks = 5000;
  std::vector<int> next(threads, 0);
  int done = 0;
  std::thread::id where;
  bool in_order = true;
  std::vector<std::thread> posters;
  for (int t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < tasks; ++i) {
        const bool posted = loop.post([&, t, i] {
          in_order = in_order && next[static_cast<std::size_t>(t)]++ == i &&
                     std::this_thread::get_id() == where;
          if (++done == threads * tasks) loop.stop();
        });
        if (!posted) std::abort();
      }
    });
  }
  where = std::this_thread::get_id();
  loop.run();
  for (std::thread& poster : posters) poster.join();
  CHECK(in_order);
  CHECK(done == threads * tasks);
}

TEST_CASE("a timer that sets itself again for at once keeps nothing else from being done") {
  Loop loop;
  int fired = 0;
  bool done = false;
  Timer timer;
  const std::function<void()> again = [&] {
    if (++fired == 1) {
      loop.post([&] {
        done = true;
        loop.stop();
      });
    }
    if (fired < 10'000) {
      timer.start(loop, Duration{0}, again);
    } else {
      loop.stop();
    }
  };
  timer.start(loop, Duration{0}, again);
  loop.run();
  CHECK(done);
  CHECK(fired < 100);
}

TEST_CASE("whoever a timer wakes finds its time come, by the loop's clock too") {
  Loop loop;
  Patience patience(loop);
  constexpr Duration delay = std::chrono::microseconds(300);
  (void)loop.now();  // what the turn knows of the time from here on
  const TimePoint due = loop.exact_now() + delay;
  TimePoint fired;
  Timer timer;
  timer.start(loop, delay, [&] {
    fired = loop.now();
    loop.stop();
  });
  while (loop.exact_now() < due + std::chrono::milliseconds(2)) {  // a long turn
  }
  loop.run();
  CHECK(fired >= due);
}

TEST_CASE("posting to a loop that ends meanwhile is refused, and harms nothing") {
  for (int round = 0; round < 50; ++round) {
    auto loop = std::make_unique<Loop>();
    Loop* target = loop.get();
    std::atomic<int> ran = 0, accepted = 0;
    std::mutex alive;  // the poster may not touch memory that is gone: the loop's owner tells it
    std::atomic<bool> gone = false;
    std::thread poster([&] {
      for (int i = 0; i < 1000; ++i) {
        const std::lock_guard lock(alive);
        if (gone) return;
        if (target->post([&] { ++ran; })) ++accepted;
      }
    });
    target->stop();
    target->run();
    {
      const std::lock_guard lock(alive);
      gone = true;
      loop.reset();
    }
    poster.join();
    CHECK(ran <= accepted);
  }
}

TEST_CASE("a task that never ran may post when it is destroyed") {
  struct Poster {
    Loop& loop;
    bool& refused;
    ~Poster() {
      refused = !loop.post([] {});
    }
  };
  bool refused = false;
  {
    Loop loop;
    (void)loop.post([poster = std::make_shared<Poster>(loop, refused)] {});
  }
  CHECK(refused);
}

TEST_CASE(
    "timers fire in the order of their delays, not before they are due, and not when cancelled") {
  Loop loop;
  Patience patience(loop);
  Timer first, second, cancelled;
  std::vector<int> order;
  const TimePoint start = loop.clock().now();
  second.start(loop, std::chrono::milliseconds(15), [&] {
    order.push_back(2);
    loop.stop();
  });
  first.start(loop, std::chrono::milliseconds(5), [&] {
    order.push_back(1);
    CHECK_FALSE(first.active());
    cancelled.cancel();
  });
  cancelled.start(loop, std::chrono::milliseconds(10), [&] { order.push_back(3); });
  loop.run();
  CHECK(order == std::vector<int>{1, 2});
  CHECK(loop.clock().now() - start >= std::chrono::milliseconds(15));
}

TEST_CASE("no timer fires before its delay is over, wherever in a millisecond it was set") {
  Loop loop;
  Patience patience(loop);
  for (int round = 0; round < 20; ++round) {
    Timer timer;
    const TimePoint start = loop.clock().now();
    Duration waited{0};
    timer.start(loop, std::chrono::milliseconds(2), [&] {
      waited = loop.clock().now() - start;
      loop.stop();
    });
    loop.run();
    CHECK(waited >= std::chrono::milliseconds(2));
  }
}

TEST_CASE("a timer may set itself again, repeat, or be destroyed while it fires") {
  Loop loop;
  Patience patience(loop);
  Timer again, repeating;
  auto doomed = std::make_unique<Timer>();
  int again_count = 0, repeat_count = 0;
  bool doomed_fired = false;
  std::function<void()> once_more = [&] {
    if (++again_count < 3) again.start(loop, {}, once_more);
  };
  again.start(loop, {}, once_more);
  doomed->start(loop, {}, [&, text = std::string(100, 'x')] {
    doomed.reset();
    doomed_fired = text.size() == 100;
  });
  repeating.repeat(loop, std::chrono::milliseconds(1), [&] {
    if (++repeat_count < 3) return;
    repeating.cancel();
    loop.stop();
  });
  loop.run();
  CHECK(again_count == 3);
  CHECK(repeat_count == 3);
  CHECK(doomed_fired);
}

TEST_CASE("a thousand timers, set, set again and cancelled at random, fire in the order in which they are due") {
  Loop loop;
  std::minstd_rand random(7);
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<std::pair<int, int>> fired;  // due after ms, number
  std::map<int, int> expected;             // number -> due after ms
  for (int i = 0; i < 1000; ++i) timers.push_back(std::make_unique<Timer>());
  for (int i = 0; i < 5000; ++i) {
    const int number = static_cast<int>(random() % 1000), after = 10'000 + static_cast<int>(random() % 100'000);
    expected.erase(number);
    timers[static_cast<std::size_t>(number)]->cancel();
    if (random() % 3 == 0) continue;
    expected[number] = after;
    timers[static_cast<std::size_t>(number)]->start(loop, std::chrono::milliseconds(after),
                                                    [&, number, after] { fired.emplace_back(after, number); });
  }
  loop.advance(std::chrono::seconds(9));
  CHECK(fired.empty());
  for (int s = 0; s < 200; ++s) loop.advance(std::chrono::seconds(1));
  CHECK(fired.size() == expected.size());
  for (const auto& [after, number] : fired) CHECK(expected[number] == after);
  // Set within the same milliseconds in real time: a second's step tells them apart.
  for (std::size_t i = 1; i < fired.size(); ++i) CHECK(fired[i - 1].first <= fired[i].first + 1000);
}

TEST_CASE("what is retired is deleted at the end of the turn, not in it") {
  struct Witness {
    bool& gone;
    ~Witness() { gone = true; }
  };
  Loop loop;
  Patience patience(loop);
  bool gone = false, gone_in_turn = false;
  (void)loop.post([&] {
    loop.retire(std::make_unique<Witness>(gone));
    gone_in_turn = gone;
    (void)loop.post([&] { loop.stop(); });
  });
  loop.run();
  CHECK_FALSE(gone_in_turn);
  CHECK(gone);
}

TEST_CASE("what dirties itself for ever does not hold the loop, and is flushed again and again") {
  struct Restless : Loop::Flushable {
    explicit Restless(Loop& l) : loop(l) {}
    void flush() override {
      ++flushes;
      loop.flush_later(*this);
    }
    Loop& loop;
    int flushes = 0;
  };
  Loop loop;
  Patience patience(loop);
  Restless restless(loop);
  loop.flush_later(restless);
  Timer timer;
  timer.start(loop, std::chrono::milliseconds(5), [&] { loop.stop(); });
  loop.run();
  CHECK(restless.flushes > 8);
  loop.forget(restless);
}

TEST_CASE("a turn is as long as its events and what they left to do, and is told once") {
  Loop loop;
  net::TurnTimes times;
  loop.measure_turns(times);
  CHECK(loop.post([&] { loop.advance(std::chrono::hours(1)); }));
  CHECK(loop.post([&] { loop.stop(); }));
  loop.run();
  CHECK(times.take_longest() >= std::chrono::hours(1));
  CHECK(times.take_longest() < std::chrono::hours(1));
  CHECK(times.totals().counts.back() == 1);
  CHECK(times.totals().sum >= std::chrono::hours(1));
}

TEST_CASE("each time that a timer fires is a turn") {
  Loop loop;
  Patience patience(loop);
  net::TurnTimes times;
  loop.measure_turns(times);
  Timer timer;
  int fired = 0;
  timer.repeat(loop, std::chrono::milliseconds(1), [&] {
    if (++fired == 5) loop.stop();
  });
  loop.run();
  const auto totals = times.totals();
  CHECK(std::accumulate(totals.counts.begin(), totals.counts.end(), std::uint64_t{0}) >= 4);
}

TEST_CASE("turns are counted up to their bounds, these included, and the longest is told once") {
  using namespace std::chrono_literals;
  net::TurnTimes times;
  for (const Duration took : std::initializer_list<Duration>{0ns, 100us, 100us + 1ns, 3ms, 2s}) times.note(took);
  const auto totals = times.totals();
  CHECK(totals.counts[0] == 2);
  CHECK(totals.counts[1] == 1);
  CHECK(totals.counts[5] == 1);
  CHECK(totals.counts.back() == 1);
  CHECK(totals.sum == 200us + 1ns + 3ms + 2s);
  CHECK(times.take_longest() == 2s);
  CHECK(times.take_longest() == 0ns);
  times.note(1ms);
  CHECK(times.take_longest() == 1ms);
}

}  // namespace
}  // namespace outrider::test
