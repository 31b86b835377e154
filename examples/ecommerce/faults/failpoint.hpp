#pragma once
// Named places where a test may stop the process. Off, and one branch, unless SHOP_FAILPOINTS names a
// folder. A file there with the place's name arms it: the first thread that comes by takes the file (it
// becomes NAME.reached) and stays there until NAME.reached is gone, or until the process is killed.
// Any thread may pass one.
#include <string_view>

namespace shop {

void failpoint(std::string_view name);
// The file is there and stays there: a fault that lasts, such as a full disk.
[[nodiscard]] bool fault_is_on(std::string_view name);
// A number in the file, 0 without it: how far a clock is off, how long an answer takes.
[[nodiscard]] long fault_value(std::string_view name);
[[nodiscard]] bool faults_possible();

}  // namespace shop
