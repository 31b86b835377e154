#pragma once
// Carries out what diagnostics can have done for them, as edits of the text: comments and layout stay.
// Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "config/analysis/diagnostic.hpp"

namespace outrider::config {

// The text with the edits made; of two that overlap the first one.
[[nodiscard]] std::string with_edits(std::string_view text, std::vector<Edit> edits);

// What changes, as `diff -u` shows it; empty when nothing does.
[[nodiscard]] std::string unified_diff(const std::string& path, std::string_view before,
                                       std::string_view after);

}  // namespace outrider::config
