#include "config/yaml/plain.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace outrider::config::yaml {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <std::size_t N>
bool among(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Whole numbers: 0x1F, 0b11, 0o17 and 017 count in another base; "_" may group digits.
bool read_whole(std::string_view text, Plain& out) {
  const bool negative = text.starts_with('-');
  std::string digits(text.substr(negative || text.starts_with('+') ? 1 : 0));
  std::erase(digits, '_');
  int base = 10;
  std::size_t skip = 0;
  if (digits.size() > 1 && digits[0] == '0') {
    const char c = static_cast<char>(digits[1] | 0x20);
    base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
    skip = c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
  }
  if (digits.size() == skip) return false;
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data() + skip, end, value, base);
  if (error != std::errc{} || rest != end) return false;
  out.kind = Plain::Kind::Number;
  out.number = negative ? -static_cast<double>(value) : static_cast<double>(value);
  out.surprises = base != 10 || digits.size() + (negative ? 1 : 0) != text.size();
  return true;
}

bool read_real(std::string_view text, Plain& out) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  const auto digits = [&] {
    std::size_t n = 0;
    while (n < rest.size() && is_digit(rest[n])) ++n;
    rest.remove_prefix(n);
    return n;
  };
  const std::size_t before = digits();
  std::size_t after = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    after = digits();
  }
  if (before + after == 0) return false;
  const bool exponent = rest.starts_with('e') || rest.starts_with('E');
  if (exponent) {
    rest.remove_prefix(1);
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (!rest.empty()) return false;
  const std::size_t sign = text.starts_with('+') ? 1 : 0;
  const auto [end, error] = std::from_chars(text.data() + sign, text.data() + text.size(), out.number);
  if (error == std::errc::result_out_of_range) out.number = std::numeric_limits<double>::infinity();
  out.kind = Plain::Kind::Number;
  out.surprises = exponent;
  return true;
}

}  // namespace

Plain plain(std::string_view text) {
  Plain out;
  if (text.empty()) return {Plain::Kind::Null, false, 0, false};
  const char first = text.front();
  if (is_digit(first) || first == '-' || first == '+' || first == '.') {
    if (read_whole(text, out) || read_real(text, out)) return out;
    constexpr std::array<std::string_view, 12> unreal{".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
                                                      "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN"};
    if (!among(text, unreal)) return out;
    return {Plain::Kind::Number, false, std::numeric_limits<double>::infinity(), true};
  }
  constexpr std::array<std::string_view, 4> nothing{"~", "null", "Null", "NULL"};
  if (among(text, nothing)) return {Plain::Kind::Null, false, 0, false};
  constexpr std::array<std::string_view, 3> yes{"true", "True", "TRUE"}, no{"false", "False", "FALSE"};
  constexpr std::array<std::string_view, 8> old_yes{"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
  constexpr std::array<std::string_view, 8> old_no{"n", "N", "no", "No", "NO", "off", "Off", "OFF"};
  if (among(text, yes)) return {Plain::Kind::Bool, true, 0, text != "true"};
  if (among(text, no)) return {Plain::Kind::Bool, false, 0, text != "false"};
  if (among(text, old_yes)) return {Plain::Kind::Bool, true, 0, true};
  if (among(text, old_no)) return {Plain::Kind::Bool, false, 0, true};
  return out;
}

}  // namespace outrider::config::yaml
