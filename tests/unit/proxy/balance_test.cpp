#include "proxy/policy/balance.hpp"

#include <doctest/doctest.h>

#include <map>

#include "proxy/policy/circuit.hpp"
#include "tests/unit/proxy/resources.hpp"

namespace outrider::proxy {
namespace {

using testing::cluster_text;
using testing::endpoint;
using testing::World;

// A cluster of three: .1, .2 and .3, with the weights given.
struct Three {
  World world;
  std::shared_ptr<const Snapshot> snapshot;
  const ClusterSpec* cluster;
  Random random{42};

  explicit Three(const std::string& policy, std::array<unsigned, 3> weights = {1, 1, 1},
                 const std::string& more = {}) {
    std::string all;
    for (unsigned i = 0; i < 3; ++i) {
      all += endpoint("10.0.0." + std::to_string(i + 1), 80,
                      "load_balancing_weight { value: " + std::to_string(weights.at(i)) + " }");
    }
    world.cluster(cluster_text("c", all, "lb_policy: " + policy + " " + more));
    snapshot = world.snapshot();
    cluster = snapshot->cluster("c");
  }
  EndpointState& state(std::size_t i) const { return *cluster->endpoints[i].state; }
  std::map<std::string, int> picks(int times, std::vector<const EndpointState*> tried = {}) {
    std::map<std::string, int> count;
    for (int i = 0; i < times; ++i) {
      const EndpointSpec* chosen = pick(*cluster, random, tried);
      ++count[chosen ? chosen->address.ip : "none"];
    }
    return count;
  }
};

bool about(int value, int expected, int tolerance) {
  return value >= expected - tolerance && value <= expected + tolerance;
}

TEST_CASE("round robin gives each its turn, and weights their share") {
  Three equal("ROUND_ROBIN");
  CHECK(equal.picks(300) == std::map<std::string, int>{{"10.0.0.1", 100}, {"10.0.0.2", 100}, {"10.0.0.3", 100}});
  Three weighted("ROUND_ROBIN", {1, 2, 3});
  CHECK(weighted.picks(600) == std::map<std::string, int>{{"10.0.0.1", 100}, {"10.0.0.2", 200}, {"10.0.0.3", 300}});
}

TEST_CASE("the share of an ejected endpoint is spread over all others") {
  Three world("ROUND_ROBIN");
  world.state(0).ejected = true;
  CHECK(world.picks(300) == std::map<std::string, int>{{"10.0.0.2", 150}, {"10.0.0.3", 150}});
}

TEST_CASE("random gives each about the same") {
  Three world("RANDOM");
  for (const auto& [ip, count] : world.picks(30'000)) CHECK(about(count, 10'000, 400));
}

TEST_CASE("least request prefers the idle one of two") {
  Three world("LEAST_REQUEST");
  world.state(0).active_requests = 10;
  const auto count = world.picks(9'000);
  // The busy one is taken when both choices fall on it: one in nine.
  CHECK(about(count.at("10.0.0.1"), 1'000, 150));
  CHECK(about(count.at("10.0.0.2"), 4'000, 250));
}

TEST_CASE("least request with weights divides the weight by what is in flight") {
  Three world("LEAST_REQUEST", {1, 1, 2});
  auto count = world.picks(40'000);
  CHECK(about(count["10.0.0.3"], 20'000, 500));
  world.state(2).active_requests = 1;
  count = world.picks(30'000);
  CHECK(about(count["10.0.0.3"], 10'000, 400));
}

TEST_CASE("with nobody available nobody is picked, whatever the policy") {
  for (const char* policy : {"ROUND_ROBIN", "RANDOM", "LEAST_REQUEST"}) {
    CAPTURE(policy);
    Three world(policy);
    for (std::size_t i = 0; i < 3; ++i) world.state(i).ejected = true;
    CHECK(world.picks(10) == std::map<std::string, int>{{"none", 10}});
    world.state(1).ejected = false;
    CHECK(world.picks(10) == std::map<std::string, int>{{"10.0.0.2", 10}});
  }
  Three weighted("LEAST_REQUEST", {1, 2, 3});
  for (std::size_t i = 0; i < 3; ++i) weighted.state(i).ejected = true;
  CHECK(weighted.picks(10) == std::map<std::string, int>{{"none", 10}});
}

TEST_CASE("a retry goes elsewhere while there is an elsewhere") {
  for (const char* policy : {"ROUND_ROBIN", "RANDOM", "LEAST_REQUEST"}) {
    CAPTURE(policy);
    Three world(policy);
    const EndpointState* first = &world.state(0);
    const EndpointState* second = &world.state(1);
    CHECK(world.picks(50, {first}).count("10.0.0.1") == 0);
    CHECK(world.picks(50, {first, second}) == std::map<std::string, int>{{"10.0.0.3", 50}});
    world.state(2).ejected = true;
    CHECK(world.picks(50, {first, second}).count("none") == 0);  // rather again than not at all
  }
}

TEST_CASE("an endpoint that is configured as unhealthy or draining gets nothing new") {
  World world;
  world.cluster(cluster_text("c", endpoint("10.0.0.1", 80, "health_status: UNHEALTHY") +
                                      endpoint("10.0.0.2", 80, "health_status: DRAINING") + endpoint("10.0.0.3", 80)));
  const auto snapshot = world.snapshot();
  Random random(1);
  for (int i = 0; i < 10; ++i) CHECK(pick(*snapshot->cluster("c"), random)->address.ip == "10.0.0.3");
}

TEST_CASE("below the panic threshold all endpoints count, where there is one") {
  Three world("ROUND_ROBIN", {1, 1, 1}, "common_lb_config { healthy_panic_threshold { value: 50 } }");
  world.state(0).ejected = true;
  CHECK(world.picks(90).count("10.0.0.1") == 0);  // 67 %
  world.state(1).ejected = true;
  CHECK(world.picks(90).size() == 3);  // 33 %
}

TEST_CASE("a cluster without endpoints has none to pick") {
  World world;
  world.cluster(cluster_text("c", ""));
  const auto snapshot = world.snapshot();
  Random random(1);
  CHECK(pick(*snapshot->cluster("c"), random) == nullptr);
}

TEST_CASE("a circuit opens at its limit, closes when a ticket is given back, and counts refusals") {
  World world;
  world.cluster(cluster_text("c", endpoint("10.0.0.1", 80),
                             "circuit_breakers { thresholds { max_connections { value: 1 } max_pending_requests { value: 2 } "
                             "max_requests { value: 3 } max_retries { value: 0 } } }"));
  const auto snapshot = world.snapshot();
  const ClusterSpec& cluster = *snapshot->cluster("c");
  const std::pair<Limit, std::size_t> rows[] = {
      {Limit::Connections, 1}, {Limit::Pending, 2}, {Limit::Requests, 3}};
  for (const auto& [limit, most] : rows) {
    std::vector<Ticket> held;
    while (Ticket ticket = acquire(cluster, limit)) held.push_back(std::move(ticket));
    CHECK(held.size() == most);
    CHECK_FALSE(acquire(cluster, limit));
    held.pop_back();
    CHECK(acquire(cluster, limit));
  }
  CHECK(cluster.state->connections == 0);
  CHECK(cluster.state->pending == 0);
  CHECK(cluster.state->requests == 0);
  CHECK(cluster.state->connection_overflow == 2);
  CHECK_FALSE(acquire_retry(cluster, TimePoint{}));
  CHECK(cluster.state->retry_overflow == 1);
  CHECK(cluster.state->retries == 0);
}

TEST_CASE("a retry budget that is no number is one of nothing") {
  World world;
  world.cluster(cluster_text("c", endpoint("10.0.0.1", 80),
                             "circuit_breakers { thresholds { retry_budget { budget_percent { value: nan } } } }"));
  CHECK(world.snapshot()->cluster("c")->limits.retry_budget->percent == 0);
}

TEST_CASE("a retry budget is a fifth of the requests on their first try, three at least, or as configured") {
  struct Row {
    const char* thresholds;
    std::uint32_t requests;
    std::size_t most;
  };
  // What Istio writes for no limit means the mesh's default; a limit that somebody chose is that limit.
  const char* const nothing_said = "max_retries { value: 4294967295 }";
  const Row rows[] = {
      {nothing_said, 0, 3},
      {nothing_said, 15, 3},
      {nothing_said, 100, 16},  // a fifth of the other 84
      {nothing_said, 1000, 166},
      {"retry_budget { }", 1000, 166},
      {"retry_budget { budget_percent { value: 50 } min_retry_concurrency { value: 7 } }", 0, 7},
      {"retry_budget { budget_percent { value: 50 } min_retry_concurrency { value: 7 } }", 90, 30},
      {"retry_budget { budget_percent { value: 0 } min_retry_concurrency { value: 0 } }", 1000, 0},
      {"max_retries { value: 5 }", 1000, 5},
      {"", 1000, 3},  // Envoy's default
  };
  for (const Row& row : rows) {
    CAPTURE(row.thresholds);
    CAPTURE(row.requests);
    World world;
    world.cluster(cluster_text("c", endpoint("10.0.0.1", 80),
                               std::string("circuit_breakers { thresholds { max_requests { value: 5000 } ") +
                                   row.thresholds + " } }"));
    const auto snapshot = world.snapshot();
    const ClusterSpec& cluster = *snapshot->cluster("c");
    std::vector<Ticket> requests, retries;
    for (std::uint32_t i = 0; i < row.requests; ++i) requests.push_back(acquire(cluster, Limit::Requests));
    while (Ticket ticket = acquire_retry(cluster, TimePoint{} + std::chrono::hours(1))) retries.push_back(std::move(ticket));
    CHECK(retries.size() == row.most);
    CHECK(cluster.state->retry_overflow == 1);
    CHECK(cluster.state->retries == row.most);
  }
}

TEST_CASE("over time a budget lets a fifth of the requests be retried, and three a second, however fast they end") {
  using std::chrono::milliseconds;
  World world;
  world.cluster(cluster_text("c", endpoint("10.0.0.1", 80), "circuit_breakers { thresholds { retry_budget { } } }"));
  const auto snapshot = world.snapshot();
  const ClusterSpec& cluster = *snapshot->cluster("c");
  TimePoint now = TimePoint{} + std::chrono::hours(1);
  // All fail: each request is over before the next one comes.
  const auto retries_of = [&](int requests, Duration apart) {
    int retries = 0;
    for (int i = 0; i < requests; ++i) {
      now += apart;
      const Ticket request = acquire(cluster, Limit::Requests);
      retries += acquire_retry(cluster, now) ? 1 : 0;
    }
    return retries;
  };
  CHECK(retries_of(10, {}) == 10);  // saved from the quiet time
  const int fast = retries_of(10'000, {});
  CHECK(fast >= 2000);
  CHECK(fast <= 2000 + 13);
  const int slow = retries_of(1000, milliseconds(100));  // a fifth of them, and three of each ten
  CHECK(slow >= 499);
  CHECK(slow <= 513);
  CHECK(retries_of(100, std::chrono::seconds(1)) == 100);
}

TEST_CASE("a ticket that moves is given back once") {
  std::atomic<std::uint32_t> gauge{2};
  {
    Ticket first(&gauge);
    Ticket second(std::move(first));
    Ticket third(&gauge);
    third = std::move(second);
    CHECK(gauge == 1);
    CHECK_FALSE(second);
    third.release();
    CHECK(gauge == 0);
  }
  CHECK(gauge == 0);
}

}  // namespace
}  // namespace outrider::proxy
