#include <doctest/doctest.h>

#include <sstream>

#include "config/yaml/document.hpp"
#include "config/yaml/print.hpp"
#include "config/yaml/source.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

std::string nested(int depth) {
  std::string text = "a: ";
  text.append(static_cast<std::size_t>(depth), '[');
  text.append(static_cast<std::size_t>(depth), ']');
  return text + "\n";
}

yaml::Problem problem_of(std::string_view text) {
  const auto documents = yaml::parse(text);
  if (!documents) return documents.error();
  REQUIRE(documents->size() == 1);
  REQUIRE_FALSE(documents->front().root.has_value());
  return documents->front().root.error();
}

}  // namespace

TEST_CASE("YAML that would surprise is refused, at its place") {
  struct Row {
    std::string what;
    std::string text;
    int line, column;
    std::string part;
  };
  const Row rows[] = {
      {"a duplicate key", "a: 1\nb:\n  c: 1\n  c: 2\n", 4, 3, "duplicate key \"c\""},
      {"a duplicate of another depth is none, the next is", "a: {a: 1}\na: 2\n", 2, 1, "duplicate"},
      {"an anchor on a scalar", "a: &x 1\n", 1, 4, "anchors"},
      {"an anchor on a map", "a: &x {b: 1}\n", 1, 4, "anchors"},
      {"a list that contains itself", "a: &a [*a]\n", 1, 4, "anchors"},
      {"a merge key", "a:\n  <<: {b: 1}\n", 2, 3, "merge keys"},
      {"a tag", "a: !!python/object:os.system x\n", 1, 4, "tags"},
      {"a standard tag", "a: !!str 5\n", 1, 4, "tags"},
      {"a list as a key", "[a]: 1\n", 1, 4, "a second colon in this line"},
      {"a tab as indentation", "a:\n\tb: 1\n", 2, 1, "a tab in the indentation"},
      {"a quote without end, after a backslash", "a: \"b\\", 1, 4, "never closed"},
      {"a flow map without end", "a: {b: 1\n", 1, 4, "a bracket that is never closed"},
      {"a NUL", std::string("a: x\0y\n", 7), 1, 5, "control character 0x00"},
      {"an escape character", "a: \x1b[31m\n", 1, 4, "control character 0x1b"},
      {"overlong UTF-8", "a: b\nc: \xC0\xAF\n", 2, 4, "invalid UTF-8"},
      {"a surrogate in UTF-8", "a: \xED\xA0\x80\n", 1, 4, "invalid UTF-8"},
      {"truncated UTF-8", "a: \xE2\x82", 1, 4, "invalid UTF-8"},
      {"65 levels", nested(64), 1, 67, "deeper than 64"},
      {"10,000 levels", nested(10'000), 1, 67, "deeper than 64"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const yaml::Problem problem = problem_of(row.text);
    CAPTURE(problem.message);
    CHECK(problem.at.line == row.line);
    CHECK(problem.at.column == row.column);
    CHECK(problem.message.find(row.part) != std::string::npos);
  }
}

TEST_CASE("63 levels below the root are read") {
  const auto documents = yaml::parse(nested(63));
  REQUIRE(documents);
  CHECK(documents->front().root.has_value());
}

TEST_CASE("a file of more than 4 MiB is refused before it is parsed") {
  const std::string large = "a: " + std::string(yaml::kMaxFileBytes, 'x');
  const yaml::Problem problem = problem_of(large);
  CHECK(problem.at.line == 0);
  CHECK(problem.message.find("more than 4 MiB") != std::string::npos);
}

TEST_CASE("every document of a file is read, at the file's own lines, with its own text") {
  const auto documents =
      yaml::parse("# first\na: 1\n---\n# nothing here\n---\nb: 2 # two\n--- \nc: [3]\n");
  REQUIRE(documents);
  REQUIRE(documents->size() == 3);
  const yaml::Document& second = (*documents)[1];
  CHECK((*documents)[0].text == "# first\na: 1\n");
  CHECK(second.text == "---\nb: 2 # two\n");
  CHECK(second.first_line == 5);
  REQUIRE(second.root);
  CHECK(second.root->find("b")->key_at.line == 6);
  CHECK(second.root->find("b")->value.at.column == 4);
  CHECK((*documents)[2].root->find("c")->value.items.front().at.line == 8);
}

TEST_CASE("a broken document does not hide the others of its file") {
  const auto documents = yaml::parse("a: 1\n---\nb: {\n---\nc: 3\n");
  REQUIRE(documents);
  REQUIRE(documents->size() == 3);
  CHECK((*documents)[0].root.has_value());
  CHECK_FALSE((*documents)[1].root.has_value());
  CHECK((*documents)[1].root.error().at.line >= 3);
  CHECK((*documents)[2].root.has_value());
}

TEST_CASE("dashes inside a text are no separator") {
  const auto documents = yaml::parse("a: |\n  ---\n  b\nc: ---x\n");
  REQUIRE(documents);
  REQUIRE(documents->size() == 1);
  REQUIRE(documents->front().root);
  CHECK(documents->front().root->find("a")->value.text == "---\nb\n");
  CHECK(documents->front().root->find("c")->value.text == "---x");
}

TEST_CASE("null, quoted and plain are told apart") {
  const auto documents = yaml::parse("a: null\nb: \"null\"\nc:\nd: ~\ne: ''\nf: nil\n");
  REQUIRE(documents);
  const yaml::Value& root = *documents->front().root;
  for (const char* key : {"a", "c", "d"}) CHECK(root.find(key)->value.shape == yaml::Shape::Null);
  for (const char* key : {"b", "e", "f"}) CHECK(root.find(key)->value.shape == yaml::Shape::Scalar);
  CHECK(root.find("b")->value.quoted);
  CHECK_FALSE(root.find("f")->value.quoted);
}

TEST_CASE("a byte order mark and Windows line ends are read") {
  const auto documents = yaml::parse(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: x\r\n---\r\nc: 2\r\n");
  REQUIRE(documents);
  REQUIRE(documents->size() == 2);
  REQUIRE(documents->front().root);
  CHECK(documents->front().root->find("b")->value.text == "x");
}

TEST_CASE("an empty file is an error, since a half-written one looks like that") {
  check_only(load_text(" \n\n").diagnostics, "0:0", "empty");
  CHECK(load_text("").unreadable_files == std::vector<std::string>{"mesh.yaml"});
  CHECK(load_text("# all commented out\n").ok());
}

TEST_CASE("an indentation between two is told with both") {
  const yaml::Problem problem = problem_of("a: 1\nspec:\n  b: 1\n c: 1\n");
  CHECK(problem.message == "wrong indentation: 1 space");
  CHECK(problem.help == "indent this line by 0 spaces, as line 1 has, or by 2 spaces, as line 3 has");
}

TEST_CASE("a bracket that is still open is told with its line") {
  const yaml::Problem problem = problem_of("hosts: [orders\nhttp:\n- route:\n");
  CHECK(problem.help.find("line 1") != std::string::npos);
}

TEST_CASE("no more is read of a file than what shows that it is too large") {
  std::istringstream in(std::string(yaml::kMaxFileBytes + 1000, 'x'));
  CHECK(read_text(in).size() == yaml::kMaxFileBytes + 1);
  std::istringstream small("a: 1\n");
  CHECK(read_text(small) == "a: 1\n");
}

TEST_CASE("keys after a question mark are keys like others, in brackets and before a map as well") {
  for (const char* text : {"? a\n: b: c\n", "{? a : {b: c}}\n", "? 'a'\n:\n  b: c\n", "a: {b: c}\n"}) {
    CAPTURE(std::string(text));
    const auto documents = yaml::parse(text);
    REQUIRE(documents);
    REQUIRE(documents->front().root);
    CHECK(yaml::print(*documents->front().root) == "a:\n  b: c\n");
  }
  CHECK(problem_of("a: [? b : c]\n").message == "a value cannot begin with ?");
}
