#pragma once
// A few threads for calls that wait: for the disk, or for another service. gRPC's own threads never
// do. Owned by main(); any thread may submit.
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace shop {

class WorkPool {
 public:
  WorkPool(std::size_t threads, std::size_t waiting_limit);
  ~WorkPool();

  // False when too many jobs wait already, or the pool is closed; the job was not taken.
  [[nodiscard]] bool submit(std::function<void()> job);

 private:
  void work();

  std::size_t waiting_limit_;
  std::mutex lock_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> waiting_;
  bool closed_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace shop
