#include "service/signals.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <thread>

namespace shop {

Signals::Signals(std::initializer_list<int> taken) {
  sigemptyset(&set_);
  for (const int signal : taken) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int Signals::wait() const {
  int signal = 0;
  while (sigwait(&set_, &signal) != 0) {}
  return signal;
}

void stop_within(std::chrono::milliseconds limit) {
  std::thread([limit] {
    std::this_thread::sleep_for(limit);
    spdlog::warn("stopped with calls unfinished after {} ms", limit.count());
    std::_Exit(0);
  }).detach();
}

}  // namespace shop
