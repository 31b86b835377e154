#include "control-plane/api/http.hpp"

#include <doctest/doctest.h>

using namespace outrider::control;

namespace {

ApiRequest from(const std::string& host) {
  return {.method = "GET",
          .target = "/api/v1/version",
          .host = host,
          .origin = std::nullopt,
          .content_type = {},
          .body = {}};
}

}  // namespace

TEST_CASE("a page in a browser cannot drive the API, by name or by origin") {
  for (const char* host : {"127.0.0.1:15080", "127.9.9.9:1", "localhost:15080", "LOCALHOST",
                           "[::1]:15080", "10.0.0.5:15080"}) {
    CAPTURE(host);
    CHECK_FALSE(refuse_foreign(from(host), "10.0.0.5:15080"));
  }
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example:15080", "127.evil.1.1",
                           "localhost.evil.example", "10.0.0.5:80"}) {
    CAPTURE(host);
    const auto refused = refuse_foreign(from(host), "10.0.0.5:15080");
    REQUIRE(refused);
    CHECK(refused->status == 403);
  }
  auto page = from("127.0.0.1:15080");
  page.origin = "http://127.0.0.1:15080";
  CHECK(refuse_foreign(page, "")->status == 403);
}

TEST_CASE("a form cannot post: the content type has to be JSON") {
  auto form = from("127.0.0.1:15080");
  form.method = "POST";
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded",
                           "text/plain; application/json", "application/jsonp"}) {
    form.content_type = type;
    CAPTURE(type);
    CHECK(refuse_foreign(form, "")->status == 415);
  }
  form.content_type = "Application/JSON; charset=utf-8";
  CHECK_FALSE(refuse_foreign(form, ""));
}

TEST_CASE("an address is split and decoded once") {
  const auto target = parse_target("/api/v1/resources/a%2Fb?timeout=3s&strict&wait=false");
  REQUIRE(target);
  CHECK(target->path == std::vector<std::string>{"api", "v1", "resources", "a/b"});
  CHECK(target->query.at("timeout") == "3s");
  CHECK(target->flag("strict"));
  CHECK_FALSE(target->flag("wait"));
  CHECK_FALSE(target->flag("no-wait"));
  for (const char* bad :
       {"", "api", "/a//b", "/a/../b", "/a/%2e%2e", "/%", "/%1", "/%zz", "/a%00"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_target(bad));
  }
}
