#include "proxy/policy/outlier.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "proxy/policy/balance.hpp"
#include "tests/unit/proxy/resources.hpp"

namespace outrider::proxy {
namespace {

using namespace std::chrono_literals;
using testing::cluster_text;
using testing::endpoint;
using testing::World;

const TimePoint t0{std::chrono::hours(1)};

AttemptOutcome answer(int status, int grpc = -1) {
  AttemptOutcome outcome;
  outcome.status = status;
  outcome.grpc_status = grpc;
  return outcome;
}

struct Watched {
  World world;
  std::shared_ptr<const Snapshot> snapshot;
  const ClusterSpec* cluster;

  explicit Watched(int endpoints, const std::string& settings =
                                      "consecutive_5xx { value: 3 } max_ejection_percent { value: 50 }") {
    std::string all;
    for (int i = 1; i <= endpoints; ++i) all += endpoint("10.0.0." + std::to_string(i), 80);
    world.cluster(cluster_text("c", all, "outlier_detection { base_ejection_time { seconds: 30 } "
                                         "interval { seconds: 10 } " + settings + " }"));
    snapshot = world.snapshot();
    cluster = snapshot->cluster("c");
    sweep_if_due(*cluster, t0);  // the first interval starts
  }
  EndpointState& state(std::size_t i) const { return *cluster->endpoints[i].state; }
  OutlierVerdict record(const AttemptOutcome& outcome, TimePoint now = t0, std::size_t i = 0) const {
    return record_outcome(*cluster, cluster->endpoints[i], outcome, now);
  }
  OutlierVerdict fail(int times, TimePoint now = t0, std::size_t i = 0) const {
    OutlierVerdict last = OutlierVerdict::None;
    for (int n = 0; n < times; ++n) last = record(answer(503), now, i);
    return last;
  }
};

TEST_CASE("so many errors in a row eject, one success in between forgives") {
  Watched w(2);
  CHECK(w.fail(2) == OutlierVerdict::None);
  CHECK(w.record(answer(200)) == OutlierVerdict::None);
  CHECK(w.fail(2) == OutlierVerdict::None);
  CHECK(w.record(answer(500)) == OutlierVerdict::Ejected);
  CHECK_FALSE(is_available(w.cluster->endpoints[0]));
  CHECK(w.cluster->state->ejections_total == 1);
}

TEST_CASE("an ejected endpoint returns at a sweep, and stays out longer the second time") {
  Watched w(2);
  REQUIRE(w.fail(3) == OutlierVerdict::Ejected);
  CHECK(sweep_if_due(*w.cluster, t0 + 29s) == 0);
  CHECK(w.state(0).ejected);
  CHECK(sweep_if_due(*w.cluster, t0 + 38s) == 0);  // not yet: the last sweep was at 29 s
  CHECK(sweep_if_due(*w.cluster, t0 + 39s) == 1);
  CHECK_FALSE(w.state(0).ejected);
  REQUIRE(w.fail(3, t0 + 40s) == OutlierVerdict::Ejected);
  CHECK(sweep_if_due(*w.cluster, t0 + 75s) == 0);
  CHECK(sweep_if_due(*w.cluster, t0 + 100s) == 1);
}

TEST_CASE("each healthy sweep shortens the next ejection, down to the base") {
  Watched w(2);
  w.state(0).ejection_count = 2;
  sweep_if_due(*w.cluster, t0 + 10s);
  CHECK(w.state(0).ejection_count == 1);
  sweep_if_due(*w.cluster, t0 + 20s);
  sweep_if_due(*w.cluster, t0 + 30s);
  CHECK(w.state(0).ejection_count == 0);
}

TEST_CASE("the time out is capped") {
  Watched w(2);
  w.state(0).ejection_count = 1'000'000;
  REQUIRE(w.fail(3) == OutlierVerdict::Ejected);
  CHECK(w.state(0).ejected_until == (t0 + 300s).time_since_epoch().count());
}

TEST_CASE("at most the configured share is ejected at once, and refusals are counted") {
  struct Row {
    int endpoints;
    int percent;
    int ejected;
  };
  for (const Row& row : {Row{1, 50, 0}, Row{2, 50, 1}, Row{3, 50, 1}, Row{4, 50, 2}, Row{9, 10, 0},
                         Row{10, 10, 1}, Row{3, 100, 3}, Row{3, 0, 0}}) {
    Watched w(row.endpoints, "consecutive_5xx { value: 1 } max_ejection_percent { value: " +
                                 std::to_string(row.percent) + " }");
    int ejected = 0;
    for (int i = 0; i < row.endpoints; ++i) {
      ejected += w.fail(1, t0, static_cast<std::size_t>(i)) == OutlierVerdict::Ejected ? 1 : 0;
    }
    CAPTURE(row.endpoints);
    CAPTURE(row.percent);
    CHECK(ejected == row.ejected);
    CHECK(w.cluster->state->ejections_overflow == static_cast<std::uint64_t>(row.endpoints - row.ejected));
  }
}

TEST_CASE("a run that passed its threshold while ejection was refused does not ask again") {
  Watched w(1);
  CHECK(w.fail(3) == OutlierVerdict::Refused);
  CHECK(w.fail(5) == OutlierVerdict::None);
  CHECK(w.record(answer(200)) == OutlierVerdict::None);
  CHECK(w.fail(3) == OutlierVerdict::Refused);
}

TEST_CASE("gateway errors have a run of their own, which other errors break") {
  Watched w(2, "consecutive_5xx { value: 100 } consecutive_gateway_failure { value: 2 } "
               "enforcing_consecutive_gateway_failure { value: 100 } max_ejection_percent { value: 50 }");
  CHECK(w.record(answer(502)) == OutlierVerdict::None);
  CHECK(w.record(answer(500)) == OutlierVerdict::None);
  CHECK(w.record(answer(503)) == OutlierVerdict::None);
  CHECK(w.record(answer(504)) == OutlierVerdict::Ejected);
}

TEST_CASE("what the endpoint is not to blame for says nothing about it") {
  struct Row {
    AttemptOutcome outcome;
    bool blamed;
  };
  const Row rows[] = {
      {answer(500), true},
      {answer(499), false},
      {answer(200, 14), true},
      {answer(200, 13), true},
      {answer(200, 5), false},
      {answer(200, 0), false},
      {outcome_of(Failure::ConnectFailure), true},
      {outcome_of(Failure::UpstreamReset), true},
      {outcome_of(Failure::AttemptTimeout), true},
      {outcome_of(Failure::DownstreamDisconnect), false},
      {outcome_of(Failure::Overflow), false},
      {outcome_of(Failure::ClientDeadline), false},
      {outcome_of(Failure::UpstreamRefused), false},
  };
  for (const Row& row : rows) {
    Watched w(2, "consecutive_5xx { value: 1 } max_ejection_percent { value: 50 }");
    CAPTURE(row.outcome.status);
    CAPTURE(row.outcome.grpc_status);
    CHECK((w.record(row.outcome) == OutlierVerdict::Ejected) == row.blamed);
  }
  Watched w(2);
  w.fail(2);
  w.record(outcome_of(Failure::DownstreamDisconnect));  // forgives nothing either
  CHECK(w.fail(1) == OutlierVerdict::Ejected);
}

TEST_CASE("without outlier detection nobody is ejected") {
  World world;
  world.cluster(cluster_text("c", endpoint("10.0.0.1", 80)));
  const auto snapshot = world.snapshot();
  const ClusterSpec& cluster = *snapshot->cluster("c");
  for (int i = 0; i < 20; ++i) CHECK(record_outcome(cluster, cluster.endpoints[0], answer(503), t0) == OutlierVerdict::None);
  CHECK(sweep_if_due(cluster, t0 + 1h) == 0);
  CHECK(cluster.endpoints[0].state->errors_total == 20);
}

TEST_CASE("several workers together count one run, and never eject more than allowed") {
  Watched w(4, "consecutive_5xx { value: 1 } max_ejection_percent { value: 50 }");
  std::atomic<int> ejected{0};
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < 4; ++i) {
    workers.emplace_back([&, i] {
      for (int n = 0; n < 1000; ++n) {
        if (w.record(answer(n % 2 == 0 ? 503 : 200), t0, (i + static_cast<std::size_t>(n)) % 4) == OutlierVerdict::Ejected) ++ejected;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(ejected == 2);
}

}  // namespace
}  // namespace outrider::proxy
