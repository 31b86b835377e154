#pragma once
// Log lines as JSON on stderr, one object a line: time, level, service, trace (when it is about a request)
// and message. Any thread.
#include <string>
#include <string_view>

namespace shop {

// Makes spdlog's own calls come out the same way. Called once, before any thread.
void log_as_json(const std::string& service);
void log_about(std::string_view traceparent, const std::string& message);

}  // namespace shop
