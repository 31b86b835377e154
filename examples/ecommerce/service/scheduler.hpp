#pragma once
// One thread that does what it is given, now or later, one thing after the other. Owned by main(); any
// thread gives. The clock is the steady one: nobody can set it.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace shop {

class Scheduler {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;

  Scheduler();
  ~Scheduler();
  void post(Task task) { after(std::chrono::milliseconds(0), std::move(task)); }
  void after(std::chrono::milliseconds pause, Task task);
  // What waits is dropped; returns when the task under way has ended. Twice is once.
  void stop();

 private:
  void work();

  std::mutex lock_;
  std::condition_variable woken_;
  bool stopped_ = false;
  std::multimap<Clock::time_point, Task> waiting_;  // equal times in the order they were given
  std::thread thread_;
};

}  // namespace shop
