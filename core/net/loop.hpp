#pragma once
// One thread's event loop, on libuv. A turn: events are handled, then everything that became dirty
// is written (one write a connection), then what was retired is deleted.
//
// post() is the only door from another thread. Everything else: the loop's own thread.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/net/timer.hpp"
#include "core/net/turns.hpp"

struct uv_loop_s;

namespace outrider::net {

class Loop {
 public:
  // Written at the end of the turn in which flush_later() was called.
  class Flushable {
   public:
    virtual void flush() = 0;

   protected:
    virtual ~Flushable() = default;
    // It will be flushed (again).
    [[nodiscard]] bool marked() const { return marked_; }

   private:
    friend class Loop;
    bool marked_ = false;
    std::uint64_t turn_ = 0;  // in which it was flushed last, and how often
    int flushes_ = 0;
  };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stop(). Handles that are still open are closed by ~Loop.
  void run();
  // Any thread.
  void stop();

  // Any thread: runs `task` on the loop's thread, in order. False once the loop is gone for good.
  bool post(std::function<void()> task);

  void flush_later(Flushable& dirty);
  // At the end of the next turn.
  void flush_next_turn(Flushable& dirty);
  [[nodiscard]] std::uint64_t turn() const { return turn_; }
  void forget(Flushable& dirty);

  // Deletes it at the end of the turn: for owners that die in a call from what they own.
  template <typename T>
  void retire(std::unique_ptr<T> object) {
    if (object) retired_.push_back({object.release(), [](void* p) { delete static_cast<T*>(p); }});
    wake();
  }

  // Work on other threads (run_in_background) that has not come back, told by who began it. Runs the loop until all
  // has: before what it reads may go.
  void background_began() { ++background_; }
  void background_ended() { --background_; }
  void finish_background();
  // In its destructor: owners of what still comes back are gone.
  [[nodiscard]] bool ending() const { return ending_; }

  // The time at the start of this turn, read at first use.
  [[nodiscard]] TimePoint now();
  [[nodiscard]] TimePoint exact_now() const { return clock_.now(); }
  [[nodiscard]] const Clock& clock() const { return clock_; }

  // Called first by whatever libuv wakes: a turn, as it is measured, begins here.
  void begin_turn() {
    if (busy_) return;
    busy_ = true;
    woken_ = now();
  }
  // From here on each turn's length goes there, at the price of one look at the clock a turn. Before run().
  void measure_turns(TurnTimes& times) { turn_times_ = &times; }

  // Moves this loop's time ahead and fires what has become due: tests live through an hour at once.
  void advance(Duration by);

  // For Timer.
  [[nodiscard]] TimerHeap& timers() { return timers_; }
  void await_timer(TimePoint due);

  [[nodiscard]] uv_loop_s* native() { return loop_.get(); }
  // Shared by this thread's connections during one call; never kept.
  [[nodiscard]] std::span<std::uint8_t> read_buffer() { return read_buffer_; }
  [[nodiscard]] std::span<std::uint8_t> plain_buffer() { return plain_buffer_; }
  [[nodiscard]] Buffer& plain_out() { return plain_out_; }
  [[nodiscard]] Buffer& cipher_out() { return cipher_out_; }

 private:
  struct Hooks;
  struct Retired {
    void* object;
    void (*destroy)(void*);
  };
  void end_turn();
  void end_measure();
  void run_tasks();
  void wake();
  void fire_timers();
  void await_next_timer();

  std::unique_ptr<uv_loop_s> loop_;
  std::unique_ptr<Hooks> hooks_;
  ShiftedClock clock_;
  TimerHeap timers_;
  std::optional<TimePoint> awaited_;  // what libuv's one timer is set for
  TimePoint now_{};
  bool now_known_ = false;
  bool busy_ = false;  // since woken_
  TimePoint woken_{};
  TurnTimes* turn_times_ = nullptr;
  std::uint64_t turn_ = 0;
  std::vector<Flushable*> dirty_, later_;
  std::vector<Retired> retired_;
  std::vector<std::uint8_t> read_buffer_, plain_buffer_;
  Buffer plain_out_, cipher_out_;

  int background_ = 0;
  bool ending_ = false;

  // Posting and closing share one lock, so a poster never touches a handle that is closing.
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  bool open_ = true;
};

}  // namespace outrider::net
