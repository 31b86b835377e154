// Configuration that changes all the time, some of it wrong, under load: no request fails, and no
// connection is closed by a push.

#include <fmt/format.h>

#include <thread>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

// As the one before but for what changes with each push: weights, names, routes that nobody takes.
std::vector<json> version(int n, const std::vector<SocketAddress>& apps) {
  json to = cluster("app", apps);
  json other = cluster(fmt::format("other-{}", n % 7), {apps[0]});
  json first = route(other["name"], fmt::format("/version/{}", n));
  json all = route("app");
  all["route"]["timeout"] = fmt::format("{}s", 30 + n % 5);
  return {outbound("outbound", virtual_host({first, all})), to, other};
}

std::vector<json> broken(int n, const std::vector<SocketAddress>& apps) {
  std::vector<json> resources = version(n, apps);
  json& host = resources[0]["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0];
  switch (n % 3) {
    case 0: host["routes"][0]["match"] = {{"safe_regex", {{"regex", "("}}}}; break;
    case 1: resources[0]["address"]["socket_address"]["address"] = "nowhere"; break;
    default: resources[0]["filter_chains"][0]["filters"][0]["name"] = "unknown";
             resources[0]["filter_chains"][0]["filters"].push_back(resources[0]["filter_chains"][0]["filters"][0]);
  }
  return resources;
}

}  // namespace

TEST_CASE("pushes under load, every fifth of them bad: 0 requests fail, 0 connections are closed") {
  const int pushes = amount(50, 1000);
  constexpr auto request_every = std::chrono::microseconds(2000);  // of each of four callers: 2,000 a second
  App first, second;
  const std::vector<SocketAddress> apps = {first.address(), second.address()};
  Running sidecar("client", version(0, apps), nullptr, [](proxy::Options& options) { options.workers = 4; });
  const SocketAddress entry = sidecar.at("outbound");
  std::atomic<bool> done{false};
  std::atomic<int> asked{0}, failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&, i] {
      RawClient h1(entry);
      HttpClient h2(entry);
      auto next = std::chrono::steady_clock::now();
      while (!done) {
        const bool fine = i % 2 == 0 ? h1.ask("GET", "/bytes/1000").body == pattern(1000)
                                     : h2.ask("GET", "/bytes/1000").body == pattern(1000);
        failed += fine ? 0 : 1;
        ++asked;
        std::this_thread::sleep_until(next += request_every);  // a rate, not a wait for something
      }
    });
  }
  // Each worker has by then a connection to each application.
  REQUIRE(eventually([&] { return asked > 100 && first.open + second.open == 4 * 2; }));
  const double connections = sample(sidecar.metrics(), "outrider_downstream_connections_total", {});
  const auto began = std::chrono::steady_clock::now();
  for (int n = 1; n <= pushes; ++n) REQUIRE(sidecar.push(n % 5 == 0 ? broken(n, apps) : version(n, apps)));
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  done = true;
  for (std::thread& caller : callers) caller.join();
  CHECK(sidecar.counts(pushes / 5, "outrider_xds_updates_rejected_total"));
  CHECK(failed == 0);
  CHECK(sample(sidecar.metrics(), "outrider_downstream_connections_total", {}) == connections);
  CHECK(first.open + second.open == first.connections + second.connections);
  MESSAGE(pushes << " pushes in " << took << " s under " << asked.load() << " requests");
}

}  // namespace outrider::scenario
