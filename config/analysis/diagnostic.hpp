#pragma once
// What is wrong with a configuration, at which line, and what to write instead.
// A value; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/position.hpp"

namespace outrider::config {

enum class Level { Info, Warning, Error };

// Text to put in the place of some bytes of the file.
struct Edit {
  int offset = 0;
  int bytes = 0;
  std::string text;

  auto operator<=>(const Edit&) const = default;
};

struct Diagnostic {
  std::string code;  // istioctl's ("IST0101") where it has one, else ours ("OUT0001"): codes.hpp
  Level level = Level::Error;
  std::string message;  // in Istio's words where Istio has words
  std::string file;
  int line = 0;  // 1-based; 0: the whole file
  int column = 0;
  std::string source_line;
  int caret_length = 0;
  std::string note;       // what happens because of it
  std::string help;       // what to write instead
  std::string path;       // "spec.http[1].timeout"
  std::vector<Edit> fix;  // the help, done; empty: only its author can
  int source_column = 0;  // of the column in `source_line`, where that is a piece; 0: the same

  void replace(const yaml::Position& at, std::string text) {
    fix.push_back({at.offset, at.bytes, std::move(text)});
  }
  // Keeps the line, or of a long one (JSON in a single line) the piece around its byte `at`.
  void show(std::string_view line, std::size_t at);
};

// The byte at which a column begins.
[[nodiscard]] std::size_t byte_of(std::string_view line, int column);

[[nodiscard]] std::string_view to_string(Level level);  // "info", "warning", "error"

// Several lines, as rustc prints them: code, place, the source line with carets, note, help.
[[nodiscard]] std::string render(const Diagnostic& diagnostic, bool colour);

// One line for NACKs and logs: "error[IST0106] vs.yaml:12:7: message".
[[nodiscard]] std::string render_line(const Diagnostic& diagnostic);

[[nodiscard]] bool has_errors(const std::vector<Diagnostic>& diagnostics);

}  // namespace outrider::config
