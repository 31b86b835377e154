#include "proxy/policy/rewrite.hpp"

#include <doctest/doctest.h>

#include "tests/unit/proxy/requests.hpp"

namespace outrider::proxy {
namespace {

using testing::request;
using How = HeaderChange::How;

std::string fields_of(const protocol::Head& head) {
  std::string all;
  for (const auto& field : head.fields.fields()) {
    all += std::string(field.name) + "=" + std::string(field.value) + ";";
  }
  return all;
}

TEST_CASE("headers are removed first, then changed in order") {
  auto head = request("GET", "/", "h", {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  HeaderOps ops;
  ops.remove = {"a", "gone"};
  ops.change = {{"a", "x", How::Append},        {"b", "y", How::Append},
                {"c", "z", How::Overwrite},     {"b", "n", How::AddIfAbsent},
                {"d", "w", How::AddIfAbsent},   {"e", "v", How::OverwriteIfPresent},
                {"d", "u", How::OverwriteIfPresent}};
  apply(ops, *head);
  CHECK(fields_of(*head) == "b=2;a=x;b=y;c=z;d=u;");
}

TEST_CASE("the destination's operations come first, then the route's, then the host's") {
  const auto set = [](const char* value) {
    HeaderOps ops;
    ops.change = {{"who", value, How::Append}};
    return ops;
  };
  VirtualHost host;
  Route route;
  WeightedCluster chosen;
  Forward forward;
  host.request = host.response = set("host");
  route.request = route.response = set("route");
  chosen.request = chosen.response = set("cluster");
  auto head = request("GET", "/");
  rewrite_request(host, route, forward, chosen, *head);
  CHECK(fields_of(*head) == "who=cluster;who=route;who=host;");
  auto answer = testing::response(200);
  rewrite_response(host, route, &chosen, *answer);
  CHECK(fields_of(*answer) == "who=cluster;who=route;who=host;");
  auto bare = testing::response(200);
  rewrite_response(host, route, nullptr, *bare);
  CHECK(fields_of(*bare) == "who=route;who=host;");
}

TEST_CASE("a prefix rewrite replaces what the route matched, and keeps the rest and the query") {
  struct Row {
    PathMatcher::Kind kind;
    const char* text;
    const char* rewrite;
    const char* path;
    const char* expected;
  };
  const Row rows[] = {
      {PathMatcher::Kind::Prefix, "/api/", "/", "/api/x?q=1", "/x?q=1"},
      {PathMatcher::Kind::Prefix, "/api", "/", "/api/x", "//x"},
      {PathMatcher::Kind::Prefix, "/api", "/v2", "/api?q", "/v2?q"},
      {PathMatcher::Kind::Exact, "/api", "/v2", "/api?q", "/v2?q"},
      {PathMatcher::Kind::SegmentPrefix, "/api", "/v2", "/api/x", "/v2/x"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    Route route;
    route.path.kind = row.kind;
    route.path.text = row.text;
    Forward forward;
    forward.prefix_rewrite = row.rewrite;
    forward.host_rewrite = "other:80";
    auto head = request("GET", row.path, "h", {{"x-envoy-original-path", "/forged"}});
    rewrite_request({}, route, forward, {}, *head);
    CHECK(head->path == row.expected);
    CHECK(head->authority == "other:80");
    CHECK(fields_of(*head) == "x-envoy-original-path=" + std::string(row.path) + ";");
  }
}

TEST_CASE("an operation on the host changes the authority") {
  auto head = request("GET", "/", "h");
  HeaderOps ops;
  ops.change = {{":authority", "a", How::Overwrite}};
  apply(ops, *head);
  CHECK(head->authority == "a");
  CHECK(head->fields.empty());
}

TEST_CASE("a redirect says where to, without ports that go without saying") {
  Route route;
  route.path.text = "/old";
  const auto head = request("GET", "/old/x?q=1", "shop:8080");
  Redirect to;
  CHECK(redirect_location(to, route, *head, "http") == "http://shop:8080/old/x?q=1");
  to.path = "/new";
  CHECK(redirect_location(to, route, *head, "http") == "http://shop:8080/new?q=1");
  to.path = "/new?own";
  CHECK(redirect_location(to, route, *head, "http") == "http://shop:8080/new?own");
  to.path.reset();
  to.prefix = "/new";
  to.strip_query = true;
  CHECK(redirect_location(to, route, *head, "http") == "http://shop:8080/new/x");
  to.host = "other";
  to.port = 443;
  to.scheme = "https";
  CHECK(redirect_location(to, route, *head, "http") == "https://other/new/x");
  Redirect https;
  https.scheme = "https";
  CHECK(redirect_location(https, route, *request("GET", "/old", "shop:80"), "http") == "https://shop/old");
  CHECK(redirect_location(https, route, *request("GET", "/old", "[::1]:81"), "http") == "https://[::1]:81/old");
}

}  // namespace
}  // namespace outrider::proxy
