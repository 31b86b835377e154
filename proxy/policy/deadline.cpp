#include "proxy/policy/deadline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ascii.hpp"

namespace outrider::proxy {
namespace {

using protocol::HeaderName;

constexpr std::int64_t largest_count = 99'999'999;

constexpr struct Unit {
  char letter;
  std::int64_t ns;
} units[] = {
    {'n', 1},
    {'u', 1'000},
    {'m', 1'000'000},
    {'S', 1'000'000'000},
    {'M', 60'000'000'000},
    {'H', 3'600'000'000'000},
};

}  // namespace

std::optional<Duration> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto* unit = std::ranges::find(units, text.back(), &Unit::letter);
  if (unit == std::end(units)) return std::nullopt;
  std::int64_t count = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (!ascii::is_digit(c)) return std::nullopt;
    count = count * 10 + (c - '0');
  }
  constexpr std::int64_t most = longest_timeout.count();
  return Duration(count > most / unit->ns ? most : count * unit->ns);
}

std::string format_grpc_timeout(Duration remaining) {
  const std::int64_t ns = std::max<std::int64_t>(remaining.count(), 0);
  // The finest unit that fits eight digits loses the least.
  for (const Unit& unit : units) {
    if (ns / unit.ns <= largest_count) return fmt::format("{}{}", ns / unit.ns, unit.letter);
  }
  return fmt::format("{}H", largest_count);
}

Result<EffectiveTimeout> effective_timeout(const Forward& forward, const protocol::Head& head) {
  EffectiveTimeout effective;
  if (forward.timeout > Duration{0}) effective.route = forward.timeout;
  const protocol::HeaderField* field = head.fields.find(HeaderName::GrpcTimeout);
  if (field == nullptr || !protocol::is_grpc(head)) return effective;

  const auto count = std::ranges::count(head.fields.fields(), HeaderName::GrpcTimeout,
                                        &protocol::HeaderField::id);
  const std::optional<Duration> asked = parse_grpc_timeout(field->value);
  if (count > 1) return fail("grpc-timeout is there more than once");
  if (!asked) return fail("grpc-timeout has to be one to eight digits and one of H M S m u n");

  effective.client = asked;
  if (forward.max_grpc_timeout && forward.max_grpc_timeout > Duration{0} &&
      *forward.max_grpc_timeout < *asked) {
    effective.route = std::min(effective.route.value_or(Duration::max()), *forward.max_grpc_timeout);
  }
  return effective;
}

std::optional<Duration> attempt_timeout(const Forward& forward, std::optional<Duration> remaining) {
  if (!forward.retry || forward.retry->per_try_timeout <= Duration{0}) return std::nullopt;
  if (remaining && forward.retry->per_try_timeout >= *remaining) return std::nullopt;
  return forward.retry->per_try_timeout;
}

}  // namespace outrider::proxy
