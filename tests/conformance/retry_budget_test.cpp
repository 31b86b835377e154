// Retry storms: how much more load than was offered an application gets when all of it fails,
// behind one sidecar and behind three in a row.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

// What Istio writes where nobody has limited retries: the mesh's default is a budget.
void nothing_limited(json& cluster) {
  cluster["circuit_breakers"] = {
      {"thresholds",
       {{{"max_connections", 4294967295}, {"max_pending_requests", 4294967295}, {"max_requests", 4294967295},
         {"max_retries", 4294967295}}}}};
}

// An outbound sidecar to one address that retries everything twice.
std::vector<json> eager(const SocketAddress& to) {
  json next = cluster("app", {to});
  speak_http2(next);
  nothing_limited(next);
  json all = route("app");
  all["route"]["retry_policy"] = retry("5xx", 2);
  return {outbound("outbound", virtual_host({all})), next};
}

// `count` requests, `at_once` of them at any time. The load that the application got of each.
double load(const SocketAddress& entry, App& app, int count, int at_once) {
  HttpClient client(entry);
  client.keep_body = false;
  const int before = app.requests;
  std::vector<Call> running;
  for (int i = 0; i < count; ++i) {
    if (running.size() >= static_cast<std::size_t>(at_once)) {
      CHECK(running[static_cast<std::size_t>(i % at_once)].result().status == 503);
      running[static_cast<std::size_t>(i % at_once)] = client.start("GET", "/status/503");
    } else {
      running.push_back(client.start("GET", "/status/503"));
    }
  }
  for (Call& call : running) CHECK(call.result().status == 503);
  return static_cast<double>(app.requests - before) / count;
}

}  // namespace

TEST_CASE("when all fails, one sidecar adds at most a fifth to the load, and three in a row 75 %") {
  App app;
  Running near_app("third", eager(app.address()), nullptr);
  Running middle("second", eager(near_app.at("outbound")), nullptr);
  Running far("first", eager(middle.at("outbound")), nullptr);
  const int count = amount(3000, 60'000);
  const double one = load(near_app.at("outbound"), app, count, 90);
  const double three = load(far.at("outbound"), app, count, 90);
  MESSAGE("load of what was offered: one hop " << one << ", three hops " << three);
  CHECK(one > 1.0);  // retries there are
  CHECK(one <= 1.2);
  CHECK(three <= 1.75);
  CHECK(sample(near_app.metrics(), "envoy_cluster_upstream_rq_retry_overflow", {}) > 0);
}

TEST_CASE("what a sidecar may not retry for its budget, no sidecar before it retries either") {
  App app;
  std::vector<json> last = eager(app.address());
  last[1]["circuit_breakers"]["thresholds"][0]["retry_budget"] = {{"budget_percent", {{"value", 0}}},
                                                                  {"min_retry_concurrency", 0}};
  Running near_app("third", last, nullptr);
  Running middle("second", eager(near_app.at("outbound")), nullptr);
  Running far("first", eager(middle.at("outbound")), nullptr);
  RawClient client(far.at("outbound"));
  for (int i = 0; i < 10; ++i) {
    const Answer answer = client.ask("GET", "/status/503");
    CHECK(answer.status == 503);
    CHECK(answer.field("x-envoy-overloaded") == "true");
  }
  CHECK(app.requests == 10);
}

TEST_CASE("requests that reached nobody are retried beyond the budget: they are no load") {
  App app;
  std::vector<json> resources = eager(app.address());
  json& endpoints = resources[1]["load_assignment"]["endpoints"][0]["lb_endpoints"];
  endpoints.insert(endpoints.begin(), cluster("x", {nobody()})["load_assignment"]["endpoints"][0]["lb_endpoints"][0]);
  resources[1]["circuit_breakers"]["thresholds"][0]["retry_budget"] = {{"budget_percent", {{"value", 0}}},
                                                                      {"min_retry_concurrency", 0}};
  resources[0] = outbound("outbound", virtual_host({[] {
    json all = route("app");
    all["route"]["retry_policy"] = retry("connect-failure", 1);
    return all;
  }()}));
  Running sidecar("client", resources, nullptr);
  HttpClient client(sidecar.at("outbound"));
  std::vector<Call> calls;
  for (int i = 0; i < 90; ++i) calls.push_back(client.start("POST", "/bytes/1"));
  for (Call& call : calls) CHECK(call.result().status == 200);
  CHECK(app.requests == 90);
}

}  // namespace outrider::scenario
