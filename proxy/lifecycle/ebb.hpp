#pragma once
// When memory that was freed is worth giving back to the system: malloc keeps what connections held long after
// they ended, an attacker's as well. Told ten times a second how much is resident; decides, and does nothing.
// Main thread.
//
// The moment is a second without growth, at a level well above that of the last time, or after much is known to have
// been freed: what start-up or an earlier configuration took is part of the level. A process under steady load
// stays near its level and is left alone: giving back takes malloc's locks, and what is needed again costs faults.

#include <algorithm>
#include <cstdint>

namespace outrider::proxy {

class Ebb {
 public:
  // `resident` in bytes. True: now; then tell gave_back().
  [[nodiscard]] bool due(std::uint64_t resident) {
    still_ = resident > last_ ? 0 : still_ + 1;
    last_ = resident;
    level_ = level_ == 0 ? resident : std::min(level_, resident);
    return still_ >= calm && (expected_ || resident - level_ > std::max(worth_it, level_ / 8));
  }
  // Much was freed that may have been there since the level was taken.
  void expect() { expected_ = true; }
  // What is resident after it: the new level, in use whatever it was for.
  void gave_back(std::uint64_t resident) {
    level_ = last_ = resident;
    still_ = 0;
    expected_ = false;
  }

 private:
  static constexpr int calm = 10;  // calls
  static constexpr std::uint64_t worth_it = 1 << 20;

  std::uint64_t level_ = 0, last_ = 0;
  int still_ = 0;
  bool expected_ = false;
};

}  // namespace outrider::proxy
