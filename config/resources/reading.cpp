#include "config/resources/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace outrider::config {
namespace {

// What quotes a value of megabytes is no message any more.
std::string shortened(std::string text) {
  constexpr std::size_t longest = 4096;
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace

Reading::Reading(std::string file, const yaml::Document& document, const ReadingRules& rules,
                 std::vector<Diagnostic>& diagnostics)
    : file_(std::move(file)), document_(document), rules_(rules), diagnostics_(diagnostics) {}

Diagnostic& Reading::report(Level level, std::string_view code, yaml::Position at, std::string message,
                            std::string help) {
  failed_ |= level == Level::Error;
  errors_ += level == Level::Error ? 1 : 0;
  if ((level == Level::Warning && unwarned_ > 0) || full(level)) return unwanted_ = {};
  ++reported_[static_cast<std::size_t>(level)];
  Diagnostic& d = diagnostics_.emplace_back();
  d.code = code;
  d.level = level;
  d.message = shortened(std::move(message));
  d.file = file_;
  d.line = at.line;
  d.column = at.column;
  const std::string_view line = line_of(document_.text, document_.first_line, at.line);
  const auto before = static_cast<std::ptrdiff_t>(document_.offset) + (line.data() - document_.text.data());
  if (!line.empty()) d.show(line, static_cast<std::size_t>(std::max<std::ptrdiff_t>(at.offset - before, 0)));
  d.caret_length = at.length;
  d.help = shortened(std::move(help));
  return d;
}

std::string_view Reading::label(const std::string& name) const {
  if (rules_.labels == nullptr) return {};
  const auto found = rules_.labels->find(name);
  return found == rules_.labels->end() ? std::string_view() : std::string_view(found->second);
}

bool Reading::of_gateway_api(std::string_view what) const {
  if (!strict_istio() || rules_.annotations == nullptr) return false;
  const auto found = rules_.annotations->find(fmt::format("internal.istio.io/{}-semantics", what));
  return found != rules_.annotations->end() && found->second == "gateway";
}

void Reading::inactive(yaml::Position at, const std::string& path, std::string message, std::string help) {
  if (below_inactive_ > 0) return;
  const std::size_t errors = errors_;
  Diagnostic& d = report(rules_.inactive, code::kUnsupported, at, std::move(message), std::move(help));
  d.path = path;
  d.note = "it is read and checked, but nothing acts on it yet";
  errors_ = errors;
}

std::string_view line_of(std::string_view document, int first_line, int line) {
  if (line < first_line) return {};
  for (int skip = line - first_line; skip > 0; --skip) {
    const std::size_t end = document.find('\n');
    if (end == std::string_view::npos) return {};
    document.remove_prefix(end + 1);
  }
  std::string_view found = document.substr(0, document.find('\n'));
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

std::string Path::text() const {
  std::string above = parent != nullptr ? parent->text() : std::string();
  if (index >= 0) return fmt::format("{}[{}]", above, index);
  if (above.empty()) return std::string(name);
  return name.empty() ? above : fmt::format("{}.{}", above, name);
}

Diagnostic& Node::report(Level level, std::string_view code, std::string message, std::string help) const {
  Diagnostic& d = reading.report(level, code, value.at.line != 0 ? value.at : place(), std::move(message),
                                 std::move(help));
  d.path = path.text();
  return d;
}

}  // namespace outrider::config
