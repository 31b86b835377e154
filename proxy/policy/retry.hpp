#pragma once
// When a request may be tried again (DESIGN section 7). A pure decision: chance and time are
// arguments. A RetryPolicy belongs to its Route, frozen; any thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/protocol/message.hpp"
#include "proxy/policy/failure.hpp"

namespace outrider::proxy {

// Bits of RetryPolicy::on, as `retryOn` names them.
enum class RetryOn : std::uint32_t {
  Http5xx = 1U << 0,
  GatewayError = 1U << 1,
  Reset = 1U << 2,
  ResetBeforeRequest = 1U << 3,
  ConnectFailure = 1U << 4,
  EnvoyRatelimited = 1U << 5,
  Retriable4xx = 1U << 6,
  RefusedStream = 1U << 7,
  RetriableStatusCodes = 1U << 8,
  RetriableHeaders = 1U << 9,
  Http3PostConnectFailure = 1U << 10,
  GrpcCancelled = 1U << 11,
  GrpcDeadlineExceeded = 1U << 12,
  GrpcInternal = 1U << 13,
  GrpcResourceExhausted = 1U << 14,
  GrpcUnavailable = 1U << 15,
};

struct RetryPolicy {
  std::uint32_t on = 0;
  std::vector<std::uint16_t> status_codes;
  std::uint32_t max_retries = 1;  // after the first try
  Duration per_try_timeout{0};    // 0: none
  Duration base_interval = std::chrono::milliseconds(25);
  Duration max_interval = std::chrono::milliseconds(250);
  bool avoid_previous_hosts = false;
  // The route's author asked for these retries; false: they are the mesh's default.
  bool asked = true;

  [[nodiscard]] bool has(RetryOn condition) const {
    return (on & static_cast<std::uint32_t>(condition)) != 0;
  }
};

// Adds a comma list of conditions and status codes to `policy`. An unknown one is an error.
[[nodiscard]] Result<void> add_retry_conditions(RetryPolicy& policy, std::string_view list);

// How an attempt ended: without an answer (`failure`), or with a response head.
struct AttemptOutcome {
  std::optional<Failure> failure;
  int status = 0;
  int grpc_status = -1;      // from the head only (trailers-only), -1: none there
  bool ratelimited = false;  // x-envoy-ratelimited was there
  bool overloaded = false;   // x-envoy-overloaded was there: more load would not help
};

[[nodiscard]] AttemptOutcome outcome_of(const protocol::Head& response);
[[nodiscard]] inline AttemptOutcome outcome_of(Failure failure) {
  AttemptOutcome outcome;
  outcome.failure = failure;
  return outcome;
}

struct RetryFacts {
  std::uint32_t retries_made = 0;   // attempts so far, less the first and the spare one
  bool response_started = false;    // something went downstream
  bool body_replayable = true;      // whole and buffered, or none
  bool unprocessed = false;         // provably: refused by the peer, or no byte has left
  bool idempotent = false;          // is_idempotent(head)
  bool stale_connection = false;    // it was about to end anyway: idle before, or after a GOAWAY
  bool spare_used = false;          // the one try more that a stale connection costs
  bool deadline_passed = false;
};

enum class RetryVerdict : std::uint8_t {
  Retry,
  Spare,            // once more, whether asked for or not, and not counted as a retry
  NotAsked,         // no policy, or its conditions do not cover this
  LimitReached,     // they do, but all retries are used: flag URX
  AlreadyAnswered,
  BodyGone,         // too large to keep
  Unsafe,           // it may have been processed, and nobody asked for this risk
  DeadlinePassed,
};

[[nodiscard]] RetryVerdict should_retry(const RetryPolicy* policy, const AttemptOutcome& outcome,
                                        const RetryFacts& facts);

// GET, HEAD, OPTIONS, TRACE, PUT, DELETE; or any request with an idempotency-key.
[[nodiscard]] bool is_idempotent(const protocol::Head& request);

// What an answer itself says about another try: `Retry-After` in seconds (RFC 9110 section 10.2.3),
// `grpc-retry-pushback-ms` (gRFC A6).
struct AskedPause {
  bool never = false;
  Duration least{0};
};
[[nodiscard]] AskedPause asked_pause(const protocol::Head& response);
// Who is told to wait for longer leaves the wait to the caller: a request held here costs memory.
inline constexpr Duration longest_asked_pause = std::chrono::seconds(5);

// Full jitter: uniform in [0, min((2^n - 1) x base, max)) for the n-th retry, n from 1.
// `roll` is a uniform random number.
[[nodiscard]] Duration backoff(const RetryPolicy& policy, std::uint32_t n, std::uint64_t roll);

}  // namespace outrider::proxy
