#pragma once
// `outriderctl explain`: a page for a kind, a field of it, or a diagnostic's code. Pure; any thread.

#include <expected>
#include <string>
#include <string_view>

namespace outrider::config {

// "VirtualService", "vs.spec.http.retries", "IST0106"; else what was meant, as far as it can be guessed.
[[nodiscard]] std::expected<std::string, std::string> explain(std::string_view what);

}  // namespace outrider::config
