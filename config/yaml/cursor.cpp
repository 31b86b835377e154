#include <algorithm>

#include "config/yaml/reader.hpp"

namespace outrider::config::yaml {

bool Cursor::at_line_end(std::size_t ahead) const {
  const std::size_t at = at_ + ahead;
  return at >= text_.size() || text_[at] == '\n' ||
         (text_[at] == '\r' && (at + 1 >= text_.size() || text_[at + 1] == '\n'));
}

bool Cursor::blank_follows(std::size_t ahead) const {
  return at_line_end(ahead) || text_[at_ + ahead] == ' ' || text_[at_ + ahead] == '\t';
}

std::string_view Cursor::rest_of_line() const {
  std::string_view rest = text_.substr(std::min(at_, text_.size()));
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

void Cursor::newline() {
  if (peek() == '\r') advance();
  advance();
  ++line_;
  line_start_ = at_;
}

void Cursor::skip_blanks() {
  while (peek() == ' ' || peek() == '\t') ++at_;
}

void Cursor::skip_to_token() {
  Mark tab{};
  bool tabbed = false;
  while (!at_end()) {
    const char c = peek();
    if (at_line_end()) {
      if (peek() == '\r' && at_ + 1 >= text_.size()) ++at_;
      if (!at_end()) newline();
      tabbed = false;
    } else if (c == ' ') {
      ++at_;
    } else if (c == '\t') {
      const std::string_view before = text_.substr(line_start_, at_ - line_start_);
      if (!tabbed && before.find_first_not_of(' ') == std::string_view::npos) {
        tab = mark();
        tabbed = true;
      }
      ++at_;
    } else if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      break;
    }
  }
  if (at_end() || !tabbed) return;
  reset(tab);
  refuse("a tab in the indentation", "YAML is indented with spaces: replace the tab by spaces");
}

void Cursor::reset(const Mark& mark) {
  at_ = mark.at;
  line_start_ = mark.line_start;
  line_ = mark.line;
}

Position Cursor::position(const Mark& from) const {
  const auto characters = [&](std::size_t begin, std::size_t end) {
    const std::string_view text = text_.substr(begin, end - begin);
    if (ascii_) return static_cast<int>(text.size());
    return static_cast<int>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  };
  const std::size_t end = std::min(at_, text_.size());
  const std::size_t line_end = line_ == from.line ? end : std::min({text_.find('\n', from.at), end});
  return {from.line, characters(from.line_start, from.at) + 1, std::max(1, characters(from.at, line_end)),
          static_cast<int>(from.at), static_cast<int>(end - std::min(end, from.at))};
}

void Cursor::refuse(std::string message, std::string help) const {
  refuse(std::move(message), position(mark()), std::move(help));
}

void Cursor::refuse(std::string message, const Position& at, std::string help) const {
  throw Refused{{std::move(message), at, std::move(help)}};
}

}  // namespace outrider::config::yaml
