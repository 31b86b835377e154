#include "config/yaml/print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/yaml/plain.hpp"

namespace outrider::config::yaml {
namespace {

bool stands_plain(std::string_view text) {
  if (text.empty() || plain(text).kind != Plain::Kind::Text || text == "<<") return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@` ").find(text.front()) != std::string_view::npos) return false;
  if (text.back() == ' ' || text.back() == ':' || text.find(": ") != std::string_view::npos ||
      text.find(" #") != std::string_view::npos || text == "---" || text == "...") {
    return false;
  }
  // A date is one to YAML; and what has to be escaped needs quotes.
  const bool date = text.size() >= 8 && text[4] == '-' && text[0] >= '0' && text[0] <= '9';
  return !date &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && (c < ' ' || c == '\x7f'); });
}

std::string scalar(std::string_view text) {
  if (stands_plain(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c >= 0 && (c < ' ' || c == '\x7f')) {
      out += fmt::format("\\x{:02x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool inline_value(const Value& value) {
  return value.shape == Shape::Null || value.shape == Shape::Scalar ||
         (value.shape == Shape::List ? value.items.empty() : value.entries.empty());
}

std::string inline_text(const Value& value) {
  switch (value.shape) {
    case Shape::Null: return "null";
    case Shape::List: return "[]";
    case Shape::Map: return "{}";
    case Shape::Scalar: break;
  }
  return value.quoted ? scalar(value.text) : value.text;
}

// `lead`: what the first line begins with; the others are indented by `indent`.
void write(const Value& value, std::size_t indent, std::string& out, bool inside_item) {
  const std::string blanks(indent, ' ');
  bool first = inside_item;
  for (const Entry& entry : value.entries) {
    if (!std::exchange(first, false)) out += blanks;
    out += scalar(entry.key) + ":";
    if (inline_value(entry.value)) {
      out += " " + inline_text(entry.value) + "\n";
    } else {
      out += "\n";
      write(entry.value, entry.value.shape == Shape::List ? indent : indent + 2, out, false);
    }
  }
  for (const Value& item : value.items) {
    if (!std::exchange(first, false)) out += blanks;
    out += "- ";
    if (inline_value(item)) {
      out += inline_text(item) + "\n";
    } else {
      write(item, indent + 2, out, true);
    }
  }
}

}  // namespace

std::string print(const Value& value) {
  if (inline_value(value)) return inline_text(value) + "\n";
  std::string out;
  write(value, 0, out, false);
  return out;
}

}  // namespace outrider::config::yaml
