#include "proxy/policy/circuit.hpp"

#include <algorithm>

namespace outrider::proxy {
namespace {

struct Breaker {
  std::atomic<std::uint32_t>* gauge;
  std::atomic<std::uint64_t>* overflow;
  std::uint32_t limit;
};

constexpr std::int64_t one_retry = 1000;  // in RetryBudget's thousandths
constexpr std::uint32_t saved_retries = 10;  // for a few failures after a quiet time

// Several workers may read between each other's changes: a few retries more or less do no harm.
std::uint32_t retries_at_once(const ClusterSpec& cluster, const RetryBudget& budget) {
  const std::uint32_t requests = cluster.state->requests.load(std::memory_order_relaxed);
  const std::uint32_t retries = cluster.state->retries.load(std::memory_order_relaxed);
  const std::uint32_t first_tries = requests > retries ? requests - retries : 0;
  return std::max(budget.least, static_cast<std::uint32_t>(budget.percent / 100 * first_tries));
}

// On the usual path nothing is owed, and this is a look at it.
void earn_retry(ClusterState& state, const RetryBudget& budget) {
  if (state.retry_debt.load(std::memory_order_relaxed) <= 0) return;
  state.retry_debt.fetch_sub(static_cast<std::int64_t>(budget.percent / 100 * one_retry),
                             std::memory_order_relaxed);
}

bool spend_retry(ClusterState& state, const RetryBudget& budget, std::uint32_t at_once, TimePoint now) {
  const std::int64_t ns = now.time_since_epoch().count();
  const std::int64_t since = state.retry_debt_since.exchange(ns, std::memory_order_relaxed);
  const double seconds = static_cast<double>(std::max<std::int64_t>(ns - since, 0)) / 1e9;
  const std::int64_t debt = std::max<std::int64_t>(state.retry_debt.load(std::memory_order_relaxed), 0);
  const auto forgiven = static_cast<std::int64_t>(
      std::min(seconds * budget.least * one_retry, static_cast<double>(debt)));
  const std::int64_t most = std::int64_t{saved_retries + at_once} * one_retry;
  const bool allowed = debt - forgiven + one_retry <= most;
  state.retry_debt.fetch_add((allowed ? one_retry : 0) - forgiven, std::memory_order_relaxed);
  return allowed;
}

Breaker breaker(const ClusterSpec& cluster, Limit limit) {
  ClusterState& state = *cluster.state;
  switch (limit) {
    case Limit::Connections:
      return {&state.connections, &state.connection_overflow, cluster.limits.connections};
    case Limit::Pending:
      return {&state.pending, &state.pending_overflow, cluster.limits.pending};
    case Limit::Requests:
      break;
  }
  return {&state.requests, &state.request_overflow, cluster.limits.requests};
}

// Taken first and given back when it was too much: one atomic operation on the usual path, and never
// more than the limit are held.
Ticket acquire(const Breaker& b) {
  if (b.gauge->fetch_add(1, std::memory_order_relaxed) < b.limit) return Ticket(b.gauge);
  b.gauge->fetch_sub(1, std::memory_order_release);
  b.overflow->fetch_add(1, std::memory_order_relaxed);
  return {};
}

Ticket take(std::atomic<std::uint32_t>& gauge) {
  gauge.fetch_add(1, std::memory_order_relaxed);
  return Ticket(&gauge);
}

}  // namespace

Ticket acquire(const ClusterSpec& cluster, Limit limit) {
  const auto& budget = cluster.limits.retry_budget;
  if (limit == Limit::Requests && budget) earn_retry(*cluster.state, *budget);
  return acquire(breaker(cluster, limit));
}

Ticket acquire_retry(const ClusterSpec& cluster, TimePoint now) {
  ClusterState& state = *cluster.state;
  const auto& budget = cluster.limits.retry_budget;
  if (!budget) return acquire({&state.retries, &state.retry_overflow, cluster.limits.retries});
  const std::uint32_t at_once = retries_at_once(cluster, *budget);
  Ticket ticket = acquire({&state.retries, &state.retry_overflow, at_once});
  if (!ticket || spend_retry(state, *budget, at_once, now)) return ticket;
  state.retry_overflow.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Ticket acquire_beyond(const ClusterSpec& cluster, Limit limit) {
  return take(*breaker(cluster, limit).gauge);
}

Ticket hold_request(const EndpointSpec& endpoint) { return take(endpoint.state->active_requests); }

Ticket hold_connection(const EndpointSpec& endpoint) {
  return take(endpoint.state->active_connections);
}

}  // namespace outrider::proxy
