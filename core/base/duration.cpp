#include "core/base/duration.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "core/base/in_quotes.hpp"

namespace outrider::tool {

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  using std::chrono::milliseconds;
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  // "ms" before "m": the first that fits is taken.
  static constexpr Unit units[] = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr std::int64_t most = 100LL * 365 * 86'400'000;
  const auto refused = [&] {
    return fail(fmt::format("{} is no duration: write for example 500ms, 10s, 1h30m or 24h",
                            in_quotes(text)));
  };
  if (text.empty()) return refused();
  std::int64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::uint32_t number = 0;
    const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (code != std::errc{}) return refused();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const Unit* unit = nullptr;
    for (const Unit& candidate : units) {
      if (unit == nullptr && rest.starts_with(candidate.name)) unit = &candidate;
    }
    if (unit == nullptr) return refused();
    total += static_cast<std::int64_t>(number) * unit->milliseconds;
    if (total > most) return refused();
    rest.remove_prefix(unit->name.size());
  }
  return milliseconds(total);
}

}  // namespace outrider::tool
