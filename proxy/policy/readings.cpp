#include "proxy/policy/readings.hpp"

#include <algorithm>

#include "proxy/policy/normalize.hpp"

namespace outrider::proxy {
namespace {

// Visible ASCII but `%`, once: what a policy can name, and what has a meaning in a path.
std::string decoded(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (const auto byte = unescape(path, i); byte && *byte > 0x20 && *byte < 0x7f && *byte != '%') {
      c = *byte;
      i += 2;
    }
    out += c == '\\' ? '/' : c;
  }
  return out;
}

std::string without_parameters(std::string_view path) {
  std::string out;
  bool parameter = false;
  for (const char c : path) {
    if (c == '/') parameter = false;
    if (c == ';') parameter = true;
    if (!parameter) out += c;
  }
  return out;
}

}  // namespace

bool has_other_readings(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    if (c == '%' || c == ';' || (c == '/' && before == '/')) return true;
    before = c;
  }
  return false;
}

std::vector<std::string> other_readings(std::string_view path) {
  std::vector<std::string> readings;
  const auto add = [&](std::string reading, bool merge) {
    resolve_dots(reading, merge);
    if (reading != path && std::ranges::find(readings, reading) == readings.end()) {
      readings.push_back(std::move(reading));
    }
  };
  for (const bool merge : {false, true}) {
    add(std::string(path), merge);
    add(without_parameters(path), merge);
    add(decoded(path), merge);
    add(decoded(without_parameters(path)), merge);
    add(without_parameters(decoded(path)), merge);
    add(without_parameters(decoded(without_parameters(path))), merge);
  }
  return readings;
}

}  // namespace outrider::proxy
