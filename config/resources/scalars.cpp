// How YAML scalars become values, and values scalars. What a plain scalar is to YAML 1.1 is what
// Kubernetes and Istio read (yaml/plain.hpp); where a person may have meant something else we say so.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "config/resources/fields.hpp"
#include "config/yaml/plain.hpp"

namespace outrider::config {
namespace {

using yaml::Plain;
using yaml::Shape;

Diagnostic& refuse(const Node& node, std::string_view wanted, std::string help = {}) {
  if (node.value.shape != Shape::Scalar) {
    return node.error(
        fmt::format("{} has to be {}, not {}", node.path.text(), wanted, to_string(node.value.shape)),
        help);
  }
  return node.error(fmt::format("{} has to be {}, not \"{}\"", node.path.text(), wanted, node.value.text),
                    std::move(help));
}

Plain meaning(const Node& node) { return node.value.quoted ? Plain{} : yaml::plain(node.value.text); }

// "80": Istio reads a number all the same, a cluster's schema refuses it.
std::optional<double> quoted_number(const Node& node) {
  if (!node.value.quoted) return {};
  std::string_view text = node.value.text;  // Istio passes over blanks around it
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const bool zero_first = text.size() > sign + 1 && text[sign] == '0' && text[sign + 1] != '.';
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || zero_first || text.size() == sign ||
      text[sign] < '0' || text[sign] > '9') {
    return {};
  }
  if (!node.reading.strict_istio()) {
    Diagnostic& d =
        node.warning(fmt::format("{}: a number in quotes", node.path.text()), "remove the quotes");
    d.note = "Istio reads it as the number; the schema of a cluster refuses it";
    d.replace(node.value.at, std::string(text));
  }
  return number;
}

void tell_surprise(const Node& node, const std::string& read_as) {
  if (node.reading.strict_istio()) return;
  Diagnostic& d =
      node.warning(fmt::format("{}: YAML reads {} as {}", node.path.text(), node.value.text, read_as),
                   fmt::format("write {} if that is meant", read_as));
  d.replace(node.value.at, read_as);
}

template <typename Integer>
bool read_integer(const Node& node, Integer& out) {
  if (node.value.shape == Shape::Null) return true;
  double number = 0;
  const Plain plain = node.value.shape == Shape::Scalar ? meaning(node) : Plain{};
  if (plain.kind == Plain::Kind::Number) {
    number = plain.number;
  } else if (const auto quoted = quoted_number(node)) {
    number = *quoted;
  } else {
    refuse(node, "a whole number");
    return false;
  }
  const bool fraction_written =
      node.value.quoted && node.value.text.find_first_of(".eE") != std::string::npos;
  if (number != std::floor(number) || std::isinf(number) || fraction_written) {
    refuse(node, "a whole number");
    return false;
  }
  using Limits = std::numeric_limits<Integer>;
  if (number < static_cast<double>(Limits::min()) || number > static_cast<double>(Limits::max()) ||
      (sizeof(Integer) == 8 && number >= static_cast<double>(Limits::max()))) {
    refuse(node, fmt::format("in range {}..{}", Limits::min(), Limits::max()));
    return false;
  }
  out = static_cast<Integer>(number);
  if (plain.surprises) tell_surprise(node, fmt::format("{}", out));
  return true;
}

}  // namespace

bool read(const Node& node, std::string& out) {
  if (node.value.shape == Shape::Null) return true;  // an item of a list
  const Plain plain =
      node.value.shape == Shape::Scalar ? meaning(node) : Plain{Plain::Kind::Null, false, 0, false};
  if (plain.kind == Plain::Kind::Text) {
    out = node.value.text;
    return true;
  }
  if (node.value.shape != Shape::Scalar) {
    refuse(node, "a string");
    return false;
  }
  Diagnostic& d = refuse(node, "a string", fmt::format("write it in quotes: \"{}\"", node.value.text));
  d.note = fmt::format("without quotes YAML reads it as a {}",
                       plain.kind == Plain::Kind::Bool ? "truth value" : "number");
  d.replace(node.value.at, fmt::format("\"{}\"", node.value.text));
  return false;
}

bool read(const Node& node, bool& out) {
  if (node.value.shape == Shape::Null) return true;
  const Plain plain = node.value.shape == Shape::Scalar ? meaning(node) : Plain{};
  if (plain.kind != Plain::Kind::Bool) {
    const bool in_quotes = node.value.quoted && (node.value.text == "true" || node.value.text == "false");
    Diagnostic& d = refuse(node, "true or false", in_quotes ? "remove the quotes" : "");
    if (in_quotes) d.replace(node.value.at, node.value.text);
    return false;
  }
  out = plain.truth;
  if (plain.surprises) tell_surprise(node, out ? "true" : "false");
  return true;
}

bool read(const Node& node, std::int32_t& out) { return read_integer(node, out); }
bool read(const Node& node, std::uint32_t& out) { return read_integer(node, out); }
bool read(const Node& node, std::uint64_t& out) { return read_integer(node, out); }

bool read(const Node& node, double& out) {
  if (node.value.shape == Shape::Null) return true;
  const Plain plain = node.value.shape == Shape::Scalar ? meaning(node) : Plain{};
  if (plain.kind == Plain::Kind::Number && std::isfinite(plain.number)) {
    out = plain.number;
    if (plain.surprises) tell_surprise(node, fmt::format("{}", out));
    return true;
  }
  if (const auto quoted = quoted_number(node)) {
    out = *quoted;
    return true;
  }
  const std::string& text = node.value.text;
  if (node.reading.strict_istio() && node.value.quoted && (text == "NaN" || text == "Infinity" || text == "-Infinity")) {
    out = text == "NaN" ? std::nan("") : text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    return true;
  }
  refuse(node, "a number");
  return false;
}

std::optional<std::uint32_t> read_map_key(const Node& node, const yaml::Entry& entry) {
  std::uint32_t key = 0;
  const std::string& text = entry.key;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  if (error == std::errc{} && end == text.data() + text.size() && !leading_zero) return key;
  Diagnostic& d = node.reading.error(
      entry.key_at, fmt::format("{}: \"{}\" has to be a whole number: type conversion error from string",
                                node.path.text(), text));
  d.path = node.path.text();
  return {};
}

bool read(const Node& node, Duration& out) {
  constexpr std::string_view wanted = "a duration such as \"10s\", \"1.5s\" or \"250ms\"";
  struct Unit {
    std::string_view name;
    double nanoseconds;
  };
  constexpr std::array<Unit, 8> units{{{"ns", 1},
                                       {"us", 1e3},
                                       {"\u00b5s", 1e3},
                                       {"\u03bcs", 1e3},
                                       {"ms", 1e6},
                                       {"s", 1e9},
                                       {"m", 60e9},
                                       {"h", 3600e9}}};
  if (node.value.shape == Shape::Null) return true;
  if (node.value.shape != Shape::Scalar) {
    refuse(node, wanted);
    return false;
  }
  const Plain plain = meaning(node);
  std::string_view text = node.value.text;
  if (plain.kind != Plain::Kind::Text) {
    Diagnostic& d = refuse(node, wanted,
                           plain.kind == Plain::Kind::Number ? fmt::format("add a unit: {}s", text)
                                                             : "write a number and a unit: h, m, s or ms");
    if (plain.kind == Plain::Kind::Number && !plain.surprises && plain.number >= 0) {
      d.replace(node.value.at, fmt::format("{}s", text));
    }
    return false;
  }
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") {
    out = Duration::zero();
    return true;
  }
  long double total = 0;
  bool fine = !text.empty();
  while (fine && !text.empty()) {
    double number = 0;
    const bool digits = text[0] == '.' || (text[0] >= '0' && text[0] <= '9');
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (!digits || error != std::errc{}) fine = false;
    if (!fine) break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    // "m" begins "ms" as well, so the letters up to the next digit have to be the unit.
    const std::size_t length = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& u) { return u.name == text.substr(0, length); });
    fine = unit != units.end();
    if (!fine) break;
    total += static_cast<long double>(number) * unit->nanoseconds;
    text.remove_prefix(length);
  }
  if (!fine) {
    Diagnostic& d = refuse(node, wanted, "write a number and a unit: h, m, s or ms");
    d.message += ": it must be a valid duration greater than 1ms";
    return false;
  }
  if (total >= 9.223372036854775807e18L) {
    refuse(node, "a duration below 292 years");
    return false;
  }
  out = Duration(static_cast<std::int64_t>(std::llround(negative ? -total : total)));
  return true;
}

yaml::Value print(const std::string& value) { return {Shape::Scalar, {}, true, value, {}, {}}; }
yaml::Value print(bool value) { return {Shape::Scalar, {}, false, value ? "true" : "false", {}, {}}; }
yaml::Value print(std::int64_t value) { return {Shape::Scalar, {}, false, std::to_string(value), {}, {}}; }
yaml::Value print(std::uint64_t value) { return {Shape::Scalar, {}, false, std::to_string(value), {}, {}}; }
yaml::Value print(double value) { return {Shape::Scalar, {}, false, fmt::format("{}", value), {}, {}}; }

// In the largest units that leave no fraction: "1h30m", "1.5s" as "1s500ms" would be, is "1500ms".
yaml::Value print(Duration value) {
  struct Unit {
    std::int64_t nanoseconds;
    const char* name;
  };
  constexpr std::array<Unit, 6> units{{{3600'000'000'000, "h"},
                                       {60'000'000'000, "m"},
                                       {1'000'000'000, "s"},
                                       {1'000'000, "ms"},
                                       {1000, "us"},
                                       {1, "ns"}}};
  const std::int64_t count = value.count();
  for (const Unit& unit : units) {
    if (count == 0) return print(std::string("0s"));
    if (count % unit.nanoseconds == 0)
      return print(fmt::format("{}{}", count / unit.nanoseconds, unit.name));
  }
  return {};
}

}  // namespace outrider::config
