#include "proxy/policy/normalize.hpp"

#include <doctest/doctest.h>

#include "core/base/random.hpp"
#include "tests/unit/proxy/requests.hpp"

namespace outrider::proxy {
namespace {

using testing::request;

std::string path(std::string_view raw, PathRules rules = {}) {
  std::string scratch;
  const auto result = normalize_path(raw, scratch, rules);
  return result ? std::string(*result) : "refused";
}

TEST_CASE("every spelling of a path becomes one, and what has no good spelling is refused") {
  const std::pair<const char*, const char*> rows[] = {
      {"/", "/"},
      {"/admin", "/admin"},
      {"/./admin", "/admin"},
      {"/x/../admin", "/admin"},
      {"/../admin", "/admin"},
      {"/../../admin", "/admin"},
      {"/admin/.", "/admin/"},
      {"/admin/..", "/"},
      {"/a/b/..", "/a/"},
      {"/admin/", "/admin/"},
      {"/%61dmin", "/admin"},
      {"/%2e/admin", "/admin"},
      {"/%2E/admin", "/admin"},
      {"/x/%2e%2e/admin", "/admin"},
      {"/x/.%2e/admin", "/admin"},
      {"/%2fadmin", "/%2Fadmin"},
      {"/x%2f..%2fadmin", "/x%2F..%2Fadmin"},
      {"/\\admin", "//admin"},
      {"/x\\..\\admin", "/admin"},
      {"/%5cadmin", "/%5Cadmin"},
      {"/%2561dmin", "/%2561dmin"},  // decoded once
      {"/admin;x=1", "/admin;x=1"},
      {"/public/..;/admin", "/public/..;/admin"},
      {"/admin%00", "refused"},
      {"/admin%20", "/admin%20"},
      {"/admin ", "refused"},
      {"/admin\t", "refused"},
      {"/admin\x7f", "refused"},
      {"/admin?", "/admin?"},
      {"/admin?x", "/admin?x"},
      {"/admin?a=/../b", "/admin?a=/../b"},  // the query is the application's
      {"/x/../admin?a=%61", "/admin?a=%61"},
      {"/admin#x", "refused"},
      {"/admin?x#y", "refused"},
      {"/admin%23x", "/admin%23x"},
      {"/public#/../admin", "refused"},
      {"/\xc0\xaf" "admin", "/%C0%AFadmin"},
      {"/%c0%afadmin", "/%C0%AFadmin"},
      {"/admin..", "/admin.."},
      {"/...", "/..."},
      {"/.hidden", "/.hidden"},
      {"/admin~", "/admin~"},
      {"/admin%7e", "/admin~"},
      {"/adm%", "refused"},
      {"/adm%zz", "refused"},
      {"/adm%2", "refused"},
      {"/%%32%65%%32%65/admin", "refused"},  // would become %2e%2e for whoever decodes once more
      {"//admin", "//admin"},
      {"/a//../b", "/a/b"},
      {"admin", "refused"},
      {"", "refused"},
      {"*", "refused"},
  };
  for (const auto& [raw, expected] : rows) {
    CAPTURE(raw);
    CHECK(path(raw) == expected);
  }
}

TEST_CASE("slashes are merged where the rules ask for it") {
  const PathRules merge{.merge_slashes = true};
  CHECK(path("//admin", merge) == "/admin");
  CHECK(path("/a///b//", merge) == "/a/b/");
  CHECK(path("/\\admin", merge) == "/admin");
  CHECK(path("/a//../b", merge) == "/b");
}

TEST_CASE("a normal path is returned as it is, without a copy") {
  std::string scratch;
  const std::string_view raw = "/api/v1/orders/42?expand=items";
  const auto result = normalize_path(raw, scratch);
  REQUIRE(result);
  CHECK(result->data() == raw.data());
  CHECK(scratch.empty());
}

TEST_CASE("normalizing twice changes nothing, whatever the pieces") {
  const char* pieces[] = {"/", "//", ".", "..", "%2e", "%2E%2e", "%2f", "\\", "admin", "%61", "%25", ";x", "%", "a"};
  Random random(7);
  for (int i = 0; i < 5000; ++i) {
    std::string raw = "/";
    for (std::uint64_t n = random.below(9); n > 0; --n) raw += pieces[random.below(std::size(pieces))];
    for (const bool merge : {false, true}) {
      const std::string once = path(raw, {.merge_slashes = merge});
      CAPTURE(raw);
      CHECK(path(once, {.merge_slashes = merge}) == once);
      if (once == "refused") continue;
      CHECK(once.find("/../") == std::string::npos);
      CHECK(once.find("/./") == std::string::npos);
      CHECK(once.find('\\') == std::string::npos);
    }
  }
}

TEST_CASE("a host is lower case, without its last dot, with a plain port") {
  const std::pair<const char*, const char*> rows[] = {
      {"order", "order"},
      {"Foo.COM", "foo.com"},
      {"foo.com.", "foo.com"},
      {"foo.com.:80", "foo.com:80"},
      {"FOO.com:0080", "foo.com:80"},
      {"foo.com:80", "foo.com:80"},
      {"127.0.0.1:15001", "127.0.0.1:15001"},
      {"[::1]", "[::1]"},
      {"[FE80::1]:8080", "[fe80::1]:8080"},
      {"order_service", "order_service"},
      {"", "refused"},
      {".", "refused"},
      {"foo..", "refused"},
      {"foo.com%00", "refused"},
      {"user@foo.com", "refused"},
      {"foo.com/x", "refused"},
      {"foo com", "refused"},
      {"foo.com:", "refused"},
      {"foo.com:0", "refused"},
      {"foo.com:65536", "refused"},
      {"foo.com:8x", "refused"},
      {"foo.com:80:80", "refused"},
      {"[::1", "refused"},
      {"[::1]x", "refused"},
      {"f\xc3\xb6o", "refused"},
  };
  for (const auto& [raw, expected] : rows) {
    CAPTURE(raw);
    std::string scratch;
    const auto result = normalize_host(raw, scratch);
    CHECK((result ? std::string(*result) : "refused") == expected);
  }
}

TEST_CASE("a head is normalized in place, and what cannot be is told apart") {
  std::string scratch;
  auto head = request("GET", "/x/../Admin?q", "Order.SHOP.:8080");
  CHECK_FALSE(normalize(*head, scratch));
  scratch.assign(200, '!');  // the head keeps its own copy
  CHECK(head->path == "/Admin?q");
  CHECK(head->authority == "order.shop:8080");

  CHECK(normalize(*request("get", "/"), scratch)->what == NormalizeRefusal::Method);
  CHECK(normalize(*request("", "/"), scratch)->what == NormalizeRefusal::Method);
  CHECK(normalize(*request("GET", "/", ""), scratch)->what == NormalizeRefusal::Host);
  CHECK(normalize(*request("GET", "/#"), scratch)->what == NormalizeRefusal::Path);
  CHECK(normalize(*request("GET", "*"), scratch)->what == NormalizeRefusal::Path);
  CHECK_FALSE(normalize(*request("OPTIONS", "*"), scratch));
  CHECK_FALSE(normalize(*request("CONNECT", "", "order:443"), scratch));
}

TEST_CASE("a host is told from its port") {
  CHECK(split_host("order:8080")->host == "order");
  CHECK(split_host("order:8080")->port == 8080);
  CHECK_FALSE(split_host("order")->port);
  CHECK(split_host("[::1]:80")->host == "::1");
  CHECK(split_host("[::1]:80")->port == 80);
  CHECK_FALSE(split_host("order:x"));
}

}  // namespace
}  // namespace outrider::proxy
