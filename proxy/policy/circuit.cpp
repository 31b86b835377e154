#include "proxy/policy/circuit.hpp"

#include <algorithm>

namespace outrider::proxy {
namespace {

struct Breaker {
  std::atomic<std::uint32_t>* gauge;
  std::atomic<std::uint64_t>* overflow;
  std::uint32_t limit;
};

// Several workers may read between each other's changes: a few retries more or less do no harm.
std::uint32_t most_retries(const ClusterSpec& cluster) {
  const CircuitLimits& limits = cluster.limits;
  if (!limits.retry_budget) return limits.retries;
  const std::uint32_t requests = cluster.state->requests.load(std::memory_order_relaxed);
  const std::uint32_t retries = cluster.state->retries.load(std::memory_order_relaxed);
  const std::uint32_t first_tries = requests > retries ? requests - retries : 0;
  const auto share = static_cast<std::uint32_t>(limits.retry_budget->percent / 100 * first_tries);
  return std::max(limits.retry_budget->least, share);
}

Breaker breaker(const ClusterSpec& cluster, Limit limit) {
  ClusterState& state = *cluster.state;
  switch (limit) {
    case Limit::Connections:
      return {&state.connections, &state.connection_overflow, cluster.limits.connections};
    case Limit::Pending:
      return {&state.pending, &state.pending_overflow, cluster.limits.pending};
    case Limit::Requests:
      return {&state.requests, &state.request_overflow, cluster.limits.requests};
    case Limit::Retries:
      break;
  }
  return {&state.retries, &state.retry_overflow, most_retries(cluster)};
}

Ticket take(std::atomic<std::uint32_t>& gauge) {
  gauge.fetch_add(1, std::memory_order_relaxed);
  return Ticket(&gauge);
}

}  // namespace

Ticket acquire(const ClusterSpec& cluster, Limit limit) {
  const Breaker b = breaker(cluster, limit);
  // Taken first and given back when it was too much: one atomic operation on the usual path, and
  // never more than the limit are held.
  if (b.gauge->fetch_add(1, std::memory_order_relaxed) < b.limit) return Ticket(b.gauge);
  b.gauge->fetch_sub(1, std::memory_order_release);
  b.overflow->fetch_add(1, std::memory_order_relaxed);
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
