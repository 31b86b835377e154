// `outriderctl fix`: what diagnostics can have done for them.
#include <doctest/doctest.h>

#include "config/analysis/fix.hpp"
#include "config/resources/explain.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

std::string fixed(const std::string& text) {
  std::vector<Edit> edits;
  for (const Diagnostic& d : load_text(text).diagnostics)
    edits.insert(edits.end(), d.fix.begin(), d.fix.end());
  return with_edits(text, edits);
}

}  // namespace

TEST_CASE("the seed comes out as canonical Istio, its comments and layout as they were") {
  for (const SourceFile& file : seed_files()) {
    CAPTURE(file.path);
    const std::string text = fixed(file.text);
    CHECK(load_text(text, true).diagnostics.empty());
    CHECK(fixed(text) == text);
    CHECK(text.substr(0, text.find('\n')) == file.text.substr(0, file.text.find('\n')));  // a comment
  }
  const std::string text = fixed(seed_file("virtual-service.yaml"));
  CHECK(text.find("    - route:\n"
                  "        - destination:\n"
                  "            host: order-service\n"
                  "            subset: stable\n"
                  "            port:\n"
                  "              number: 8080\n"
                  "          weight: 90\n"
                  "        - destination:\n"
                  "            host: order-service\n"
                  "            subset: canary\n"
                  "            port:\n"
                  "              number: 8080\n"
                  "          weight: 10\n"
                  "      timeout: 10s\n") != std::string::npos);
}

TEST_CASE("names, enums, quotes and units are put right where they stand") {
  const std::string text = fixed(
      "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: a # "
      "one\n"
      "  http:\n  - route: [{destination: {host: a, prt: {number: \"80\"}}}]\n    timeuot: 30\n");
  CHECK(text ==
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec:\n  hosts: "
        "[a] # one\n"
        "  http:\n  - route: [{destination: {host: a, port: {number: \"80\"}}}]\n    timeout: 30\n");
  CHECK(fixed(text).find("port: {number: 80}}}]\n    timeout: 30s\n") != std::string::npos);
}

TEST_CASE("edits keep their places in text of several bytes a character and of several documents") {
  const std::string head = "# \u00fc\u00f6\u00e4\n---\n";
  const std::string policy =
      "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a}\n"
      "spec:\n  mtls: {mode: strict} # \u00df\n";
  CHECK(fixed("\xEF\xBB\xBF" + head + policy).find("mtls: {mode: STRICT} # \u00df\n") != std::string::npos);
}

TEST_CASE("a diff shows what changes with the lines around it") {
  CHECK(unified_diff("a.yaml", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n") ==
        "--- a.yaml\n+++ a.yaml\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6\n");
  CHECK(unified_diff("a.yaml", "same\n", "same\n").empty());
  CHECK(unified_diff("a.yaml", "a", "b") ==
        "--- a.yaml\n+++ a.yaml\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n"
        "+b\n\\ No newline at end of file\n");
}

TEST_CASE("explain has a page for kinds, fields and codes, and a guess for what it does not know") {
  const auto page = explain("vs.spec.http[0].retries.attempts");
  REQUIRE(page);
  CHECK(page->find("VirtualService.http.retries.attempts") == 0);
  CHECK(page->find("Type:    whole number\nDefault: 0: never\n") != std::string::npos);
  CHECK(page->find("Acts:    yes") != std::string::npos);
  CHECK(explain("VirtualService.http.fault")->find("Acts:    no") != std::string::npos);
  CHECK(explain("ServiceEntry.resolution")->find("Acts:    yes, with STATIC, DNS") != std::string::npos);
  CHECK(explain("out0005")->starts_with("OUT0005"));
  CHECK(explain("EnvoyFilter")->find("it will not come") != std::string::npos);
  CHECK(explain("VirtualServce").error() == "there is no VirtualServce; did you mean VirtualService?");
  CHECK(explain("VirtualService.htp").error() == "there is no htp; did you mean http?");
}
