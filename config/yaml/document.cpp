#include "config/yaml/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "config/yaml/reader.hpp"

namespace outrider::config::yaml {
namespace {

// Bytes of the well-formed UTF-8 sequence at the head of `text` (RFC 3629), 0 if it is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::uint8_t b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xC2 && b <= 0xDF) return tail(1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    if ((b == 0xE0 && byte(1) < 0xA0) || (b == 0xED && byte(1) > 0x9F)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    if ((b == 0xF0 && byte(1) < 0x90) || (b == 0xF4 && byte(1) > 0x8F)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::expected<void, Problem> check_bytes(std::string_view text) {
  if (text.size() > kMaxFileBytes) {
    return std::unexpected(
        Problem{fmt::format("the file has more than {} MiB", kMaxFileBytes >> 20),
                {},
                "split it into several files"});
  }
  Position at{1, 1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence(text.substr(i));
    if (length == 0) return std::unexpected(Problem{"invalid UTF-8", at, "save the file as UTF-8"});
    const char c = text[i];
    if (c == '\n') {
      ++at.line;
      at.column = 0;
    } else if ((c >= 0 && c < ' ' && c != '\t' && c != '\r') || c == '\x7f') {
      return std::unexpected(Problem{fmt::format("control character 0x{:02x}", static_cast<unsigned>(c)),
                                     at, "remove it, or write it as an escape in a quoted string"});
    }
    ++at.column;
    i += length;
  }
  return {};
}

bool separates(std::string_view line) {
  return line.starts_with("---") &&
         (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r' || line[3] == '\n');
}

bool ends_document(std::string_view line) {
  return line.starts_with("...") && line.find_first_not_of(" \t\r", 3) == std::string_view::npos;
}

// Nothing but comments, blanks and the separator itself.
bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (separates(line)) line.remove_prefix(3);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace

std::expected<std::vector<Document>, Problem> parse(std::string_view text) {
  const std::size_t mark = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // of the byte order
  if (auto checked = check_bytes(text.substr(mark)); !checked) return std::unexpected(checked.error());
  const bool ascii = std::none_of(text.begin() + static_cast<std::ptrdiff_t>(mark), text.end(),
                                  [](char c) { return c < 0; });

  std::vector<Document> documents;
  std::size_t values = kMaxValues;
  int line = 1, first_line = 1;
  std::size_t begin = mark;
  const auto take = [&](std::size_t end) {
    const std::string_view piece = text.substr(begin, end - begin);
    if (!is_blank(piece)) {
      const std::size_t marker = separates(piece) ? 3 : 0;
      Cursor in(text, begin, end, first_line, ascii);
      in.advance(marker);
      documents.push_back(
          {std::string(piece), first_line, static_cast<int>(begin), read_document(in, values)});
    }
    begin = end;
    first_line = line;
  };
  for (std::size_t at = mark; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view whole = text.substr(at, end - at);
    if (at > begin && separates(whole)) take(at);
    if (ends_document(whole)) {
      take(at);
      begin = std::min(end + 1, text.size());
      first_line = line + 1;
    }
    if (documents.size() > kMaxDocuments) {
      return std::unexpected(Problem{fmt::format("more than {} documents in one file", kMaxDocuments),
                                     {line, 1, 3},
                                     "split it into several files"});
    }
    at = end + 1;
  }
  take(text.size());
  return documents;
}

}  // namespace outrider::config::yaml
