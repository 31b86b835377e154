// Configuration: whatever bytes a file holds, they are read or refused, strictly and otherwise; every edit
// that is offered lies within the text, and what was read can be printed and read again as the same.

#include <doctest/doctest.h>

#include <span>
#include <string>

#include "config/analysis/fix.hpp"
#include "config/resources/kinds.hpp"
#include "config/resources/load.hpp"
#include "config/resources/spec.hpp"
#include "config/yaml/print.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

using namespace outrider::config;

Loaded read(const std::string& text, bool strict) {
  const SourceFile file{"fuzz.yaml", text};
  return load(std::span(&file, 1), {.strict_istio = strict, .inactive = Level::Info});
}

void check_places(const Loaded& loaded, const std::string& text) {
  for (const Diagnostic& d : loaded.diagnostics) {
    CHECK_FALSE(d.message.empty());
    for (const Edit& edit : d.fix) {
      CHECK(edit.offset >= 0);
      CHECK(edit.bytes >= 0);
      CHECK(static_cast<std::size_t>(edit.offset) + static_cast<std::size_t>(edit.bytes) <= text.size());
    }
    (void)render(d, true);
  }
}

void check_printing(const Resource& resource) {
  const Kind& kind = *find_kind(resource.key().kind);
  const std::string spec = yaml::print(kind.print_spec(resource.spec()));
  const auto again = yaml::parse(spec);
  REQUIRE(again);
  REQUIRE(again->size() == 1);
  REQUIRE(again->front().root);
  CHECK(yaml::print(*again->front().root) == spec);
}

}  // namespace

void configuration(ByteView input) {
  const std::string text(text_of(input));
  const Loaded strict = read(text, true), loaded = read(text, false);
  check_places(strict, text);
  check_places(loaded, text);
  CHECK(strict.documents.size() == loaded.documents.size());
  for (const ResourcePtr& resource : loaded.mesh.resources()) check_printing(*resource);
  std::vector<Edit> edits;
  for (const Diagnostic& d : loaded.diagnostics) edits.insert(edits.end(), d.fix.begin(), d.fix.end());
  (void)read(with_edits(text, std::move(edits)), false);
}

}  // namespace outrider::fuzz
