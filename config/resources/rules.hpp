#pragma once
// Rules that a field may have to keep, for the lines of describe(). Each is a callable
// rule(node, value) that reports at the value's place when it is broken. Pure; any thread.

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "config/resources/fields.hpp"

namespace outrider::config {

[[nodiscard]] constexpr auto in_range(std::int64_t low, std::int64_t high, const char* what) {
  return [=](const Node& node, std::int64_t value) {
    if (value >= low && value <= high) return;
    node.error(fmt::format("{}: {} {} must be in the range {}..{}", node.path.text(), what, value,
                           low, high));
  };
}

inline constexpr auto port_number = in_range(1, 65535, "port number");
inline constexpr auto percentage = in_range(0, 100, "percentage");

[[nodiscard]] constexpr auto at_least(std::int64_t low) {
  return [=](const Node& node, std::int64_t value) {
    if (value >= low) return;
    node.error(fmt::format("{}: {} is less than {}", node.path.text(), value, low));
  };
}

// Istio's limit: a duration that can be waited for.
inline constexpr auto positive = [](const Node& node, Duration value) {
  if (value < std::chrono::milliseconds(1)) {
    node.error(fmt::format("{}: duration must be greater than 1ms", node.path.text()));
  }
};

inline constexpr auto not_empty = [](const Node& node, const auto& value) {
  if (value.empty()) node.error(fmt::format("{} must not be empty", node.path.text()));
};

// The rule, for every item of a list.
template <typename Rule>
[[nodiscard]] constexpr auto each(Rule rule) {
  return [rule](const Node& node, const auto& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Path path{&node.path, {}, static_cast<int>(i)};
      rule(Node{node.reading, node.value.items[i], path}, detail::plain(values[i]));
    }
  };
}

// "order-service", "*.example.com": what a service may be called.
void host_name(const Node& node, const std::string& host);

// A host name without a wildcard.
void exact_host_name(const Node& node, const std::string& host);

// RFC 1123: at most 63 of a-z, 0-9 and '-', the first and the last no '-'.
void dns_label(const Node& node, const std::string& name);

void ip_address(const Node& node, const std::string& address);

// A regular expression of RE2's that fits Istio's limit.
void regular_expression(const Node& node, const std::string& pattern);

void header_name(const Node& node, const std::string& name);

[[nodiscard]] bool is_dns_label(std::string_view name);
[[nodiscard]] bool is_ip_address(std::string_view text);

}  // namespace outrider::config
