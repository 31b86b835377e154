#pragma once
// One YAML document to a Value through yaml-cpp's event interface, which shows anchors, aliases
// and tags before they are resolved. Only document.cpp calls it.

#include <expected>
#include <string_view>

#include "config/yaml/document.hpp"

namespace outrider::config::yaml {

// `text` is well-formed UTF-8 that starts at `first_line` of its file.
[[nodiscard]] std::expected<Value, Problem> build_tree(std::string_view text, int first_line);

}  // namespace outrider::config::yaml
