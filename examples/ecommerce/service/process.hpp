#pragma once
// What a process of the shop does about the machine that it runs on.
#include <chrono>
#include <string>

namespace shop {

// The system's clock, or what a test says it shows (failpoint file clock-offset, in seconds). Only for
// times that people read and for keys that grow old: no lease, deadline or timer looks at it.
[[nodiscard]] std::chrono::system_clock::time_point wall_clock();
// The disk failed under a commit: says so and ends the process, for what is on the disk is unknown until
// it is read again.
[[noreturn]] void end_broken(const std::string& why);

}  // namespace shop
