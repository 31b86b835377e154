#pragma once
// ASCII text: the case rules and trimming of HTTP and YAML names, free of locales.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::ascii {

[[nodiscard]] constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Without spaces and tabs at both ends.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

[[nodiscard]] std::string to_lower(std::string_view text);

// The pieces between separators, empty ones included; views into `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// What a person probably meant: the candidate within an edit distance of a third of the length,
// or an empty view.
[[nodiscard]] std::string_view closest(std::string_view written,
                                       const std::vector<std::string_view>& candidates);

}  // namespace outrider::ascii
