// normalize_path: what comes out has one spelling, and nothing in it that a policy could miss.

#include <doctest/doctest.h>

#include <string>

#include "core/base/ascii.hpp"
#include "proxy/policy/normalize.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

void check(std::string_view spelled, proxy::PathRules rules) {
  std::string scratch, again;
  const auto normal = proxy::normalize_path(spelled, scratch, rules);
  if (!normal) {
    CHECK_FALSE(normal.error().empty());
    return;
  }
  const std::size_t end = std::min(normal->find('?'), normal->size());
  const std::string_view before = normal->substr(0, end);
  CHECK(before.starts_with('/'));
  CHECK(normal->substr(end) == spelled.substr(std::min(spelled.find('?'), spelled.size())));
  for (const std::string_view segment : ascii::split(before.substr(1), '/')) {
    CHECK(segment != ".");
    CHECK(segment != "..");
  }
  for (const char c : *normal) CHECK((static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '#'));
  CHECK(before.find('\\') == std::string_view::npos);
  CHECK(before.find("%00") == std::string_view::npos);
  CHECK(before.find("%2e") == std::string_view::npos);
  CHECK(before.find("%2E") == std::string_view::npos);
  if (rules.merge_slashes) CHECK(before.find("//") == std::string_view::npos);
  const auto twice = proxy::normalize_path(*normal, again, rules);
  REQUIRE(twice);
  CHECK(*twice == *normal);
}

}  // namespace

void path(ByteView input) {
  check(text_of(input), {.merge_slashes = false});
  check(text_of(input), {.merge_slashes = true});
}

}  // namespace outrider::fuzz
