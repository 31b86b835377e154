#pragma once
// Writes a run of routes with a weight beside `route` as one route with several destinations, as text:
// lines move, comments and layout stay. Pure; any thread.

#include <optional>
#include <vector>

#include "config/analysis/diagnostic.hpp"
#include "config/yaml/document.hpp"

namespace outrider::config {

// Of the list `http` the items [first, end). Nothing where their layout is not that of one key a line.
[[nodiscard]] std::optional<Edit> one_split(const yaml::Document& document,
                                            const std::vector<yaml::Value>& http, std::size_t first,
                                            std::size_t end);

}  // namespace outrider::config
