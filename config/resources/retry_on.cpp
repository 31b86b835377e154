#include "config/resources/retry_on.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/resources/names.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr std::array<std::string_view, 16> kConditions{"5xx",
                                                       "gateway-error",
                                                       "reset",
                                                       "reset-before-request",
                                                       "connect-failure",
                                                       "envoy-ratelimited",
                                                       "retriable-4xx",
                                                       "refused-stream",
                                                       "retriable-status-codes",
                                                       "retriable-headers",
                                                       "http3-post-connect-failure",
                                                       "cancelled",
                                                       "deadline-exceeded",
                                                       "internal",
                                                       "resource-exhausted",
                                                       "unavailable"};

// These two cannot happen here: no HTTP/3, and no way yet to name the headers.
constexpr std::array<std::string_view, 2> kUnsupportedConditions{"http3-post-connect-failure",
                                                                 "retriable-headers"};

// The status codes that Go's net/http has a name for, which is what Istio asks.
constexpr std::array<std::int64_t, 62> kStatuses{
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307,
    308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421,
    422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};

bool is_status(std::string_view item) {
  if (item.starts_with('+')) item.remove_prefix(1);
  const auto number = whole_number(item);
  return number && std::find(kStatuses.begin(), kStatuses.end(), *number) != kStatuses.end();
}

bool contains(const auto& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// The list with each wrong item replaced by what was meant; empty if that is not known of all.
std::string corrected(const std::string& list) {
  std::vector<std::string_view> items;
  for (const std::string_view item : ascii::split(list, ',')) {
    const std::string_view trimmed = ascii::trim(item);
    const bool fine = is_status(trimmed) || contains(kConditions, trimmed);
    items.push_back(fine ? trimmed : ascii::closest(trimmed, {kConditions.begin(), kConditions.end()}));
    if (items.back().empty()) return {};
  }
  return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace

void retry_conditions(const Node& node, const std::string& list) {
  if (list.empty()) return;
  for (const std::string_view item : ascii::split(list, ',')) {
    if (contains(kUnsupportedConditions, item)) {
      node.reading.inactive(node.value.at, node.path.text(),
                            fmt::format("{}: {} is not supported yet", node.path.text(), item),
                            "remove it");
      continue;
    }
    if (is_status(item) || contains(kConditions, item)) continue;
    const std::string_view trimmed = ascii::trim(item);
    const std::string_view meant = ascii::closest(trimmed, {kConditions.begin(), kConditions.end()});
    std::string help = fmt::format("it takes status codes and {}", fmt::join(kConditions, ", "));
    if (trimmed != item && (is_status(trimmed) || contains(kConditions, trimmed))) {
      help = "remove the blanks around the commas";
    } else if (!meant.empty()) {
      help = fmt::format("did you mean \"{}\"?", meant);
    }
    Diagnostic& d = node.error(fmt::format("\"{}\" is not a valid retryOn policy", item), std::move(help));
    if (std::string fixed = corrected(list); !fixed.empty()) d.replace(node.value.at, std::move(fixed));
  }
}

bool retries_after_processing(std::string_view list) {
  constexpr std::array<std::string_view, 6> after{"5xx",           "gateway-error",     "reset",
                                                  "retriable-4xx", "deadline-exceeded", "internal"};
  const auto items = ascii::split(list, ',');
  return std::any_of(items.begin(), items.end(),
                     [&](std::string_view item) { return is_status(item) || contains(after, item); });
}

}  // namespace outrider::config
