#include "proxy/policy/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/base/ascii.hpp"

namespace outrider::proxy {
namespace {

using protocol::HeaderName;

constexpr struct {
  std::string_view name;
  RetryOn condition;
} conditions[] = {
    {"5xx", RetryOn::Http5xx},
    {"gateway-error", RetryOn::GatewayError},
    {"reset", RetryOn::Reset},
    {"reset-before-request", RetryOn::ResetBeforeRequest},
    {"connect-failure", RetryOn::ConnectFailure},
    {"envoy-ratelimited", RetryOn::EnvoyRatelimited},
    {"retriable-4xx", RetryOn::Retriable4xx},
    {"refused-stream", RetryOn::RefusedStream},
    {"retriable-status-codes", RetryOn::RetriableStatusCodes},
    {"retriable-headers", RetryOn::RetriableHeaders},
    {"http3-post-connect-failure", RetryOn::Http3PostConnectFailure},
    {"cancelled", RetryOn::GrpcCancelled},
    {"deadline-exceeded", RetryOn::GrpcDeadlineExceeded},
    {"internal", RetryOn::GrpcInternal},
    {"resource-exhausted", RetryOn::GrpcResourceExhausted},
    {"unavailable", RetryOn::GrpcUnavailable},
};

int number(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

// Envoy's "reset": the attempt ended without a head, whatever ended it.
bool covers_any_reset(const RetryPolicy& policy) {
  return policy.has(RetryOn::Reset) || policy.has(RetryOn::Http5xx) ||
         policy.has(RetryOn::GatewayError);
}

bool covers_failure(const RetryPolicy& policy, Failure failure, const RetryFacts& facts) {
  switch (failure) {
    case Failure::ConnectFailure:
    case Failure::ConnectTimeout:
      return covers_any_reset(policy) || policy.has(RetryOn::ConnectFailure) ||
             policy.has(RetryOn::ResetBeforeRequest);
    case Failure::UpstreamRefused:
      return covers_any_reset(policy) || policy.has(RetryOn::RefusedStream);
    case Failure::UpstreamReset:
    case Failure::UpstreamClosed:
    case Failure::UpstreamProtocolError:
    case Failure::AttemptTimeout:
      return covers_any_reset(policy) ||
             (policy.has(RetryOn::ResetBeforeRequest) && facts.unprocessed);
    // Not an attempt's end, or another attempt would end the same way.
    case Failure::NoRoute:
    case Failure::NoCluster:
    case Failure::NoHealthyUpstream:
    case Failure::Overflow:
    case Failure::AccessDenied:
    case Failure::PlaintextRefused:
    case Failure::BadPath:
    case Failure::BadTimeout:
    case Failure::MissingHost:
    case Failure::ConnectRefused:
    case Failure::UpgradeRefused:
    case Failure::GrpcNeedsHttp2:
    case Failure::RouteTimeout:
    case Failure::ClientDeadline:
    case Failure::StreamIdle:
    case Failure::RequestIdle:
    case Failure::DownstreamDisconnect:
    case Failure::Overloaded:
      return false;
  }
  return false;
}

bool covers_grpc(const RetryPolicy& policy, int status) {
  switch (status) {
    case 1: return policy.has(RetryOn::GrpcCancelled);
    case 4: return policy.has(RetryOn::GrpcDeadlineExceeded);
    case 8: return policy.has(RetryOn::GrpcResourceExhausted);
    case 13: return policy.has(RetryOn::GrpcInternal);
    case 14: return policy.has(RetryOn::GrpcUnavailable);
    default: return false;
  }
}

bool covers_response(const RetryPolicy& policy, const AttemptOutcome& outcome) {
  // Another sidecar's open breaker: one more try is one more of what opened it.
  if (outcome.overloaded) return false;
  if (outcome.ratelimited) return policy.has(RetryOn::EnvoyRatelimited);
  const int status = outcome.status;
  if (policy.has(RetryOn::Http5xx) && status >= 500 && status <= 599) return true;
  if (policy.has(RetryOn::GatewayError) && status >= 502 && status <= 504) return true;
  if (policy.has(RetryOn::Retriable4xx) && status == 409) return true;
  if (policy.has(RetryOn::RetriableStatusCodes) &&
      std::ranges::find(policy.status_codes, status) != policy.status_codes.end()) {
    return true;
  }
  return outcome.grpc_status >= 0 && covers_grpc(policy, outcome.grpc_status);
}

}  // namespace

Result<void> add_retry_conditions(RetryPolicy& policy, std::string_view list) {
  if (list.empty()) return {};
  for (std::string_view item : ascii::split(list, ',')) {
    item = ascii::trim(item);
    const auto* known = std::ranges::find_if(conditions, [&](auto& c) { return c.name == item; });
    if (known != std::end(conditions)) {
      policy.on |= static_cast<std::uint32_t>(known->condition);
      continue;
    }
    const int status = number(item);
    if (status < 100 || status > 599) {
      return fail(fmt::format("retry_on: \"{}\" is neither a condition nor a status code", item));
    }
    policy.on |= static_cast<std::uint32_t>(RetryOn::RetriableStatusCodes);
    policy.status_codes.push_back(static_cast<std::uint16_t>(status));
  }
  return {};
}

AttemptOutcome outcome_of(const protocol::Head& response) {
  AttemptOutcome outcome;
  outcome.status = response.status;
  for (const protocol::HeaderField& field : response.fields.fields()) {
    if (field.id == HeaderName::GrpcStatus) {
      outcome.grpc_status = std::max(number(field.value), -1);
    } else if (field.id == HeaderName::XEnvoyOverloaded) {
      outcome.overloaded = true;
    } else if (field.id == HeaderName::Other && field.name == "x-envoy-ratelimited") {
      outcome.ratelimited = true;
    }
  }
  return outcome;
}

RetryVerdict should_retry(const RetryPolicy* policy, const AttemptOutcome& outcome,
                          const RetryFacts& facts) {
  // The server's idle timer or GOAWAY and our request have met: once more does no harm.
  if (facts.stale_connection && (facts.idempotent || facts.unprocessed) && facts.body_replayable &&
      !facts.spare_used && !facts.response_started && !facts.deadline_passed) {
    return RetryVerdict::Spare;
  }
  if (policy == nullptr) return RetryVerdict::NotAsked;
  if (facts.response_started) return RetryVerdict::AlreadyAnswered;
  const bool covered = outcome.failure ? covers_failure(*policy, *outcome.failure, facts)
                                       : covers_response(*policy, outcome);
  if (!covered) return RetryVerdict::NotAsked;
  if (facts.deadline_passed) return RetryVerdict::DeadlinePassed;
  if (!facts.body_replayable) return RetryVerdict::BodyGone;
  if (!policy->asked && !facts.unprocessed && !facts.idempotent) return RetryVerdict::Unsafe;
  if (facts.retries_made >= policy->max_retries) return RetryVerdict::LimitReached;
  return RetryVerdict::Retry;
}

bool is_idempotent(const protocol::Head& request) {
  constexpr std::string_view methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  // gRPC is POST whatever it does.
  return std::ranges::find(methods, request.method) != std::end(methods) ||
         request.fields.has(HeaderName::IdempotencyKey);
}

AskedPause asked_pause(const protocol::Head& response) {
  AskedPause asked;
  for (const protocol::HeaderField& field : response.fields.fields()) {
    if (field.name == "grpc-retry-pushback-ms") {
      const int ms = number(field.value);
      asked.never = ms < 0;
      asked.least = std::max<Duration>(asked.least, std::chrono::milliseconds(std::max(ms, 0)));
    } else if (field.name == "retry-after") {
      // Its other form, a date, is for people and crawlers.
      asked.least = std::max<Duration>(asked.least, std::chrono::seconds(std::max(number(field.value), 0)));
    }
  }
  return asked;
}

Duration backoff(const RetryPolicy& policy, std::uint32_t n, std::uint64_t roll) {
  const auto base = static_cast<std::uint64_t>(std::max<std::int64_t>(policy.base_interval.count(), 1));
  const auto cap = static_cast<std::uint64_t>(std::max<std::int64_t>(policy.max_interval.count(), 1));
  // 2^20 x base is beyond any cap worth having; it also keeps the product in range.
  const std::uint64_t steps = (std::uint64_t{1} << std::min(n, 20U)) - 1;
  const std::uint64_t ceiling = cap / base < steps ? cap : std::min(cap, steps * base);
  return Duration(static_cast<std::int64_t>(ceiling == 0 ? 0 : roll % ceiling));
}

}  // namespace outrider::proxy
