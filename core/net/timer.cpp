#include "core/net/timer.hpp"

#include <algorithm>

#include "core/net/loop.hpp"

namespace outrider::net {

void Timer::start(Loop& loop, Duration delay, std::function<void()> fire) {
  begin(loop, delay, Duration{0}, std::move(fire));
}

void Timer::repeat(Loop& loop, Duration period, std::function<void()> fire) {
  period = std::max<Duration>(period, std::chrono::milliseconds(1));
  begin(loop, period, period, std::move(fire));
}

void Timer::begin(Loop& loop, Duration delay, Duration period, std::function<void()> fire) {
  cancel();
  loop_ = &loop;
  // A delay counts from now, not from the start of a turn that may have been long.
  due_ = loop.exact_now() + std::max(delay, Duration{0});
  period_ = period;
  fire_ = std::move(fire);
  loop.timers().add(*this);
  loop.await_timer(due_);
}

void Timer::cancel() {
  if (!loop_) return;
  loop_->timers().remove(*this);
  loop_ = nullptr;
  fire_ = nullptr;
}

bool TimerHeap::before(const Timer& a, const Timer& b) {
  return a.due_ != b.due_ ? a.due_ < b.due_ : a.order_ < b.order_;
}

void TimerHeap::place(std::size_t at, Timer* timer) {
  heap_[at] = timer;
  timer->place_ = at;
}

void TimerHeap::sift_up(std::size_t at, Timer* timer) {
  for (; at > 0 && before(*timer, *heap_[(at - 1) / 2]); at = (at - 1) / 2) place(at, heap_[(at - 1) / 2]);
  place(at, timer);
}

void TimerHeap::sift_down(std::size_t at, Timer* timer) {
  for (std::size_t child = 2 * at + 1; child < heap_.size(); child = 2 * at + 1) {
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], *timer)) break;
    place(at, heap_[child]);
    at = child;
  }
  place(at, timer);
}

void TimerHeap::add(Timer& timer) {
  timer.order_ = ++order_;
  heap_.push_back(&timer);
  sift_up(heap_.size() - 1, &timer);
}

void TimerHeap::remove(Timer& timer) {
  Timer* const last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  const std::size_t at = timer.place_;
  if (at > 0 && before(*last, *heap_[(at - 1) / 2])) {
    sift_up(at, last);
  } else {
    sift_down(at, last);
  }
}

void TimerHeap::fire_due(TimePoint now) {
  // One that sets itself again for at once waits for the next turn.
  const std::uint64_t set_before = order_;
  while (!heap_.empty() && heap_.front()->due_ <= now && heap_.front()->order_ <= set_before) {
    Timer& timer = *heap_.front();
    if (timer.period_ > Duration{0}) {
      remove(timer);
      timer.due_ = std::max(timer.due_ + timer.period_, now);
      add(timer);
      const auto action = timer.fire_;  // it may cancel or destroy its own timer
      action();
    } else {
      const auto action = std::move(timer.fire_);
      timer.cancel();
      action();
    }
  }
}

}  // namespace outrider::net
