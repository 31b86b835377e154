#include "service/scheduler.hpp"

namespace shop {

Scheduler::Scheduler() : thread_([this] { work(); }) {}

Scheduler::~Scheduler() { stop(); }

void Scheduler::after(std::chrono::milliseconds pause, Task task) {
  const std::lock_guard guard(lock_);
  if (stopped_) return;
  waiting_.emplace(Clock::now() + pause, std::move(task));
  woken_.notify_one();
}

void Scheduler::stop() {
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
    woken_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Scheduler::work() {
  std::unique_lock guard(lock_);
  while (!stopped_) {
    if (waiting_.empty()) {
      woken_.wait(guard);
    } else if (const auto due = waiting_.begin()->first; due > Clock::now()) {
      woken_.wait_until(guard, due);
    } else {
      const Task task = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      guard.unlock();
      task();
      guard.lock();
    }
  }
}

}  // namespace shop
