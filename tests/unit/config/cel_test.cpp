#include <doctest/doctest.h>

#include <string>

#include "config/resources/cel.hpp"

using outrider::config::cel_complaint;

TEST_CASE("what cel-go parses is CEL, and nothing else") {
  for (const char* good : {
           "response.code >= 400", "has(request.headers)", "request.url_path.contains('x')", "foo_bar", "1",
           "a ? b : c", "{1:2}", "r'a'", "0x1F > 3u", "x.map(y, z)", "1.5e3", "'''a\n'''", "a in [1]",
           "-1 - -2", "b\"x\"", "Foo{a:1}", "a.b.Foo{}", "x.exists(y, y>1)", "[1, 2,]", "!!a && --b == 3",
           "a // c", "a['b'].c(d)[0]", "'\\u00e9\\101'", "x.exists(1)", ".a", "br'\\q'", "a\n||\nb",
       }) {
    CAPTURE(std::string(good));
    CHECK(cel_complaint(good) == "");
  }
  for (const char* bad : {
           "", " ", "(", "a b", "1 +", "!", "a ? b", "[1,2", "a && || b", "// c", "a == \"\\q\"", "a..b", "if",
           "a.in", "in", "@", "a@b", "a.?b", "x[?1]", "has(a)", "x.exists(1, y>1)", "has(a['b'])", "'a", "'a\n'",
           "f(a,)", "*", "a*", "5s", "/a/{x}", "99999999999999999999", "(a){}", "!-a",
       }) {
    CAPTURE(std::string(bad));
    CHECK(cel_complaint(bad) != "");
  }
  CHECK(cel_complaint(std::string(100'000, '(')) != "");
  CHECK(cel_complaint(std::string(100'000, '!') + "a") == "");
}
