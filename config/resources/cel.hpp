#pragma once
// Whether a text is an expression of CEL, the language of Telemetry's filters: its grammar and its macros,
// as cel-go parses them (cel-spec, "Syntax"). Nothing is evaluated here. Pure; any thread.

#include <string>
#include <string_view>

namespace outrider::config {

// What is wrong with it, and at which byte; empty when nothing is.
[[nodiscard]] std::string cel_complaint(std::string_view expression);

}  // namespace outrider::config
