#include "config/resources/retry_on.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

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

bool is_status(std::string_view item) {
  return item.size() == 3 && item[0] >= '1' && item[0] <= '5' && ascii::is_digit(item[1]) &&
         ascii::is_digit(item[2]);
}

bool contains(const auto& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

void retry_conditions(const Node& node, const std::string& list) {
  if (list.empty()) return;
  for (const std::string_view item : ascii::split(list, ',')) {
    if (contains(kUnsupportedConditions, item)) {
      node.reading.report(Level::Error, code::kUnsupported, node.value.at,
                          fmt::format("{}: {} is not supported yet", node.path.text(), item));
      continue;
    }
    if (is_status(item) || contains(kConditions, item)) continue;
    const std::string_view trimmed = ascii::trim(item);
    const std::string_view meant =
        ascii::closest(trimmed, {kConditions.begin(), kConditions.end()});
    std::string help = fmt::format("known: a status code, {}", fmt::join(kConditions, ", "));
    if (trimmed != item && contains(kConditions, trimmed)) {
      help = "remove the blanks around the commas";
    } else if (!meant.empty()) {
      help = fmt::format("did you mean \"{}\"?", meant);
    }
    node.error(fmt::format("\"{}\" is not a valid retryOn policy", item), std::move(help));
  }
}

bool retries_after_processing(std::string_view list) {
  constexpr std::array<std::string_view, 6> after{"5xx",           "gateway-error",     "reset",
                                                  "retriable-4xx", "deadline-exceeded", "internal"};
  const auto items = ascii::split(list, ',');
  return std::any_of(items.begin(), items.end(), [&](std::string_view item) {
    return is_status(item) || contains(after, item);
  });
}

}  // namespace outrider::config
