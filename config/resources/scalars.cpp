// How YAML scalars become values: JSON's types, none of YAML 1.1's surprises.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "config/resources/fields.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

bool refuse(const Node& node, std::string_view wanted, std::string help = {}) {
  node.error(fmt::format("{} has to be {}, not \"{}\"", node.path.text(), wanted, node.value.text),
             std::move(help));
  return false;
}

bool is_scalar(const Node& node, std::string_view wanted) {
  if (node.value.shape == yaml::Shape::Scalar) return true;
  node.error(fmt::format("{} has to be {}, not {}", node.path.text(), wanted,
                         to_string(node.value.shape)));
  return false;
}

// What Kubernetes' YAML reader turns into something other than a string.
bool changes_type(std::string_view text) {
  constexpr std::array words{"true", "True", "TRUE", "false", "False", "FALSE",
                             "yes",  "Yes",  "YES",  "no",    "No",    "NO",
                             "on",   "On",   "ON",   "off",   "Off",   "OFF"};
  if (std::find(words.begin(), words.end(), text) != words.end()) return true;
  double number = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, number);
  const bool numeric = error != std::errc::invalid_argument && rest == end;
  return numeric && (ascii::is_digit(text.back()) || text.back() == '.');
}

template <typename Integer>
bool read_integer(const Node& node, Integer& out) {
  if (!is_scalar(node, "a whole number")) return false;
  const std::string& text = node.value.text;
  if (node.value.quoted) return refuse(node, "a whole number", "remove the quotes");
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  if (text.size() > digits + 1 && text[digits] == '0') {
    return refuse(node, "a whole number", "write it in decimal, without a leading zero");
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc::result_out_of_range ||
      (error != std::errc{} && digits == 1 && ascii::is_digit(text.back()))) {
    return refuse(node, fmt::format("in range {}..{}", std::numeric_limits<Integer>::min(),
                                    std::numeric_limits<Integer>::max()));
  }
  if (error != std::errc{} || end != text.data() + text.size()) {
    return refuse(node, "a whole number");
  }
  return true;
}

}  // namespace

bool read(const Node& node, std::string& out) {
  if (!is_scalar(node, "a string")) return false;
  if (!node.value.quoted && changes_type(node.value.text)) {
    return refuse(node, "a string", fmt::format("write it in quotes: \"{}\"", node.value.text));
  }
  out = node.value.text;
  return true;
}

bool read(const Node& node, bool& out) {
  if (!is_scalar(node, "true or false")) return false;
  const std::string& text = node.value.text;
  if (node.value.quoted || (text != "true" && text != "false")) {
    return refuse(node, "true or false", node.value.quoted ? "remove the quotes" : "");
  }
  out = text == "true";
  return true;
}

bool read(const Node& node, std::int64_t& out) { return read_integer(node, out); }
bool read(const Node& node, std::uint32_t& out) { return read_integer(node, out); }

bool read(const Node& node, double& out) {
  if (!is_scalar(node, "a number")) return false;
  const std::string& text = node.value.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (node.value.quoted || error != std::errc{} || end != text.data() + text.size() ||
      !std::isfinite(out)) {
    return refuse(node, "a number");
  }
  return true;
}

bool read(const Node& node, Duration& out) {
  constexpr std::string_view wanted = "a duration such as \"10s\", \"1.5s\" or \"250ms\"";
  if (!is_scalar(node, wanted)) return false;
  constexpr std::array<std::pair<std::string_view, double>, 6> units{
      {{"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"h", 3600e9}, {"m", 60e9}, {"s", 1e9}}};
  std::string_view text = node.value.text;
  double total = 0;
  if (text.empty()) return refuse(node, wanted);
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0) return refuse(node, wanted);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const auto& u) { return text.starts_with(u.first); });
    if (unit == units.end()) return refuse(node, wanted, "add a unit: h, m, s or ms");
    total += number * unit->second;
    text.remove_prefix(unit->first.size());
  }
  if (total > 1e18) return refuse(node, "a duration below 30 years");
  out = Duration(static_cast<std::int64_t>(std::llround(total)));
  if (out % std::chrono::milliseconds(1) != Duration::zero()) {
    node.error("only durations to ms precision are supported");
    return false;
  }
  return true;
}

}  // namespace outrider::config
