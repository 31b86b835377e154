#include "config/analysis/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outrider::config {
namespace {

struct Colours {
  std::string_view level, bold, edge, off;
};

Colours colours_of(Level level, bool colour) {
  if (!colour) return {};
  switch (level) {
    case Level::Info: return {"\x1b[1;36m", "\x1b[1m", "\x1b[1;34m", "\x1b[0m"};
    case Level::Warning: return {"\x1b[1;33m", "\x1b[1m", "\x1b[1;34m", "\x1b[0m"};
    case Level::Error: return {"\x1b[1;31m", "\x1b[1m", "\x1b[1;34m", "\x1b[0m"};
  }
  return {};
}

std::string place(const Diagnostic& d) {
  if (d.line == 0) return d.file;
  return fmt::format("{}:{}:{}", d.file, d.line, d.column);
}

// Blanks up to the column, tabs kept so that the carets stand under what they mean.
std::string indent(const Diagnostic& d) {
  std::string blanks;
  for (int i = 0; i + 1 < d.column; ++i) {
    const auto at = static_cast<std::size_t>(i);
    blanks += at < d.source_line.size() && d.source_line[at] == '\t' ? '\t' : ' ';
  }
  return blanks;
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Info: return "info";
    case Level::Warning: return "warning";
    case Level::Error: return "error";
  }
  return "";
}

std::string render(const Diagnostic& d, bool colour) {
  const Colours c = colours_of(d.level, colour);
  const std::string number = d.line == 0 ? "" : std::to_string(d.line);
  const std::string margin(number.size(), ' ');
  std::string text = fmt::format("{}{}[{}]{}{}: {}{}\n", c.level, to_string(d.level), d.code, c.off,
                                 c.bold, d.message, c.off);
  text += fmt::format("{}{}-->{} {}\n", margin, c.edge, c.off, place(d));
  if (d.line != 0) {
    const int rest = static_cast<int>(d.source_line.size()) - d.column + 1;
    const int carets = std::max(1, std::min(d.caret_length, rest));
    text += fmt::format("{} {}|{}\n", margin, c.edge, c.off);
    text += fmt::format("{}{} |{} {}\n", c.edge, number, c.off, d.source_line);
    text += fmt::format("{} {}|{} {}{}{}{}\n", margin, c.edge, c.off, indent(d), c.level,
                        std::string(static_cast<std::size_t>(carets), '^'), c.off);
  }
  if (!d.note.empty()) text += fmt::format("{} {}={} note: {}\n", margin, c.edge, c.off, d.note);
  if (!d.help.empty()) text += fmt::format("{} {}={} help: {}\n", margin, c.edge, c.off, d.help);
  return text;
}

std::string render_line(const Diagnostic& d) {
  std::string text = fmt::format("{}[{}] {}: {}", to_string(d.level), d.code, place(d), d.message);
  if (!d.help.empty()) text += fmt::format(" ({})", d.help);
  return text;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.level == Level::Error; });
}

}  // namespace outrider::config
