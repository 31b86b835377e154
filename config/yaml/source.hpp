#pragma once
// The text of configuration: where it came from and what it says. Values; any thread.

#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace outrider::config {

struct SourceFile {
  std::string path;  // what diagnostics print: a path, or "-" for standard input
  std::string text;
};

// All that a stream has, or one byte more than a file may have: enough to refuse it.
[[nodiscard]] std::string read_text(std::istream& in);

// Every *.yaml and *.yml below a directory, sorted by path, or the one file that `path` names.
// Fails on the first that cannot be read; what the text says is load()'s concern.
[[nodiscard]] Result<std::vector<SourceFile>> read_directory(const std::filesystem::path& path);

}  // namespace outrider::config
