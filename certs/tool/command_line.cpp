#include "certs/tool/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <vector>

#include "core/base/ascii.hpp"

namespace outrider::tool {
namespace {

// The subcommand that was being parsed, and the way there: "outriderctl get".
const CLI::App& deepest(const CLI::App& app, std::string& path) {
  path = app.get_name();
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().back();
    path += " " + at->get_name();
  }
  return *at;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

// The one name that goes on as it was begun, else the one that is nearly the same.
std::string closest_of(std::string_view written, const std::vector<std::string>& names) {
  std::vector<std::string> longer;
  std::copy_if(names.begin(), names.end(), std::back_inserter(longer),
               [&](const std::string& name) { return name.starts_with(written); });
  if (longer.size() == 1 && written.size() > 2) return longer.front();
  return std::string(ascii::closest(written, {names.begin(), names.end()}));
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  std::string path;
  const CLI::App& command = deepest(app, path);
  const auto leftover = app.remaining(true);
  if (leftover.empty()) return fmt::format("{}: {}", path, error.what());
  const std::string& word = leftover.front();
  std::string said, guess;
  if (word.starts_with('-') && word != "-") {
    const std::string flag = word.substr(0, word.find('='));
    said = fmt::format("unknown flag {}", flag);
    guess = closest_of(flag, flags_of(command));
  } else if (command.get_require_subcommand_min() > 0) {
    std::vector<std::string> names;
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
    }
    said = fmt::format("unknown command {:?}", word);
    guess = closest_of(word, names);
  } else {
    said = fmt::format("unexpected argument {:?}", word);
  }
  if (!guess.empty()) return fmt::format("{}: {}; did you mean {}?", path, said, guess);
  return fmt::format("{}: {}", path, said);
}

}  // namespace

std::optional<int> parse_or_exit_code(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::string path;
    const std::string said = explain(app, error);
    deepest(app, path);
    fmt::print(stderr, "{}\nTry '{} --help'.\n", said, path);
    return usage;
  }
}

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
    return fail(fmt::format("{:?} is no duration: write for example 500ms, 10s, 1h30m or 24h",
                            text));
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
