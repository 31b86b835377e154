#include "core/net/loop.hpp"

#include <uv.h>

#include <algorithm>
#include <csignal>

namespace outrider::net {

// One that dirties itself again and again (a fast reader of a long body) waits for the next turn.
constexpr int flushes_a_turn = 4;

struct Loop::Hooks {
  uv_prepare_t prepare;  // before the loop waits: after timers
  uv_check_t check;      // after it waited: after reads
  uv_async_t async;      // post()
  uv_timer_t timer;      // the first of all timers
};

Loop::Loop()
    : loop_(std::make_unique<uv_loop_t>()),
      hooks_(std::make_unique<Hooks>()),
      read_buffer_(64 * 1024),
      plain_buffer_(32 * 1024) {
  static const bool ignored = [] { return std::signal(SIGPIPE, SIG_IGN) != SIG_ERR; }();
  (void)ignored;
  uv_loop_init(loop_.get());
  loop_->data = this;
  uv_prepare_init(loop_.get(), &hooks_->prepare);
  uv_check_init(loop_.get(), &hooks_->check);
  uv_async_init(loop_.get(), &hooks_->async,
                [](uv_async_t* async) { static_cast<Loop*>(async->loop->data)->run_tasks(); });
  uv_timer_init(loop_.get(), &hooks_->timer);
  uv_prepare_start(&hooks_->prepare,
                   [](uv_prepare_t* h) {
                     auto* loop = static_cast<Loop*>(h->loop->data);
                     loop->end_turn();
                     loop->end_measure();
                   });
  uv_check_start(&hooks_->check,
                 [](uv_check_t* h) { static_cast<Loop*>(h->loop->data)->end_turn(); });
}

Loop::~Loop() {
  ending_ = true;
  {
    std::vector<std::function<void()>> never_run;  // destroyed without the lock: they may post
    const std::lock_guard lock(mutex_);
    open_ = false;
    never_run.swap(tasks_);
  }
  end_turn();
  uv_close(reinterpret_cast<uv_handle_t*>(&hooks_->prepare), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&hooks_->check), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&hooks_->async), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&hooks_->timer), nullptr);
  // Owners are gone by now; their handles are closing and free themselves.
  while (uv_loop_close(loop_.get()) == UV_EBUSY) uv_run(loop_.get(), UV_RUN_NOWAIT);
}

void Loop::run() { uv_run(loop_.get(), UV_RUN_DEFAULT); }

void Loop::finish_background() {
  while (background_ > 0) uv_run(loop_.get(), UV_RUN_ONCE);
}

void Loop::stop() {
  post([this] { uv_stop(loop_.get()); });
}

bool Loop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (!open_) return false;
  tasks_.push_back(std::move(task));
  uv_async_send(&hooks_->async);
  return true;
}

void Loop::run_tasks() {
  begin_turn();
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void Loop::wake() {
  const std::lock_guard lock(mutex_);
  if (open_) uv_async_send(&hooks_->async);
}

void Loop::flush_later(Flushable& dirty) {
  if (dirty.marked_) return;
  dirty.marked_ = true;
  dirty_.push_back(&dirty);
}

void Loop::flush_next_turn(Flushable& dirty) {
  if (dirty.marked_) return;
  dirty.marked_ = true;
  later_.push_back(&dirty);
}

void Loop::forget(Flushable& dirty) {
  if (!dirty.marked_) return;
  for (auto* list : {&dirty_, &later_}) {
    std::replace(list->begin(), list->end(), &dirty, static_cast<Flushable*>(nullptr));
  }
  dirty.marked_ = false;
}

void Loop::end_turn() {
  // A flush may dirty others (a response drained here credits its sender there): the list grows
  // while it is walked.
  ++turn_;
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    Flushable* dirty = dirty_[i];
    if (!dirty) continue;
    dirty_[i] = nullptr;
    if (dirty->turn_ != turn_) {
      dirty->turn_ = turn_;
      dirty->flushes_ = 0;
    }
    if (++dirty->flushes_ > flushes_a_turn) {
      later_.push_back(dirty);
      continue;
    }
    dirty->marked_ = false;
    dirty->flush();
  }
  dirty_.clear();
  if (!later_.empty()) {
    dirty_.swap(later_);
    wake();
  }
  while (!retired_.empty()) {
    std::vector<Retired> retired;
    retired.swap(retired_);
    for (const Retired& entry : retired) entry.destroy(entry.object);
  }
  now_known_ = false;
}

// The loop waits now. What came after the last wait is one turn: input, what it dirtied, closed handles, timers.
void Loop::end_measure() {
  if (busy_ && turn_times_) turn_times_->note(clock_.now() - woken_);
  busy_ = false;
}

void Loop::advance(Duration by) {
  clock_.shift(by);
  now_known_ = false;
  fire_timers();
}

void Loop::await_timer(TimePoint due) {
  if (awaited_ && *awaited_ <= due) return;
  await_next_timer();
}

// An early awakening does no harm: a timer that was cancelled is not taken out of libuv's.
void Loop::await_next_timer() {
  awaited_.reset();
  if (timers_.empty()) return;
  awaited_ = timers_.next();
  const auto left = std::max(Duration{0}, *awaited_ - clock_.now());
  // libuv's clock is that of the turn's start, and drops the fraction of a millisecond.
  uv_update_time(loop_.get());
  // Not 0: libuv would fire it again before it reads anything.
  const auto ms = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(left).count());
  uv_timer_start(&hooks_->timer,
                 [](uv_timer_t* timer) { static_cast<Loop*>(timer->loop->data)->fire_timers(); },
                 static_cast<std::uint64_t>(ms), 0);
}

void Loop::fire_timers() {
  begin_turn();
  timers_.fire_due(now());  // as who fires sees it: by an earlier time it would set itself again, and again
  await_next_timer();
}

TimePoint Loop::now() {
  if (!now_known_) {
    now_ = clock_.now();
    now_known_ = true;
  }
  return now_;
}

}  // namespace outrider::net
