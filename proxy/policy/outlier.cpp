#include "proxy/policy/outlier.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace outrider::proxy {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::int64_t ns(TimePoint at) { return at.time_since_epoch().count(); }

// Written only when it changes: healthy endpoints' counters stay in every core's cache.
void reset(std::atomic<std::uint32_t>& counter) {
  if (counter.load(relaxed) != 0) counter.store(0, relaxed);
}

// 0: this end says nothing about the endpoint.
int status_for_outlier(const AttemptOutcome& outcome) {
  if (outcome.failure) {
    const FailureFacts& failure = facts(*outcome.failure);
    return failure.blames_endpoint ? failure.http_status : 0;
  }
  if (outcome.grpc_status >= 0) return http_status_of_grpc(outcome.grpc_status);
  return outcome.status;
}

Duration ejection_time(const OutlierSettings& settings, std::uint32_t times) {
  const Duration cap = std::max(settings.max_ejection_time, settings.base_ejection_time);
  if (settings.base_ejection_time.count() <= 0) return Duration{0};
  if (cap / settings.base_ejection_time < static_cast<std::int64_t>(times)) return cap;
  return std::min(cap, settings.base_ejection_time * times);
}

OutlierVerdict eject(const ClusterSpec& cluster, EndpointState& endpoint, TimePoint now) {
  const OutlierSettings& settings = *cluster.outlier;
  const std::lock_guard lock(cluster.state->ejecting);
  if (endpoint.ejected.load(relaxed)) return OutlierVerdict::None;
  const auto ejected = static_cast<std::size_t>(std::ranges::count_if(
      cluster.endpoints, [](const EndpointSpec& e) { return e.state->ejected.load(relaxed); }));
  if (100 * (ejected + 1) > settings.max_ejection_percent * cluster.endpoints.size()) {
    cluster.state->ejections_overflow.fetch_add(1, relaxed);
    return OutlierVerdict::Refused;
  }
  const std::uint32_t times = endpoint.ejection_count.load(relaxed) + 1;
  endpoint.ejection_count.store(times, relaxed);
  endpoint.ejected_until.store(ns(now + ejection_time(settings, times)), relaxed);
  endpoint.ejected.store(true, std::memory_order_release);
  cluster.state->ejections_total.fetch_add(1, relaxed);
  return OutlierVerdict::Ejected;
}

// The comparison is `==`: a run that passed its threshold while ejection was refused does not ask
// again until it has been broken (Envoy's behaviour, istio#57343).
bool reaches(std::atomic<std::uint32_t>& counter, std::uint32_t threshold) {
  return counter.fetch_add(1, relaxed) + 1 == threshold;
}

OutlierVerdict worse(OutlierVerdict a, OutlierVerdict b) {
  return a == OutlierVerdict::Ejected || b == OutlierVerdict::None ? a : b;
}

}  // namespace

OutlierVerdict record_outcome(const ClusterSpec& cluster, const EndpointSpec& endpoint,
                              const AttemptOutcome& outcome, TimePoint now) {
  const int status = status_for_outlier(outcome);
  if (status == 0) return OutlierVerdict::None;
  EndpointState& state = *endpoint.state;
  if (status >= 500) state.errors_total.fetch_add(1, relaxed);
  if (!cluster.outlier) return OutlierVerdict::None;
  const OutlierSettings& settings = *cluster.outlier;

  OutlierVerdict verdict = OutlierVerdict::None;
  if (status < 502 || status > 504) {
    reset(state.consecutive_gateway);
  } else if (reaches(state.consecutive_gateway, settings.consecutive_gateway)) {
    verdict = eject(cluster, state, now);
  }
  if (status < 500) {
    reset(state.consecutive_5xx);
  } else if (reaches(state.consecutive_5xx, settings.consecutive_5xx)) {
    verdict = worse(verdict, eject(cluster, state, now));
  }
  return verdict;
}

std::size_t sweep_if_due(const ClusterSpec& cluster, TimePoint now) {
  if (!cluster.outlier) return 0;
  std::atomic<std::int64_t>& next = cluster.state->next_sweep;
  std::int64_t due = next.load(relaxed);
  if (ns(now) < due) return 0;
  if (!next.compare_exchange_strong(due, ns(now + cluster.outlier->interval), relaxed)) return 0;
  if (due == 0) return 0;  // the first interval starts now

  std::size_t returned = 0;
  const std::lock_guard lock(cluster.state->ejecting);
  for (const EndpointSpec& endpoint : cluster.endpoints) {
    EndpointState& state = *endpoint.state;
    if (!state.ejected.load(relaxed)) {
      const std::uint32_t times = state.ejection_count.load(relaxed);
      if (times > 0) state.ejection_count.store(times - 1, relaxed);
    } else if (ns(now) >= state.ejected_until.load(relaxed)) {
      reset(state.consecutive_5xx);
      reset(state.consecutive_gateway);
      state.ejected.store(false, std::memory_order_release);
      ++returned;
    }
  }
  return returned;
}

}  // namespace outrider::proxy
