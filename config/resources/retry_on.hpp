#pragma once
// `retryOn`: the conditions under which a request is sent again. Pure; any thread.

#include <string>

#include "config/resources/reading.hpp"

namespace outrider::config {

// A comma-separated list of conditions and status codes.
void retry_conditions(const Node& node, const std::string& list);

// Asks for another try after the request may have been processed.
[[nodiscard]] bool retries_after_processing(std::string_view list);

}  // namespace outrider::config
