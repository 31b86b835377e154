#pragma once
// The process's own log: what an operator has to know, on standard error. Not the access log.
// Any thread. Levels: trace, debug, info, warn, error; set once at start or through the admin port.

#include <spdlog/spdlog.h>

#include <string_view>

namespace outrider::log {

// Sets format, target and level; `level` as above, an unknown one leaves info and returns false.
bool start(std::string_view program, std::string_view level);

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::trace;
using spdlog::warn;

}  // namespace outrider::log
