#include "proxy/policy/route.hpp"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/proxy/requests.hpp"
#include "tests/unit/proxy/resources.hpp"

namespace outrider::proxy {
namespace {

using testing::request;
using testing::World;

std::string host_with(const std::string& name, const std::string& domains) {
  return "virtual_hosts { name: '" + name + "' " + domains +
         " routes { match { prefix: '/' } direct_response { status: 200 } } }";
}

std::string matched_host(const RouteTable& table, std::string_view authority) {
  const VirtualHost* host = match_host(table, authority);
  return host ? host->name : "none";
}

TEST_CASE("a host is found exactly, by its longest suffix, by its longest prefix, or by the star") {
  World world;
  world.routes("name: 'r' " + host_with("exact", "domains: 'a.example.com' domains: 'order:8080'") +
               host_with("long", "domains: '*.b.example.com'") + host_with("short", "domains: '*.example.com'") +
               host_with("prefix", "domains: 'foo.*'") + host_with("any", "domains: '*'"));
  const auto snapshot = world.snapshot();
  const RouteTable& table = *snapshot->routes.find("r")->second;
  const std::pair<const char*, const char*> rows[] = {
      {"a.example.com", "exact"},     {"A.Example.COM", "exact"}, {"b.example.com", "short"},
      {"x.b.example.com", "long"},    {"x.y.b.example.com", "long"},
      {"foo.bar", "prefix"},          {"foo.example.com", "short"},  // suffixes come first
      {".example.com", "any"},        {"foo.", "any"},
      {"order:8080", "exact"},        {"order", "any"},
      {"order:80", "any"},            {"", "any"},
  };
  for (const auto& [authority, expected] : rows) {
    CAPTURE(authority);
    CHECK(matched_host(table, authority) == expected);
  }
}

TEST_CASE("without a star an unknown host matches nothing") {
  World world;
  world.routes("name: 'r' " + host_with("one", "domains: 'a'"));
  const auto snapshot = world.snapshot();
  CHECK(match_route(*snapshot->routes.find("r")->second, *request("GET", "/", "b")).host == nullptr);
}

TEST_CASE("ports are left out of the comparison where the configuration says so") {
  World world;
  world.routes("name: 'r' ignore_port_in_host_matching: true " +
               host_with("one", "domains: 'a' domains: '[::1]'"));
  const auto snapshot = world.snapshot();
  const RouteTable& table = *snapshot->routes.find("r")->second;
  CHECK(matched_host(table, "a:1") == "one");
  CHECK(matched_host(table, "a") == "one");
  CHECK(matched_host(table, "[::1]:80") == "one");
  CHECK(matched_host(table, "[::1]") == "one");
}

TEST_CASE("a host that is too long to be one matches nothing, and hurts nothing") {
  World world;
  world.routes("name: 'r' " + host_with("one", "domains: 'a'"));
  const auto snapshot = world.snapshot();
  CHECK(matched_host(*snapshot->routes.find("r")->second, std::string(100'000, 'A')) == "none");
}

TEST_CASE("the first route whose path, headers and query hold is taken") {
  World world;
  world.routes(R"(name: 'r' virtual_hosts { name: 'order' domains: '*'
    routes { name: 'canary' match { prefix: '/' headers { name: 'x-canary' string_match { exact: 'true' } } }
             direct_response { status: 200 } }
    routes { name: 'post' match { path: '/api' headers { name: ':method' string_match { exact: 'POST' } } }
             direct_response { status: 200 } }
    routes { name: 'query' match { prefix: '/api' query_parameters { name: 'v' string_match { exact: '2' } } }
             direct_response { status: 200 } }
    routes { name: 'regex' match { safe_regex { regex: '/v[0-9]+' } } direct_response { status: 200 } }
    routes { name: 'rest' match { prefix: '/api' } direct_response { status: 200 } } })");
  const auto snapshot = world.snapshot();
  const RouteTable& table = *snapshot->routes.find("r")->second;
  const auto name = [&](const protocol::HeadPtr& head) {
    const RouteMatch match = match_route(table, *head);
    return match.route ? match.route->name : std::string("none");
  };
  CHECK(name(request("GET", "/x", "h", {{"x-canary", "true"}})) == "canary");
  CHECK(name(request("GET", "/x", "h", {{"x-canary", "false"}})) == "none");
  CHECK(name(request("POST", "/api")) == "post");
  CHECK(name(request("POST", "/api?v=2")) == "post");  // the path without its query
  CHECK(name(request("GET", "/api?v=2")) == "query");
  CHECK(name(request("GET", "/api?v=3")) == "rest");
  CHECK(name(request("GET", "/v12?x")) == "regex");
  CHECK(name(request("GET", "/v12/x")) == "none");
}

TEST_CASE("routes whose paths differ in the first eight bytes, behind them, in length or in case are told apart") {
  World world;
  world.routes(R"(name: 'r' virtual_hosts { name: 'order' domains: '*'
    routes { name: 'seven' match { path: '/seven7' } direct_response { status: 200 } }
    routes { name: 'eight' match { path: '/eight-8' } direct_response { status: 200 } }
    routes { name: 'long' match { prefix: '/eight-8/and/more' } direct_response { status: 200 } }
    routes { name: 'other' match { prefix: '/eight-8/and' } direct_response { status: 200 } }
    routes { name: 'segment' match { path_separated_prefix: '/a/b' } direct_response { status: 200 } }
    routes { name: 'loud' match { prefix: '/LOUD' case_sensitive { value: false } } direct_response { status: 200 } }
    routes { name: 'short' match { prefix: '/a' } direct_response { status: 200 } } })");
  const auto snapshot = world.snapshot();
  const RouteTable& table = *snapshot->routes.find("r")->second;
  const auto name = [&](std::string_view path) {
    const RouteMatch match = match_route(table, *request("GET", path));
    return match.route ? match.route->name : std::string("none");
  };
  CHECK(name("/seven7") == "seven");
  CHECK(name("/seven") == "none");
  CHECK(name("/seven77") == "none");
  CHECK(name("/eight-8?q") == "eight");
  CHECK(name("/eight-8/") == "none");
  CHECK(name("/eight-8/and/more/so") == "long");
  CHECK(name("/eight-8/and/mor") == "other");
  CHECK(name("/a/b") == "segment");
  CHECK(name("/a/b/c") == "segment");
  CHECK(name("/a/bc") == "short");
  CHECK(name("/loud/x") == "loud");
  CHECK(name("/a") == "short");
  CHECK(name("/") == "none");
}

TEST_CASE("a roll decides between weighted clusters, in proportion") {
  Forward split;
  for (const auto& [name, weight] : {std::pair{"stable", 90U}, {"canary", 10U}}) {
    WeightedCluster cluster;
    cluster.name = name;
    cluster.weight = weight;
    split.clusters.push_back(cluster);
  }
  split.total_weight = 100;
  std::map<std::string, int> drawn;
  for (std::uint64_t roll = 0; roll < 1000; ++roll) ++drawn[choose(split, roll).name];
  CHECK(drawn["stable"] == 900);
  CHECK(drawn["canary"] == 100);
  CHECK(choose(split, 89).name == "stable");
  CHECK(choose(split, 90).name == "canary");
  CHECK(choose(split, 190).name == "canary");
}

}  // namespace
}  // namespace outrider::proxy
