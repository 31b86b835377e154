#pragma once
// Reads one YAML document into a Value: block and flow maps and lists, plain and quoted scalars,
// literal and folded text. Everything else of YAML is refused by name. Lives on parse()'s stack.

#include <algorithm>
#include <string>
#include <string_view>

#include "config/yaml/document.hpp"

namespace outrider::config::yaml {

// What a reader throws inside; read_document() catches it.
struct Refused {
  Problem problem;
};

// The characters of one document, with the place of each. Shared by what reads scalars and what
// reads structure.
class Cursor {
 public:
  // The document is file[begin, end); `line` is the file's at `begin`; `ascii`: columns are bytes.
  Cursor(std::string_view file, std::size_t begin, std::size_t end, int line, bool ascii)
      : text_(file.substr(0, end)), at_(begin), line_start_(begin), line_(line), ascii_(ascii) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool at_line_end(std::size_t ahead = 0) const;
  [[nodiscard]] bool blank_follows(std::size_t ahead) const;  // space, tab or the line's end
  [[nodiscard]] int indent() const { return static_cast<int>(at_ - line_start_); }
  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] std::string_view from(std::size_t begin) const { return text_.substr(begin, at_ - begin); }
  [[nodiscard]] std::string_view rest_of_line() const;

  void advance(std::size_t n = 1) { at_ = std::min(at_ + n, text_.size()); }
  void newline();  // over "\n" or "\r\n"
  void skip_blanks();
  // Over blanks, comments and empty lines to the next token; a tab that indents it is refused.
  void skip_to_token();

  struct Mark {
    std::size_t at, line_start;
    int line;
  };
  [[nodiscard]] Mark mark() const { return {at_, line_start_, line_}; }
  void reset(const Mark& mark);
  // From a mark to here; the caret stays within the mark's line.
  [[nodiscard]] Position position(const Mark& from) const;
  [[noreturn]] void refuse(std::string message, std::string help) const;
  [[noreturn]] void refuse(std::string message, const Position& at, std::string help) const;

 private:
  std::string_view text_;
  std::size_t at_, line_start_;
  int line_;
  bool ascii_;
};

// scalars.cpp; `parent`: the indentation of what the scalar belongs to, -1 at the top.
enum class Within { Block, Flow };
[[nodiscard]] Value read_plain(Cursor& in, int parent, Within within);
[[nodiscard]] Value read_quoted(Cursor& in);
[[nodiscard]] Value read_block_text(Cursor& in, int parent);

// `values` counts the file's values down to zero.
[[nodiscard]] std::expected<Value, Problem> read_document(Cursor in, std::size_t& values);

}  // namespace outrider::config::yaml
