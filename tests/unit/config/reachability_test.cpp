// Rules of a VirtualService that nothing reaches, as Istio tells them.
#include <doctest/doctest.h>

#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

std::vector<std::string> warnings(const std::string& http) {
  return summary(
      load_text("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n"
                "  hosts: [a]\n  http:\n" +
                http)
          .diagnostics);
}

const std::string kTo = "    route: [{destination: {host: a}}]\n";

}  // namespace

TEST_CASE("a rule behind one without matches is never used") {
  CHECK(
      warnings("  - route: [{destination: {host: a}}]\n  - route: [{destination: {host: b}}]\n") ==
      std::vector<std::string>{
          "8:5 warning IST0130 virtualService rule #1 not used (only the last rule can have no matches)"});
  CHECK(
      warnings("  - route: [{destination: {host: a}}]\n  - name: late\n    match: [{uri: {prefix: /a}}]\n" +
               kTo) == std::vector<std::string>{"8:5 warning IST0130 virtualService rule \"late\" not used "
                                                "(route without matches defined before)"});
}

TEST_CASE("a match that was there before is told with its rule, and the rule when it has no other") {
  CHECK(warnings("  - match: [{uri: {prefix: /a}}]\n" + kTo + "  - match: [{uri: {prefix: /a}}]\n" + kTo) ==
        std::vector<std::string>{
            "9:5 warning IST0130 virtualService rule #1 not used (all matches used by prior rules)",
            "9:13 warning IST0131 virtualService rule #1 match #0 is not used (duplicate/overlapping match "
            "in rule #0)"});
}

TEST_CASE("a prefix covers those that begin with it, unless they ask for less") {
  CHECK(warnings("  - match: [{uri: {prefix: /a}}]\n" + kTo + "  - match: [{uri: {prefix: /ab}}]\n" + kTo)
            .size() == 1);
  CHECK(warnings("  - match: [{uri: {prefix: /ab}}]\n" + kTo + "  - match: [{uri: {prefix: /a}}]\n" + kTo)
            .empty());
  CHECK(warnings("  - match: [{uri: {prefix: /a}, headers: {x: {exact: b}}}]\n" + kTo +
                 "  - match: [{uri: {prefix: /ab}}]\n" + kTo)
            .empty());
}
