#include "core/command_line/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <vector>

#include "core/base/ascii.hpp"
#include "core/base/exit_code.hpp"
#include "core/base/in_quotes.hpp"

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
    said = fmt::format("unknown command {}", in_quotes(word));
    guess = closest_of(word, names);
  } else {
    said = fmt::format("unexpected argument {}", in_quotes(word));
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

}  // namespace outrider::tool
