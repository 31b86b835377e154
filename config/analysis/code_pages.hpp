#pragma once
// What each code of a diagnostic means, and what to do about it. Constant; any thread.

#include <span>
#include <string_view>

namespace outrider::config {

struct CodePage {
  std::string_view code, title, text;
};
[[nodiscard]] std::span<const CodePage> code_pages();
[[nodiscard]] const CodePage* code_page(std::string_view code);  // in either case; null when there is none

}  // namespace outrider::config
