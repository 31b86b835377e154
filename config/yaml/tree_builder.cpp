#include "config/yaml/tree_builder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <unordered_set>

namespace outrider::config::yaml {
namespace {

struct Refused {
  Problem problem;
};

// Reads a string_view without copying it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's get area is never written
    setg(begin, begin, begin + text.size());
  }
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(int first_line) : first_line_(first_line) {}

  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    place(Value{Shape::Null, position(mark, 1), false, {}, {}, {}});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse("aliases are not allowed", mark, "write the value out where it is used");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    const bool quoted = tag == "!";
    const int length = static_cast<int>(text.size()) + (quoted ? 2 : 0);
    if (expects_key()) return take_key(mark, text, length);
    if (!quoted &&
        (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")) {
      return place(Value{Shape::Null, position(mark, length), false, {}, {}, {}});
    }
    place(Value{Shape::Scalar, position(mark, length), quoted, text, {}, {}});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Shape::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Shape::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Value value;
    bool has_key = false;  // the last entry still waits for its value
    std::unordered_set<std::string> keys;
  };

  [[noreturn]] void refuse(std::string message, const YAML::Mark& mark, std::string help,
                           int length = 1) const {
    throw Refused{{std::move(message), position(mark, length), std::move(help)}};
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) {
      refuse("anchors are not allowed", mark, "write the value out where it is used");
    }
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(fmt::format("tags are not allowed: {}", tag), mark, "remove the tag");
    }
  }

  Position position(const YAML::Mark& mark, int length) const {
    return {mark.line + first_line_, mark.column + 1, length < 1 ? 1 : length};
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().value.shape == Shape::Map && !open_.back().has_key;
  }

  void take_key(const YAML::Mark& mark, const std::string& text, int length) {
    Level& level = open_.back();
    if (text == "<<") refuse("merge keys are not allowed", mark, "write the keys out", length);
    if (!level.keys.insert(text).second) {
      const Entry* first = level.value.find(text);
      refuse(fmt::format("duplicate key \"{}\"", text), mark,
             fmt::format("it was first given in line {}; keep one", first->key_at.line), length);
    }
    level.value.entries.push_back({text, position(mark, length), {}});
    level.has_key = true;
  }

  void open(Shape shape, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (expects_key()) refuse("a key has to be a scalar", mark, "");
    if (open_.size() >= kMaxDepth) {
      refuse(fmt::format("nested deeper than {} levels", kMaxDepth), mark, "");
    }
    open_.push_back({Value{shape, position(mark, 1), false, {}, {}, {}}, false, {}});
  }

  void close() {
    Value done = std::move(open_.back().value);
    open_.pop_back();
    place(std::move(done));
  }

  void place(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    if (expects_key()) {
      throw Refused{{"a key has to be a scalar that is not null", value.at, "put it in quotes"}};
    }
    Level& level = open_.back();
    if (level.value.shape == Shape::List) {
      level.value.items.push_back(std::move(value));
    } else {
      level.value.entries.back().value = std::move(value);
      level.has_key = false;
    }
  }

  int first_line_;
  std::vector<Level> open_;
  Value root_;
};

}  // namespace

std::expected<Value, Problem> build_tree(std::string_view text, int first_line) {
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    TreeBuilder builder(first_line);
    parser.HandleNextDocument(builder);
    TreeBuilder rest(first_line);
    if (parser.HandleNextDocument(rest)) {
      return std::unexpected(Problem{"two documents without a line `---` between them",
                                     {first_line, 1, 1},
                                     "separate documents by a line `---`"});
    }
    return builder.take();
  } catch (Refused& refused) {
    return std::unexpected(std::move(refused.problem));
  } catch (const YAML::Exception& error) {
    const bool placed = !error.mark.is_null();
    return std::unexpected(
        Problem{error.msg,
                placed ? Position{error.mark.line + first_line, error.mark.column + 1, 1}
                       : Position{first_line, 1, 1},
                ""});
  }
}

}  // namespace outrider::config::yaml
