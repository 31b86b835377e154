#pragma once
// Command lines that answer a typo with what was probably meant. Shared by all binaries; main
// thread only.

#include <optional>

namespace CLI {
class App;
}

namespace outrider::tool {

// Parses; nothing when the program is to go on, else the code to exit with: 0 after --help or
// --version, 64 after telling what was wrong and what was probably meant.
[[nodiscard]] std::optional<int> parse_or_exit_code(CLI::App& app, int argc, char** argv);

}  // namespace outrider::tool
