#include "service/work_pool.hpp"

namespace shop {

WorkPool::WorkPool(std::size_t threads, std::size_t waiting_limit) : waiting_limit_(waiting_limit) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkPool::~WorkPool() {
  {
    const std::lock_guard guard(lock_);
    closed_ = true;
  }
  woken_.notify_all();
}

bool WorkPool::submit(std::function<void()> job) {
  {
    const std::lock_guard guard(lock_);
    if (closed_ || waiting_.size() >= waiting_limit_) return false;
    waiting_.push_back(std::move(job));
  }
  woken_.notify_one();
  return true;
}

void WorkPool::work() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock guard(lock_);
      woken_.wait(guard, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    job();
  }
}

}  // namespace shop
