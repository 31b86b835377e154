// Structure: block maps and lists by their indentation, flow maps and lists by their brackets.

#include "config/yaml/reader.hpp"

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

namespace outrider::config::yaml {
namespace {

class Reader {
 public:
  Reader(Cursor in, std::size_t& values) : in_(in), values_(values) {}

  Value document() {
    in_.skip_to_token();
    Value root = block_node(-1, false);
    in_.skip_to_token();
    if (!in_.at_end()) {
      in_.refuse("this line belongs to nothing: its indentation fits no line before it",
                 "indent it like the lines that it stands beside");
    }
    return root;
  }

 private:
  // A list or map under construction: its depth, its number of items, and the keys once there are many.
  class Level {
   public:
    Level(Reader& reader, const Position& at) : reader_(reader) {
      if (++reader_.depth_ > kMaxDepth) {
        reader_.in_.refuse(fmt::format("nested deeper than {} levels", kMaxDepth), at, "");
      }
    }
    ~Level() { --reader_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

    void count(std::size_t items) const {
      if (items < kMaxCollectionItems) return;
      reader_.in_.refuse(fmt::format("a list or map of more than {} items", kMaxCollectionItems),
                         "split it into several resources");
    }
    void add(Value& map, std::string key, const Position& at) {
      count(map.entries.size());
      constexpr std::size_t few = 12;
      if (map.entries.size() == few) {
        for (const Entry& entry : map.entries) keys_.insert(entry.key);
      }
      const bool twice = map.entries.size() < few ? map.find(key) != nullptr : !keys_.insert(key).second;
      if (twice) {
        reader_.in_.refuse(
            fmt::format("duplicate key \"{}\"", key), at,
            fmt::format("it was first given in line {}; keep one", map.find(key)->key_at.line));
      }
      if (key == "<<") reader_.in_.refuse("merge keys are not allowed", at, "write the keys out");
      map.entries.push_back({std::move(key), at, {}});
    }

   private:
    Reader& reader_;
    std::unordered_set<std::string> keys_;
  };

  void count() {
    if (values_ == 0) {
      in_.refuse(fmt::format("more than {} values in one file", kMaxValues), "split it into several files");
    }
    --values_;
  }
  Value null_at(const Position& at) {
    count();
    return {Shape::Null, at, false, {}, {}, {}};
  }

  bool dash() const { return in_.peek() == '-' && in_.blank_follows(1); }
  // `key:` begins here: quoted or plain, on one line.
  bool starts_key() {
    const char quote = in_.peek();
    if (quote == '[' || quote == '{' || quote == '|' || quote == '>') return false;
    if (quote == '"' || quote == '\'') {
      const Cursor::Mark start = in_.mark();
      (void)read_quoted(in_);
      const bool one_line = in_.line() == start.line;
      in_.skip_blanks();
      const bool key = one_line && in_.peek() == ':' && in_.blank_follows(1);
      in_.reset(start);
      return key;
    }
    const std::string_view rest = in_.rest_of_line();
    for (std::size_t i = rest.find_first_of(":#"); i != std::string_view::npos;
         i = rest.find_first_of(":#", i + 1)) {
      if (rest[i] == ':' && in_.blank_follows(i + 1)) return true;
      if (rest[i] == '#' && i > 0 && (rest[i - 1] == ' ' || rest[i - 1] == '\t')) return false;
    }
    return false;
  }

  // `? key`, its colon in a line of its own: how machines write empty and long keys.
  bool explicit_key() const { return in_.peek() == '?' && in_.blank_follows(1); }
  std::pair<std::string, Position> read_explicit_key(int column) {
    in_.advance();
    in_.skip_blanks();
    const char c = in_.peek();
    if (in_.at_line_end() || c == '[' || c == '{' || dash()) {
      in_.refuse("a key has to be a scalar", "write it as `key: value`");
    }
    Value text = scalar(column, Within::Block);
    in_.skip_to_token();
    if (in_.indent() != column || in_.peek() != ':' || !in_.blank_follows(1)) {
      in_.refuse("a key without a colon and a value", text.at, "write it as `key: value`");
    }
    return {std::move(text.text), text.at};
  }

  // What a scalar may not begin with, each by its name.
  void refuse_indicator() const {
    const char c = in_.peek();
    if (explicit_key()) in_.refuse("a value cannot begin with ?", "put it in quotes");
    switch (c) {
      case '&': in_.refuse("anchors are not allowed", "write the value out where it is used");
      case '*':
        in_.refuse("aliases are not allowed",
                   "write the value out where it is used; put quotes around a text that begins with *");
      case '!': in_.refuse("tags are not allowed", "remove the tag");
      case '%':
      case '@':
      case '`': in_.refuse(fmt::format("a value cannot begin with {}", c), "put it in quotes");
      case ',':
      case ']':
      case '}': in_.refuse(fmt::format("unexpected {}", c), "put quotes around a text that begins with it");
      default: break;
    }
  }

  Value scalar(int parent, Within within) {
    refuse_indicator();
    count();
    const char c = in_.peek();
    if (c == '"' || c == '\'') return read_quoted(in_);
    if (within == Within::Block && (c == '|' || c == '>')) return read_block_text(in_, parent);
    return read_plain(in_, parent, within);
  }
  std::pair<std::string, Position> key(Within within) {
    refuse_indicator();
    const Cursor::Mark start = in_.mark();
    if (in_.peek() == '"' || in_.peek() == '\'') {
      Value text = read_quoted(in_);
      return {std::move(text.text), text.at};
    }
    std::size_t length = 0;
    while (!(in_.peek() == ':' && in_.blank_follows(1))) {
      if (in_.at_line_end() || (within == Within::Flow &&
                                std::string_view(",[]{}").find(in_.peek()) != std::string_view::npos)) {
        break;
      }
      const bool blank = in_.peek() == ' ' || in_.peek() == '\t';
      in_.advance();
      if (!blank) length = in_.offset() - start.at;
    }
    std::string text(in_.from(start.at).substr(0, length));
    Position at = in_.position(start);
    at.bytes = at.length = static_cast<int>(length);
    if (text.empty())
      in_.refuse("a key is missing before the colon", at, "put a text with a colon in quotes");
    return {std::move(text), at};
  }

  Value block_node(int parent, bool list_may_align) {
    const int column = in_.indent();
    const bool aligned = list_may_align && column == parent && dash();
    if (in_.at_end() || (column <= parent && !aligned)) return null_at(in_.position(in_.mark()));
    if (dash()) return block_list(column);
    if (explicit_key() || starts_key()) return block_map(column);
    return inline_value(parent);
  }

  // A scalar or a flow collection, alone on what is left of its lines.
  Value inline_value(int parent) {
    const char c = in_.peek();
    Value value = c == '[' || c == '{' ? flow_node() : scalar(parent, Within::Block);
    if (value.shape == Shape::Scalar && value.quoted && c != '"' && c != '\'') return value;  // block text
    const bool blank = in_.blank_follows(0);
    in_.skip_blanks();
    if (in_.at_line_end() || (blank && in_.peek() == '#')) return value;
    if (in_.peek() == ':') {
      in_.refuse("a second colon in this line",
                 "put quotes around a text with a colon, or begin a new line");
    }
    in_.refuse("unexpected text after the value",
               value.quoted ? "put all of it inside the quotes" : "begin a new line, or put it in quotes");
  }

  // `first` begins the list or map that was just read on; `inner_` what ended before this line.
  void check_indent(int column, const Position& first) {
    if (in_.indent() <= column) return;
    const auto spaces = [](int n) { return fmt::format("{} space{}", n, n == 1 ? "" : "s"); };
    const std::string outer = fmt::format("{}, as line {} has", spaces(column), first.line);
    in_.refuse(fmt::format("wrong indentation: {}", spaces(in_.indent())),
               inner_.line > first.line && inner_.column - 1 > column
                   ? fmt::format("indent this line by {}, or by {}, as line {} has", outer,
                                 spaces(inner_.column - 1), inner_.line)
                   : fmt::format("indent this line by {}", outer));
  }

  Value block_list(int column) {
    const Cursor::Mark start = in_.mark();
    count();
    Value list{Shape::List, in_.position(start), false, {}, {}, {}};
    Level level(*this, list.at);
    while (!in_.at_end() && in_.indent() == column && dash()) {
      const Cursor::Mark item = in_.mark();
      in_.advance();
      const Position dash_at = in_.position(item);
      level.count(list.items.size());
      in_.skip_blanks();
      if (in_.at_line_end() || in_.peek() == '#') in_.skip_to_token();
      list.items.push_back(block_node(column, false));
      if (list.items.back().shape == Shape::Null && list.items.back().at.bytes == 0) {
        list.items.back().at = dash_at;
      }
      in_.skip_to_token();
      if (!in_.at_end()) check_indent(column, list.at);
    }
    inner_ = list.at;
    return list;
  }

  Value block_map(int column) {
    count();
    Value map{Shape::Map, {}, false, {}, {}, {}};
    Level level(*this, in_.position(in_.mark()));
    for (;;) {
      const bool is_explicit = explicit_key();
      auto [name, at] = is_explicit ? read_explicit_key(column) : key(Within::Block);
      if (map.entries.empty()) map.at = at;
      level.add(map, std::move(name), at);
      in_.skip_blanks();
      in_.advance();  // the colon
      map.entries.back().value = map_value(column, at, is_explicit);
      in_.skip_to_token();
      if (in_.at_end() || in_.indent() < column) {
        inner_ = map.at;
        return map;
      }
      check_indent(column, map.at);
      if (dash()) {
        in_.refuse("a list item among the keys of a map", "indent it below the key that it belongs to");
      }
      if (!explicit_key() && !starts_key()) refuse_keyless();
    }
  }

  [[noreturn]] void refuse_keyless() {
    refuse_indicator();
    const Cursor::Mark start = in_.mark();
    const std::string word(in_.rest_of_line());
    in_.advance(word.size());
    const std::size_t colon = word.find(':');
    in_.refuse("a key without a colon and a value", in_.position(start),
               colon == std::string::npos
                   ? "write `key: value`; if this is an item of a list, begin it with `- `"
                   : fmt::format("a blank belongs after the colon: `{}: {}`", word.substr(0, colon),
                                 word.substr(colon + 1)));
  }

  // After `? key` a list or map may begin on the line of the colon, as after a dash.
  Value map_value(int column, const Position& key_at, bool after_explicit_key) {
    in_.skip_blanks();
    if (in_.at_line_end() || in_.peek() == '#') {
      in_.skip_to_token();
      Value value = block_node(column, true);
      if (value.shape == Shape::Null && value.at.bytes == 0) value.at = key_at;
      return value;
    }
    if (after_explicit_key) return block_node(column, false);
    if (dash()) in_.refuse("a list cannot begin on the line of its key", "begin it in the next line");
    return inline_value(column);
  }

  void skip_flow_space(const Position& open, char close) {
    for (;;) {
      in_.skip_blanks();
      if (in_.at_end()) in_.refuse("a bracket that is never closed", open, fmt::format("add {}", close));
      if (in_.at_line_end()) {
        in_.newline();
      } else if (in_.peek() == '#') {
        in_.advance(in_.rest_of_line().size());
      } else {
        return;
      }
    }
  }

  Value flow_node() {
    if (in_.peek() == '[') return flow_list();
    if (in_.peek() == '{') return flow_map();
    return scalar(-1, Within::Flow);
  }

  void flow_separator(const Position& open, char close) {
    skip_flow_space(open, close);
    if (in_.peek() == close) return;
    if (in_.peek() != ',') {
      in_.refuse(fmt::format("a comma or {} is missing here", close),
                 open.line == in_.line()
                     ? "separate items by commas"
                     : fmt::format("what began in line {} with {} is not closed: add {} to its end, or "
                                   "separate items by commas",
                                   open.line, close == ']' ? '[' : '{', close));
    }
    in_.advance();
    skip_flow_space(open, close);
  }

  Value flow_list() {
    const Cursor::Mark start = in_.mark();
    in_.advance();
    count();
    Value list{Shape::List, in_.position(start), false, {}, {}, {}};
    Level level(*this, list.at);
    skip_flow_space(list.at, ']');
    while (in_.peek() != ']') {
      level.count(list.items.size());
      const bool quoted = in_.peek() == '"' || in_.peek() == '\'';
      Value item = flow_node();
      skip_flow_space(list.at, ']');
      if (in_.peek() == ':' && (quoted || in_.blank_follows(1))) {  // [a: b] is [{a: b}]
        Value pair{Shape::Map, item.at, false, {}, {}, {}};
        pair.entries.push_back({item.text, item.at, {}});
        in_.advance();
        pair.entries.back().value = flow_value(list.at, ']', item.at);
        item = std::move(pair);
      }
      list.items.push_back(std::move(item));
      flow_separator(list.at, ']');
    }
    in_.advance();
    list.at.bytes = static_cast<int>(in_.offset() - start.at);
    return list;
  }

  Value flow_value(const Position& open, char close, const Position& key_at) {
    skip_flow_space(open, close);
    if (in_.peek() == ',' || in_.peek() == close) return null_at(key_at);
    return flow_node();
  }

  Value flow_map() {
    const Cursor::Mark start = in_.mark();
    in_.advance();
    count();
    Value map{Shape::Map, in_.position(start), false, {}, {}, {}};
    Level level(*this, map.at);
    skip_flow_space(map.at, '}');
    while (in_.peek() != '}') {
      if (explicit_key()) {
        in_.advance();
        skip_flow_space(map.at, '}');
      }
      const bool quoted = in_.peek() == '"' || in_.peek() == '\'';
      auto [name, at] = key(Within::Flow);
      level.add(map, std::move(name), at);
      skip_flow_space(map.at, '}');
      if (in_.peek() == ':' && (quoted || in_.blank_follows(1))) {
        in_.advance();
        map.entries.back().value = flow_value(map.at, '}', at);
      } else {
        map.entries.back().value = null_at(at);
      }
      flow_separator(map.at, '}');
    }
    in_.advance();
    map.at.bytes = static_cast<int>(in_.offset() - start.at);
    return map;
  }

  Cursor in_;
  std::size_t& values_;
  std::size_t depth_ = 0;
  Position inner_{0, 0};  // where the block list or map begins that ended last
};

}  // namespace

std::expected<Value, Problem> read_document(Cursor in, std::size_t& values) {
  try {
    return Reader(in, values).document();
  } catch (Refused& refused) {
    return std::unexpected(std::move(refused.problem));
  }
}

}  // namespace outrider::config::yaml
