// Scalars of YAML 1.2: plain, quoted, literal (|) and folded (>) text (chapters 7.3 and 8.1).

#include <fmt/format.h>

#include <cstdint>

#include "config/yaml/plain.hpp"
#include "config/yaml/reader.hpp"

namespace outrider::config::yaml {
namespace {

constexpr std::string_view kFlowIndicators = ",[]{}";

bool flow_indicator(char c) { return c != '\0' && kFlowIndicators.find(c) != std::string_view::npos; }

// The plain text of this line, from here to what ends it, without blanks at its end.
std::string_view plain_piece(Cursor& in, Within within) {
  const std::size_t begin = in.offset();
  std::size_t length = 0;
  while (!in.at_line_end()) {
    const char c = in.peek();
    if (c == ':' && in.blank_follows(1)) break;
    if (c == '#' && in.offset() > begin && length < in.offset() - begin) break;  // after a blank
    if (within == Within::Flow && flow_indicator(c)) break;
    in.advance();
    if (c != ' ' && c != '\t') length = in.offset() - begin;
  }
  const std::string_view text = in.from(begin).substr(0, length);
  if (!in.at_line_end()) {  // the blanks before a comment are no part of it
    Cursor::Mark end = in.mark();
    end.at = begin + length;
    in.reset(end);
  }
  return text;
}

void append_utf8(std::uint32_t c, std::string& out) {
  const auto byte = [&](std::uint32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0U | (c >> 6U));
  } else {
    if (c < 0x10000) {
      byte(0xE0U | (c >> 12U));
    } else {
      byte(0xF0U | (c >> 18U));
      byte(0x80U | ((c >> 12U) & 0x3FU));
    }
    byte(0x80U | ((c >> 6U) & 0x3FU));
  }
  byte(0x80U | (c & 0x3FU));
}

std::uint32_t hex(Cursor& in, int digits) {
  std::uint32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const char c = in.peek();
    const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!letter && (c < '0' || c > '9')) {
      in.refuse("an escape of too few hexadecimal digits", "\\x takes 2, \\u 4 and \\U 8");
    }
    value = value * 16 + static_cast<std::uint32_t>(letter ? (c | 0x20) - 'a' + 10 : c - '0');
    in.advance();
  }
  return value;
}

// After the backslash of a double-quoted scalar.
void escape(Cursor& in, std::string& out) {
  constexpr std::string_view names = "abtnvfre \"/\\", values = "\a\b\t\n\v\f\r\x1b \"/\\";
  const char c = in.peek();
  if (const std::size_t at = names.find(c); at != std::string_view::npos) {
    in.advance();
    out += values[at];
    return;
  }
  in.advance();
  std::uint32_t code = 0;
  switch (c) {
    case '0': break;
    case '\t': code = '\t'; break;
    case 'N': code = 0x85; break;
    case '_': code = 0xA0; break;
    case 'L': code = 0x2028; break;
    case 'P': code = 0x2029; break;
    case 'x': code = hex(in, 2); break;
    case 'u': code = hex(in, 4); break;
    case 'U': code = hex(in, 8); break;
    default: in.refuse(fmt::format("unknown escape \\{}", c), "write \\\\ for a backslash");
  }
  if (code >= 0xD800 && code < 0xDC00 && in.peek() == '\\' && in.peek(1) == 'u') {  // as JSON writes them
    in.advance(2);
    code = 0x10000 + ((code - 0xD800) << 10U) + (hex(in, 4) - 0xDC00);
  }
  if (code == 0) in.refuse("a NUL character", "no field may hold one: remove it");
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    in.refuse("an escape that is no character", "\\u and \\U name a Unicode character");
  }
  append_utf8(code, out);
}

// Line ends inside a quoted scalar: one is a space, each further one a line end (7.3.1). Reports
// false at the end of the text.
bool fold(Cursor& in, std::string& out, std::size_t keep) {
  while (out.size() > keep && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
  int ends = 0;
  while (!in.at_end() && in.at_line_end()) {
    if (in.peek() == '\r' && in.peek(1) != '\n') return false;
    in.newline();
    ++ends;
    in.skip_blanks();
  }
  if (ends == 1) {
    out += ' ';
  } else {
    out.append(static_cast<std::size_t>(ends - 1), '\n');
  }
  return !in.at_end();
}

}  // namespace

Value read_plain(Cursor& in, int parent, Within within) {
  const Cursor::Mark start = in.mark();
  std::string text(plain_piece(in, within));
  Position at = in.position(start);
  at.bytes = static_cast<int>(text.size());
  at.length = at.length > at.bytes ? at.bytes : at.length;
  // Lines that go on with it.
  while (in.at_line_end() && !in.at_end()) {
    const Cursor::Mark end = in.mark();
    std::size_t ends = 0;
    while (!in.at_end() && in.at_line_end()) {
      in.newline();
      ++ends;
      in.skip_blanks();
    }
    const bool stops = in.at_end() || in.peek() == '#' ||
                       (within == Within::Block && in.indent() <= parent) ||
                       (within == Within::Flow && flow_indicator(in.peek()));
    if (stops) {
      in.reset(end);
      break;
    }
    const Cursor::Mark piece_at = in.mark();
    const std::string_view piece = plain_piece(in, within);
    if (within == Within::Block && in.peek() == ':') {
      in.refuse("this line is indented as if it belonged to the value before it", in.position(piece_at),
                fmt::format("the value began in line {}: give that line a colon at its end, or indent this "
                            "one like it",
                            start.line));
    }
    if (ends == 1) {
      text += ' ';
    } else {
      text.append(ends - 1, '\n');
    }
    text += piece;
    at.bytes = static_cast<int>(in.offset() - start.at);
  }
  if (plain(text).kind == Plain::Kind::Null) return {Shape::Null, at, false, {}, {}, {}};
  return {Shape::Scalar, at, false, std::move(text), {}, {}};
}

Value read_quoted(Cursor& in) {
  const Cursor::Mark start = in.mark();
  const char quote = in.peek();
  in.advance();
  std::string text;
  std::size_t keep = 0;  // what escapes wrote is not trimmed
  const auto unended = [&] {
    in.reset(start);
    in.refuse(fmt::format("a {} that is never closed", quote), fmt::format("add the closing {}", quote));
  };
  for (;;) {
    if (in.at_end()) unended();
    const char c = in.peek();
    if (in.at_line_end()) {
      if (!fold(in, text, keep)) unended();
    } else if (c == quote && quote == '\'' && in.peek(1) == '\'') {
      text += '\'';
      in.advance(2);
    } else if (c == quote) {
      in.advance();
      return {Shape::Scalar, in.position(start), true, std::move(text), {}, {}};
    } else if (c == '\\' && quote == '"') {
      in.advance();
      if (in.at_end()) unended();
      if (in.at_line_end()) {  // an escaped line end joins the lines
        in.newline();
        in.skip_blanks();
      } else {
        escape(in, text);
      }
      keep = text.size();
    } else {
      text += c;
      in.advance();
    }
  }
}

Value read_block_text(Cursor& in, int parent) {
  const Cursor::Mark start = in.mark();
  const bool folded = in.peek() == '>';
  in.advance();
  char chomp = ' ';
  int indent = 0;  // of its lines; 0: that of the first one
  while (!in.blank_follows(0)) {
    const char c = in.peek();
    if (c == '+' || c == '-') {
      chomp = c;
    } else if (c >= '1' && c <= '9') {
      indent = (parent < 0 ? 0 : parent) + (c - '0');
    } else {
      in.refuse(fmt::format("unexpected '{}' after {}", c, folded ? '>' : '|'),
                "the text begins in the next line; put quotes around a value that begins like this");
    }
    in.advance();
  }
  const Position at = in.position(start);
  in.skip_blanks();
  if (!in.at_line_end() && in.peek() != '#') {
    in.refuse("text on the line of the block's head", "the text begins in the next line");
  }
  in.advance(in.rest_of_line().size());

  std::string text;
  std::size_t ends = 0;             // line ends since the last line that held something
  bool first = true, more = false;  // `more`: the last line was indented deeper, and is not folded
  while (!in.at_end()) {
    const Cursor::Mark before = in.mark();
    if (!in.at_line_end() || (in.peek() == '\r' && in.peek(1) != '\n')) break;
    in.newline();
    while (in.peek() == ' ' && (indent == 0 || in.indent() < indent)) in.advance();
    if (in.at_line_end()) {
      if (!in.at_end()) ++ends;
      if (in.at_end()) break;
      continue;
    }
    if (indent == 0) indent = in.indent();
    if (in.indent() < indent || indent <= parent) {
      in.reset(before);
      break;
    }
    const std::string_view line = in.rest_of_line();
    const bool deeper = line.starts_with(' ') || line.starts_with('\t');
    if (first) {
      text.append(ends, '\n');
    } else if (folded && !deeper && !more) {
      ends == 0 ? text += ' ' : text.append(ends, '\n');
    } else {
      text.append(ends + 1, '\n');
    }
    text += line;
    in.advance(line.size());
    first = false;
    more = deeper;
    ends = 0;
  }
  if (chomp != '-' && !first) text += '\n';
  if (chomp == '+') text.append(ends, '\n');
  return {Shape::Scalar, at, true, std::move(text), {}, {}};
}

}  // namespace outrider::config::yaml
