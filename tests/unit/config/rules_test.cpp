// Istio's rules in small cases of our own, so that they hold where its files are not at hand. Each case of
// testdata/rules is a spec and what the real istioctl says of it: {valid: }, {warning: WORDS} or
// {invalid: WORDS}, words that our messages have to contain.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "config/resources/kinds.hpp"
#include "config/yaml/document.hpp"
#include "config/yaml/print.hpp"
#include "config/yaml/source.hpp"
#include "tests/unit/config/corpora.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

yaml::Value text(std::string_view of) { return {yaml::Shape::Scalar, {}, true, std::string(of), {}, {}}; }
yaml::Value map(std::vector<yaml::Entry> entries) {
  return {yaml::Shape::Map, {}, false, {}, {}, std::move(entries)};
}

// The whole resource of a case, which names only what is not the same in all.
std::string resource_of(const Kind& kind, const yaml::Value& test) {
  std::vector<yaml::Entry> metadata{{"name", {}, text("a")}, {"namespace", {}, text("bar")}};
  for (const char* more : {"labels", "annotations"}) {
    if (const yaml::Entry* given = test.find(more)) metadata.push_back(*given);
  }
  std::vector<yaml::Entry> resource{{"apiVersion", {}, text(fmt::format("{}/v1", kind.group))},
                                    {"kind", {}, text(kind.name)},
                                    {"metadata", {}, map(std::move(metadata))}};
  if (const yaml::Entry* spec = test.find("spec")) resource.push_back(*spec);
  return yaml::print(map(std::move(resource)));
}

struct Verdict {
  std::string word = "valid", said;
};

Verdict judge(const std::string& resource) {
  const SourceFile file{"case.yaml", resource};
  Verdict verdict;
  for (const Diagnostic& d :
       load(std::span(&file, 1), {.strict_istio = true, .inactive = Level::Info}).diagnostics) {
    if (d.level == Level::Info) continue;
    if (d.level == Level::Error || verdict.word == "valid")
      verdict.word = d.level == Level::Error ? "invalid" : "warning";
    verdict.said += d.message + "\n";
  }
  return verdict;
}

}  // namespace

TEST_CASE("the verdict on small cases of every kind is istioctl's, in its words") {
  const auto files = read_directory(testdata("rules"));
  REQUIRE(files);
  int cases = 0;
  for (const SourceFile& file : *files) {
    const Kind* kind = find_kind(std::filesystem::path(file.path).stem().string());
    REQUIRE(kind != nullptr);
    const auto documents = yaml::parse(file.text);
    REQUIRE(documents);
    REQUIRE(documents->front().root);
    for (const yaml::Value& test : documents->front().root->items) {
      const yaml::Entry& answer = test.entries.front();
      const std::string resource = resource_of(*kind, test);
      const Verdict ours = judge(resource);
      CAPTURE(resource);
      CAPTURE(ours.said);
      CHECK_MESSAGE(ours.word == answer.key, file.path, ":", test.at.line);
      CHECK_MESSAGE(ours.said.find(answer.value.text) != std::string::npos, file.path, ":", test.at.line,
                    ": Istio says ", answer.value.text);
      ++cases;
    }
  }
  MESSAGE(cases, " cases");
  CHECK(cases > 500);
}
