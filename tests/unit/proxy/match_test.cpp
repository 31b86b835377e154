#include "proxy/snapshot/match.hpp"

#include <doctest/doctest.h>

#include "tests/unit/proxy/requests.hpp"

namespace outrider::proxy {
namespace {

using testing::request;
using Kind = StringMatcher::Kind;

TEST_CASE("text is matched as Envoy's StringMatcher does") {
  struct Row {
    Kind kind;
    const char* pattern;
    bool ignore_case;
    const char* text;
    bool expected;
  };
  const Row rows[] = {
      {Kind::Exact, "abc", false, "abc", true},
      {Kind::Exact, "abc", false, "abC", false},
      {Kind::Exact, "abc", true, "ABC", true},
      {Kind::Exact, "", false, "", true},
      {Kind::Exact, "", false, "x", false},
      {Kind::Prefix, "ab", false, "abc", true},
      {Kind::Prefix, "ab", false, "a", false},
      {Kind::Prefix, "ab", true, "ABc", true},
      {Kind::Suffix, "bc", false, "abc", true},
      {Kind::Suffix, "bc", false, "c", false},
      {Kind::Suffix, "bc", true, "aBC", true},
      {Kind::Contains, "b", false, "abc", true},
      {Kind::Contains, "B", false, "abc", false},
      {Kind::Contains, "B", true, "abc", true},
      {Kind::Contains, "abcd", true, "abc", false},
      {Kind::Regex, "a.c", false, "abc", true},
      {Kind::Regex, "b", false, "abc", false},  // the whole text
      {Kind::Regex, "spiffe://.*/ns/shop/.*", false, "spiffe://td/ns/shop/sa/x", true},
      {Kind::Regex, "spiffe://.*/ns/shop/.*", false, "spiffe://td/ns/shop2/sa/x", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    CAPTURE(row.text);
    const auto matcher = StringMatcher::make(row.kind, row.pattern, row.ignore_case);
    REQUIRE(matcher);
    CHECK(matcher->matches(row.text) == row.expected);
  }
}

TEST_CASE("a regex that cannot be compiled says why") {
  const auto matcher = StringMatcher::make(Kind::Regex, "a(b");
  REQUIRE_FALSE(matcher);
  CHECK(matcher.error().message.find("missing )") != std::string::npos);
  CHECK_FALSE(StringMatcher::make(Kind::Regex, "a", true));
}

TEST_CASE("a regex that would explode elsewhere is linear here") {
  const auto matcher = StringMatcher::make(Kind::Regex, "(a+)+$");
  REQUIRE(matcher);
  CHECK_FALSE(matcher->matches(std::string(100'000, 'a') + "b"));
}

HeaderMatcher header(std::string_view name, std::string exact) {
  HeaderMatcher matcher;
  matcher.set_name(name);
  matcher.kind = HeaderMatcher::Kind::Text;
  matcher.text = StringMatcher::exact(std::move(exact));
  return matcher;
}

TEST_CASE("several fields of one name are joined by a comma") {
  const auto twice = request("GET", "/", "h", {{"role", "user"}, {"other", "x"}, {"role", "admin"}});
  CHECK(header("role", "user,admin").matches(*twice));
  CHECK_FALSE(header("role", "user").matches(*twice));
  CHECK_FALSE(header("role", "admin").matches(*twice));
  CHECK(header("Role", "user,admin").matches(*twice));
}

TEST_CASE("a rule that denies also sees each value of a repeated header") {
  const auto twice = request("GET", "/", "h", {{"role", "user"}, {"role", "admin"}});
  HeaderMatcher matcher = header("role", "admin");
  matcher.any_value = true;
  CHECK(matcher.matches(*twice));
}

TEST_CASE("a missing header matches nothing, unless it counts as empty or its absence is asked for") {
  const auto plain = request("GET", "/");
  HeaderMatcher matcher = header("x-a", "");
  CHECK_FALSE(matcher.matches(*plain));
  matcher.invert = true;
  CHECK_FALSE(matcher.matches(*plain));
  matcher.missing_is_empty = true;
  CHECK_FALSE(matcher.matches(*plain));
  matcher.invert = false;
  CHECK(matcher.matches(*plain));

  HeaderMatcher present;
  present.set_name("x-a");
  CHECK_FALSE(present.matches(*plain));
  present.invert = true;
  CHECK(present.matches(*plain));
  present.present = false;
  CHECK_FALSE(present.matches(*plain));
}

TEST_CASE("pseudo headers are headers to a matcher, and host is :authority") {
  const auto head = request("PUT", "/a?b", "shop:80");
  CHECK(header(":method", "PUT").matches(*head));
  CHECK(header(":path", "/a?b").matches(*head));
  CHECK(header(":authority", "shop:80").matches(*head));
  CHECK(header("host", "shop:80").matches(*head));
  CHECK(header(":scheme", "http").matches(*head));
}

TEST_CASE("a range takes whole numbers from its first to before its end") {
  HeaderMatcher matcher;
  matcher.set_name("x-n");
  matcher.kind = HeaderMatcher::Kind::Range;
  matcher.first = -5;
  matcher.end = 10;
  for (const auto& [value, expected] : {std::pair{"-5", true}, {"9", true}, {"10", false}, {"-6", false},
                                        {"5x", false}, {"", false}, {"99999999999999999999", false}}) {
    CAPTURE(value);
    CHECK(matcher.matches(*request("GET", "/", "h", {{"x-n", value}})) == expected);
  }
}

TEST_CASE("a known header name is found by its number, an unknown one by its text") {
  CHECK(header("user-agent", "curl").matches(*request("GET", "/", "h", {{"user-agent", "curl"}})));
  CHECK(header("x-canary", "true").matches(*request("GET", "/", "h", {{"x-canary", "true"}})));
  CHECK_FALSE(header("x-canary", "true").matches(*request("GET", "/", "h", {{"x-canari", "true"}})));
}

TEST_CASE("a path is matched by prefix, whole, by segments or by regex") {
  using PathKind = PathMatcher::Kind;
  struct Row {
    PathKind kind;
    const char* text;
    bool ignore_case;
    const char* path;
    bool expected;
  };
  const Row rows[] = {
      {PathKind::Prefix, "/foo", false, "/foobar", true},
      {PathKind::Prefix, "/foo", false, "/fo", false},
      {PathKind::Prefix, "/foo", true, "/FOObar", true},
      {PathKind::Exact, "/foo", false, "/foo", true},
      {PathKind::Exact, "/foo", false, "/foo/", false},
      {PathKind::Exact, "/foo", true, "/Foo", true},
      {PathKind::SegmentPrefix, "/foo", false, "/foo", true},
      {PathKind::SegmentPrefix, "/foo", false, "/foo/bar", true},
      {PathKind::SegmentPrefix, "/foo", false, "/foobar", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CAPTURE(row.path);
    PathMatcher matcher;
    matcher.kind = row.kind;
    matcher.text = row.text;
    matcher.ignore_case = row.ignore_case;
    CHECK(matcher.matches(row.path) == row.expected);
  }
  const auto regex = PathMatcher::make_regex("/v[0-9]+/.*");
  REQUIRE(regex);
  CHECK(regex->matches("/v12/x"));
  CHECK_FALSE(regex->matches("/a/v12/x"));
  CHECK_FALSE(PathMatcher::make_regex("["));
}

TEST_CASE("the first value of a query parameter counts") {
  QueryMatcher matcher;
  matcher.name = "v";
  matcher.text = StringMatcher::exact("1");
  CHECK(matcher.matches("v=1"));
  CHECK(matcher.matches("a=b&v=1&v=2"));
  CHECK_FALSE(matcher.matches("v=2&v=1"));
  CHECK_FALSE(matcher.matches("vv=1"));
  CHECK_FALSE(matcher.matches(""));
  CHECK_FALSE(matcher.matches("v"));
  matcher.present = true;
  CHECK(matcher.matches("v"));
  CHECK(matcher.matches("a&v=9"));
  CHECK_FALSE(matcher.matches("a=v"));
}

TEST_CASE("a path template's star is one segment, two stars any rest") {
  struct Row {
    const char* pattern;
    const char* path;
    bool expected;
  };
  const Row rows[] = {
      {"/api/v1/orders/*/inventory", "/api/v1/orders/42/inventory", true},
      {"/api/v1/orders/*/inventory", "/api/v1/orders//inventory", false},
      {"/api/v1/orders/*/inventory", "/api/v1/orders/1/2/inventory", false},
      {"/api/v1/orders/*/inventory", "/api/v1/orders/*/inventory", true},
      {"/api/v1/orders/*/inventory", "/api/v1/orders/42/inventory/", false},
      {"/api/v1/orders/*/inventory", "/api/v1/orders/42", false},
      {"/api/{*}/x", "/api/a/x", true},
      {"/api/{id}/x", "/api/a/x", true},
      {"/api/{id=*}/x", "/api/a/x", true},
      {"/a/**", "/a/", true},
      {"/a/**", "/a/b/c", true},
      {"/a/**", "/a", false},
      {"/a/**", "/ab/c", false},
      {"/a/{**}", "/a/b", true},
      {"/a/**/z", "/a/b/c/z", true},
      {"/a/**/z", "/a/z", true},
      {"/a/**/z", "/a/b/c", false},
      {"/a/**/*/z", "/a/z", false},
      {"/a/**/*/z", "/a/b/z", true},
      {"/**", "/", true},
      {"/", "/", true},
      {"/", "/a", false},
      {"/a", "a", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    CAPTURE(row.path);
    const auto matcher = UriTemplate::make(row.pattern);
    REQUIRE(matcher);
    CHECK(matcher->matches(row.path) == row.expected);
  }
}

TEST_CASE("a template that would be read otherwise by others is refused") {
  for (const char* wrong : {"a/*", "", "/a*/b", "/{a", "/a}", "/**/b/**", "/{a*}", "/{a=b}", "/***"}) {
    CAPTURE(wrong);
    CHECK_FALSE(UriTemplate::make(wrong));
  }
}

}  // namespace
}  // namespace outrider::proxy
