#pragma once
// Durations as people write them. Pure.

#include <chrono>
#include <string_view>

#include "core/base/error.hpp"

namespace outrider::tool {

// "90s", "24h", "1h30m", "500ms", "2d". Never negative; a bare number has no unit and is refused.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace outrider::tool
