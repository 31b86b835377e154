#pragma once
// Command lines that answer a typo with what was probably meant, and exit codes as sysexits has
// them. Shared by the binaries that parse with CLI11; main thread only.

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace outrider::tool {

// DESIGN.md section 8.
enum ExitCode : int { fine = 0, failed = 1, usage = 64, unreadable_input = 65, findings = 79 };

// Parses; nothing when the program is to go on, else the code to exit with: 0 after --help or
// --version, 64 after telling what was wrong and what was probably meant.
[[nodiscard]] std::optional<int> parse_or_exit_code(CLI::App& app, int argc, char** argv);

// "90s", "24h", "1h30m", "500ms", "2d". Never negative; a bare number has no unit and is refused.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace outrider::tool
