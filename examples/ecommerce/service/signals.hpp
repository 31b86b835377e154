#pragma once
// The signals of a service, taken one by one by main(). Made before any other thread, so that every
// thread inherits the mask and no signal interrupts a call.
#include <chrono>
#include <csignal>
#include <initializer_list>

namespace shop {

class Signals {
 public:
  explicit Signals(std::initializer_list<int> taken);
  [[nodiscard]] int wait() const;

 private:
  sigset_t set_{};
};

// Ends the process with exit code 0 when a clean stop takes longer than this. What is on disk is
// whole: every change is one committed transaction.
void stop_within(std::chrono::milliseconds limit);

}  // namespace shop
