#include "proxy/policy/retry.hpp"

#include <doctest/doctest.h>

#include "tests/unit/proxy/requests.hpp"

namespace outrider::proxy {
namespace {

using testing::request;
using testing::response;

RetryPolicy policy(std::string_view on, std::uint32_t retries = 2) {
  RetryPolicy made;
  REQUIRE(add_retry_conditions(made, on));
  made.max_retries = retries;
  return made;
}

AttemptOutcome status(int code, int grpc = -1) {
  AttemptOutcome outcome;
  outcome.status = code;
  outcome.grpc_status = grpc;
  return outcome;
}

TEST_CASE("retryOn is read as Istio writes it, and a typing error is told") {
  const RetryPolicy read = policy("gateway-error,connect-failure, refused-stream,503,5xx");
  CHECK(read.has(RetryOn::GatewayError));
  CHECK(read.has(RetryOn::ConnectFailure));
  CHECK(read.has(RetryOn::RefusedStream));
  CHECK(read.has(RetryOn::Http5xx));
  CHECK(read.has(RetryOn::RetriableStatusCodes));
  CHECK_FALSE(read.has(RetryOn::Reset));
  CHECK(read.status_codes == std::vector<std::uint16_t>{503});
  RetryPolicy wrong;
  for (const char* list : {"gateway-eror", "600", "99", "5xx,,reset", "503x", "-1"}) {
    CAPTURE(list);
    CHECK_FALSE(add_retry_conditions(wrong, list));
  }
  CHECK(add_retry_conditions(wrong, ""));
}

TEST_CASE("a condition covers what Envoy's does, and nothing else") {
  struct Row {
    const char* on;
    AttemptOutcome outcome;
    bool retried;
  };
  const Row rows[] = {
      {"5xx", status(500), true},
      {"5xx", status(599), true},
      {"5xx", status(499), false},
      {"gateway-error", status(502), true},
      {"gateway-error", status(503), true},
      {"gateway-error", status(504), true},
      {"gateway-error", status(500), false},
      {"retriable-4xx", status(409), true},
      {"retriable-4xx", status(404), false},
      {"404", status(404), true},
      {"404", status(503), false},
      {"connect-failure", status(503), false},
      {"unavailable", status(200, 14), true},
      {"unavailable", status(200, 13), false},
      {"unavailable", status(200), false},
      {"cancelled", status(200, 1), true},
      {"deadline-exceeded", status(200, 4), true},
      {"internal", status(200, 13), true},
      {"resource-exhausted", status(200, 8), true},
      {"connect-failure", outcome_of(Failure::ConnectFailure), true},
      {"connect-failure", outcome_of(Failure::ConnectTimeout), true},
      {"connect-failure", outcome_of(Failure::UpstreamReset), false},
      {"refused-stream", outcome_of(Failure::UpstreamRefused), true},
      {"refused-stream", outcome_of(Failure::UpstreamReset), false},
      {"reset", outcome_of(Failure::UpstreamReset), true},
      {"reset", outcome_of(Failure::UpstreamClosed), true},
      {"reset", outcome_of(Failure::ConnectFailure), true},
      {"reset", outcome_of(Failure::AttemptTimeout), true},
      {"5xx", outcome_of(Failure::AttemptTimeout), true},
      {"gateway-error", outcome_of(Failure::UpstreamClosed), true},
      {"gateway-error", outcome_of(Failure::UpstreamProtocolError), true},
      {"503", outcome_of(Failure::ConnectFailure), false},  // only what came from upstream
      {"reset-before-request", outcome_of(Failure::UpstreamReset), false},
      {"reset-before-request", outcome_of(Failure::ConnectFailure), true},
      {"5xx", outcome_of(Failure::NoHealthyUpstream), false},
      {"5xx", outcome_of(Failure::Overflow), false},
      {"5xx", outcome_of(Failure::RouteTimeout), false},
      {"5xx", outcome_of(Failure::DownstreamDisconnect), false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.on);
    CAPTURE(row.outcome.status);
    CAPTURE(row.outcome.failure.has_value());
    const RetryPolicy p = policy(row.on);
    CHECK((should_retry(&p, row.outcome, {}) == RetryVerdict::Retry) == row.retried);
  }
}

TEST_CASE("reset-before-request is for requests that never left") {
  const RetryPolicy p = policy("reset-before-request");
  for (const Failure failure : {Failure::UpstreamReset, Failure::UpstreamClosed, Failure::AttemptTimeout}) {
    CHECK(should_retry(&p, outcome_of(failure), {.unprocessed = true}) == RetryVerdict::Retry);
    CHECK(should_retry(&p, outcome_of(failure), {.unprocessed = false}) == RetryVerdict::NotAsked);
  }
}

TEST_CASE("each fact forbids a retry, and says so") {
  const RetryPolicy p = policy("5xx");
  CHECK(should_retry(&p, status(503), {}) == RetryVerdict::Retry);
  CHECK(should_retry(nullptr, status(503), {}) == RetryVerdict::NotAsked);
  CHECK(should_retry(&p, status(200), {}) == RetryVerdict::NotAsked);
  CHECK(should_retry(&p, status(503), {.retries_made = 1}) == RetryVerdict::Retry);
  CHECK(should_retry(&p, status(503), {.retries_made = 2}) == RetryVerdict::LimitReached);
  CHECK(should_retry(&p, status(503), {.response_started = true}) == RetryVerdict::AlreadyAnswered);
  CHECK(should_retry(&p, status(503), {.body_replayable = false}) == RetryVerdict::BodyGone);
  CHECK(should_retry(&p, status(503), {.deadline_passed = true}) == RetryVerdict::DeadlinePassed);
}

TEST_CASE("the mesh's default never repeats what may have charged a card") {
  RetryPolicy mesh = policy("connect-failure,refused-stream,unavailable,cancelled");
  mesh.asked = false;
  CHECK(should_retry(&mesh, status(200, 14), {}) == RetryVerdict::Unsafe);
  CHECK(should_retry(&mesh, status(200, 14), {.idempotent = true}) == RetryVerdict::Retry);
  CHECK(should_retry(&mesh, status(200, 14), {.unprocessed = true}) == RetryVerdict::Retry);
  CHECK(should_retry(&mesh, outcome_of(Failure::ConnectFailure), {.unprocessed = true}) == RetryVerdict::Retry);
  CHECK(should_retry(&mesh, outcome_of(Failure::UpstreamRefused), {.unprocessed = true}) == RetryVerdict::Retry);
  mesh.asked = true;
  CHECK(should_retry(&mesh, status(200, 14), {}) == RetryVerdict::Retry);
}

TEST_CASE("an overloaded or rate-limited upstream is left alone") {
  const auto overloaded = outcome_of(*response(503, {{"x-envoy-overloaded", "true"}}));
  const auto limited = outcome_of(*response(503, {{"x-envoy-ratelimited", "true"}}));
  const RetryPolicy p = policy("5xx");
  CHECK(should_retry(&p, overloaded, {}) == RetryVerdict::NotAsked);
  CHECK(should_retry(&p, limited, {}) == RetryVerdict::NotAsked);
  const RetryPolicy asked = policy("envoy-ratelimited");
  CHECK(should_retry(&asked, limited, {}) == RetryVerdict::Retry);
}

TEST_CASE("an outcome is read off a response's head") {
  const auto outcome = outcome_of(*response(200, {{"grpc-status", "14"}}));
  CHECK(outcome.status == 200);
  CHECK(outcome.grpc_status == 14);
  CHECK(outcome_of(*response(200)).grpc_status == -1);
  CHECK(outcome_of(*response(200, {{"grpc-status", "x"}})).grpc_status == -1);
  CHECK(outcome_of(*response(200, {{"grpc-status", "-7"}})).grpc_status == -1);
}

TEST_CASE("idempotent is what HTTP says it is, or what carries a key") {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    CHECK(is_idempotent(*request(method, "/")));
  }
  for (const char* method : {"POST", "PATCH", "CONNECT", "FOO"}) {
    CHECK_FALSE(is_idempotent(*request(method, "/")));
  }
  CHECK(is_idempotent(*request("POST", "/", "h", {{"idempotency-key", "7"}})));
}

TEST_CASE("a connection that ends as it would have anyway costs one more try, asked for or not, not counted") {
  const AttemptOutcome closed = outcome_of(Failure::UpstreamClosed);
  const RetryPolicy p = policy("reset");
  const RetryFacts stale{.idempotent = true, .stale_connection = true};
  CHECK(should_retry(nullptr, closed, stale) == RetryVerdict::Spare);
  CHECK(should_retry(&p, closed, stale) == RetryVerdict::Spare);
  RetryFacts other = stale;
  other.retries_made = 2;  // all of the policy's: this one is not of them
  CHECK(should_retry(&p, closed, other) == RetryVerdict::Spare);
  other.spare_used = true;
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::NotAsked);
  CHECK(should_retry(&p, closed, other) == RetryVerdict::LimitReached);
  other = stale;
  other.idempotent = false;
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::NotAsked);
  other.unprocessed = true;  // above GOAWAY's last id, or nothing of it had left
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::Spare);
  other = stale;
  other.body_replayable = false;
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::NotAsked);
  other = stale;
  other.stale_connection = false;
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::NotAsked);
  other = stale;
  other.response_started = true;
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::NotAsked);
  other = stale;
  other.deadline_passed = true;
  CHECK(should_retry(nullptr, closed, other) == RetryVerdict::NotAsked);
}

TEST_CASE("an answer may ask for a pause, or for no other try at all") {
  using namespace std::chrono_literals;
  struct Row {
    const char* name;
    const char* value;
    bool never;
    Duration least;
  };
  const Row rows[] = {
      {"retry-after", "2", false, 2s},     {"retry-after", "0", false, 0s},
      {"retry-after", "-1", false, 0s},    {"retry-after", "Fri, 31 Dec 1999 23:59:59 GMT", false, 0s},
      {"grpc-retry-pushback-ms", "70", false, 70ms}, {"grpc-retry-pushback-ms", "0", false, 0s},
      {"grpc-retry-pushback-ms", "-1", true, 0s},    {"grpc-retry-pushback-ms", "soon", true, 0s},
      {"grpc-retry-pushback-ms", "", true, 0s},      {"x-other", "7", false, 0s},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.value);
    const AskedPause asked = asked_pause(*response(503, {{row.name, row.value}}));
    CHECK(asked.never == row.never);
    CHECK(asked.least == row.least);
  }
}

TEST_CASE("back-off is jittered, grows, and is capped") {
  using std::chrono::milliseconds;
  const RetryPolicy p;
  const auto longest = [&](std::uint32_t n) {
    Duration most{0};
    for (std::uint64_t roll = 0; roll < 600'000'000; roll += 999'983) most = std::max(most, backoff(p, n, roll));
    return most;
  };
  CHECK(backoff(p, 1, 0) == Duration{0});
  CHECK(longest(1) < milliseconds(25));
  CHECK(longest(1) > milliseconds(24));
  CHECK(longest(2) < milliseconds(75));
  CHECK(longest(2) > milliseconds(73));
  CHECK(longest(4) < milliseconds(250));
  CHECK(longest(4) > milliseconds(248));
  CHECK(backoff(p, 4'000'000'000U, ~0ULL) < milliseconds(250));
}

}  // namespace
}  // namespace outrider::proxy
