#pragma once
// The process's own log: what an operator has to know, on standard error. Not the access log.
// Any thread. Levels: trace, debug, info, warn, error, off; set at start or through the admin port.

#include <fmt/core.h>

#include <cstdint>
#include <string_view>

namespace outrider::log {

enum class Level : std::uint8_t { Trace, Debug, Info, Warn, Error, Off };

// Sets format, target and level; an unknown level leaves info and returns false.
bool start(std::string_view program, std::string_view level);
// False, and no change, for an unknown one.
bool set_level(std::string_view level);
[[nodiscard]] bool enabled(Level level);
void write(Level level, fmt::string_view format, fmt::format_args args);

// log::warn("{} is {}", a, b): formatted only when the level is on.
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Debug)) write(Level::Debug, format, fmt::make_format_args(args...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Info)) write(Level::Info, format, fmt::make_format_args(args...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Warn)) write(Level::Warn, format, fmt::make_format_args(args...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Error)) write(Level::Error, format, fmt::make_format_args(args...));
}

}  // namespace outrider::log
