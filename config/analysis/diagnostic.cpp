#include "config/analysis/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outrider::config {
namespace {

constexpr std::size_t kLongLine = 240;  // bytes; of a longer one a piece is shown
constexpr std::string_view kCut = "...";

bool inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

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

// A file's own control characters move no cursor, change no colour and begin no line of who reads about them: those of
// ASCII, and U+0080 to U+009F, which are C2 80 to C2 9F.
std::string printable(std::string text) {
  unsigned char before = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < ' ' && byte != '\t') || byte == 0x7f) text[i] = '?';
    if (before == 0xc2 && byte >= 0x80 && byte < 0xa0) text[i - 1] = text[i] = '?';
    before = byte;
  }
  return text;
}

std::string place(const Diagnostic& d) {
  if (d.line == 0) return printable(d.file);
  return fmt::format("{}:{}:{}", printable(d.file), d.line, d.column);
}

// Blanks up to the column, tabs kept so that the carets stand under what they mean.
std::string indent(const Diagnostic& d) {
  std::string blanks;
  const int column = d.source_column > 0 ? d.source_column : d.column;
  for (int i = 0; i + 1 < column; ++i) {
    const auto at = static_cast<std::size_t>(i);
    blanks += at < d.source_line.size() && d.source_line[at] == '\t' ? '\t' : ' ';
  }
  return blanks;
}

}  // namespace

void Diagnostic::show(std::string_view whole, std::size_t at) {
  if (whole.size() <= kLongLine) {
    source_line = whole;
    source_column = 0;
    return;
  }
  at = std::min(at, whole.size());
  std::size_t begin = at - std::min(at, kLongLine / 3);
  while (begin > 0 && inside_character(whole[begin])) --begin;
  std::size_t end = std::min(begin + kLongLine, whole.size());
  while (end < whole.size() && inside_character(whole[end])) ++end;
  const std::string_view before = whole.substr(begin, at - begin);
  const auto tails = std::count_if(before.begin(), before.end(), inside_character);
  const std::string_view cut = begin > 0 ? kCut : std::string_view();
  source_column = static_cast<int>(cut.size() + before.size() - static_cast<std::size_t>(tails)) + 1;
  source_line = fmt::format("{}{}{}", cut, whole.substr(begin, end - begin), end < whole.size() ? kCut : "");
}

std::size_t byte_of(std::string_view line, int column) {
  std::size_t at = 0;
  for (int i = 1; i < column && at < line.size(); ++i) {
    ++at;
    while (at < line.size() && inside_character(line[at])) ++at;
  }
  return at;
}

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
                                 c.bold, printable(d.message), c.off);
  text += fmt::format("{}{}-->{} {}\n", margin, c.edge, c.off, place(d));
  if (d.line != 0) {
    const int column = d.source_column > 0 ? d.source_column : d.column;
    const int rest = static_cast<int>(d.source_line.size()) - column + 1;
    const int carets = std::max(1, std::min(d.caret_length, rest));
    text += fmt::format("{} {}|{}\n", margin, c.edge, c.off);
    text += fmt::format("{}{} |{} {}\n", c.edge, number, c.off, printable(d.source_line));
    text += fmt::format("{} {}|{} {}{}{}{}\n", margin, c.edge, c.off, indent(d), c.level,
                        std::string(static_cast<std::size_t>(carets), '^'), c.off);
  }
  if (!d.note.empty()) text += fmt::format("{} {}={} note: {}\n", margin, c.edge, c.off, printable(d.note));
  if (!d.help.empty()) text += fmt::format("{} {}={} help: {}\n", margin, c.edge, c.off, printable(d.help));
  return text;
}

std::string render_line(const Diagnostic& d) {
  std::string text = fmt::format("{}[{}] {}: {}", to_string(d.level), d.code, place(d), printable(d.message));
  if (!d.help.empty()) text += fmt::format(" ({})", printable(d.help));
  return text;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.level == Level::Error; });
}

}  // namespace outrider::config
