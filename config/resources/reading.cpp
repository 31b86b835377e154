#include "config/resources/reading.hpp"

#include <algorithm>
#include <utility>

namespace outrider::config {

Reading::Reading(std::string file, const yaml::Document& document, bool strict_istio,
                 std::vector<Diagnostic>& diagnostics)
    : file_(std::move(file)),
      document_(document),
      strict_istio_(strict_istio),
      diagnostics_(diagnostics) {}

Diagnostic& Reading::report(Level level, std::string_view code, yaml::Position at,
                            std::string message, std::string help) {
  failed_ = failed_ || level == Level::Error;
  return diagnostics_.emplace_back(
      Diagnostic{std::string(code),
                 level,
                 std::move(message),
                 file_,
                 at.line,
                 at.column,
                 std::string(line_of(document_.text, document_.first_line, at.line)),
                 at.length,
                 {},
                 std::move(help)});
}

std::string_view line_of(std::string_view document, int first_line, int line) {
  if (line < first_line) return {};
  for (int skip = line - first_line; skip > 0; --skip) {
    const std::size_t end = document.find('\n');
    if (end == std::string_view::npos) return {};
    document.remove_prefix(end + 1);
  }
  document = document.substr(0, document.find('\n'));
  if (document.ends_with('\r')) document.remove_suffix(1);
  return document;
}

std::string Path::text() const {
  std::string before = parent == nullptr ? "" : parent->text();
  if (index >= 0) return before + '[' + std::to_string(index) + ']';
  if (!before.empty() && !name.empty()) before += '.';
  return before.append(name);
}

}  // namespace outrider::config
