#include "proxy/policy/balance.hpp"

#include <algorithm>

namespace outrider::proxy {
namespace {

using Tried = std::span<const EndpointState* const>;

// Which endpoints a pick may return.
struct Candidates {
  const ClusterSpec& cluster;
  Tried tried;
  bool panic = false;  // too few are available: all count

  [[nodiscard]] bool has(const EndpointSpec& endpoint) const {
    if (!panic && !is_available(endpoint)) return false;
    return std::ranges::find(tried, endpoint.state.get()) == tried.end();
  }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        cluster.endpoints, [&](const EndpointSpec& endpoint) { return has(endpoint); }));
  }
  [[nodiscard]] const EndpointSpec* nth(std::size_t n) const {
    for (const EndpointSpec& endpoint : cluster.endpoints) {
      if (has(endpoint) && n-- == 0) return &endpoint;
    }
    return nullptr;
  }
};

// Every skip moves the shared cursor too, so that the one behind an ejected endpoint does not
// inherit its share.
const EndpointSpec* round_robin(const Candidates& candidates) {
  const auto& rotation = candidates.cluster.rotation;
  std::atomic<std::uint32_t>& cursor = candidates.cluster.state->cursor;
  for (std::size_t i = 0; i < rotation.size(); ++i) {
    const std::size_t at = cursor.fetch_add(1, std::memory_order_relaxed) % rotation.size();
    const EndpointSpec& endpoint = candidates.cluster.endpoints[rotation[at]];
    if (candidates.has(endpoint)) return &endpoint;
  }
  return candidates.nth(0);  // other workers moved the cursor meanwhile
}

// Uniform over the candidates: a few draws, then an exact count.
const EndpointSpec* random_one(const Candidates& candidates, Random& random) {
  const auto& endpoints = candidates.cluster.endpoints;
  for (int draw = 0; draw < 4; ++draw) {
    const EndpointSpec& endpoint = endpoints[random.below(endpoints.size())];
    if (candidates.has(endpoint)) return &endpoint;
  }
  const std::size_t count = candidates.count();
  return count == 0 ? nullptr : candidates.nth(random.below(count));
}

std::uint32_t active(const EndpointSpec& endpoint) {
  return endpoint.state->active_requests.load(std::memory_order_relaxed);
}

// Power of two choices.
const EndpointSpec* least_request(const Candidates& candidates, Random& random) {
  const EndpointSpec* first = random_one(candidates, random);
  const EndpointSpec* second = random_one(candidates, random);
  if (first == nullptr || second == nullptr) return first;
  return active(*second) < active(*first) ? second : first;
}

// A share of weight / (active + 1) for each.
const EndpointSpec* weighted_least_request(const Candidates& candidates, Random& random) {
  constexpr std::uint64_t scale = 1 << 20;
  const auto share = [](const EndpointSpec& endpoint) {
    return scale * endpoint.weight / (std::uint64_t{active(endpoint)} + 1);
  };
  std::uint64_t total = 0;
  for (const EndpointSpec& endpoint : candidates.cluster.endpoints) {
    if (candidates.has(endpoint)) total += share(endpoint);
  }
  std::uint64_t point = random.below(total);
  const EndpointSpec* last = nullptr;
  for (const EndpointSpec& endpoint : candidates.cluster.endpoints) {
    if (!candidates.has(endpoint)) continue;
    last = &endpoint;
    const std::uint64_t own = share(endpoint);  // may have moved since; the last one catches that
    if (point < own) return &endpoint;
    point -= own;
  }
  return last;
}

const EndpointSpec* pick_from(const Candidates& candidates, Random& random) {
  switch (candidates.cluster.lb_policy) {
    case LbPolicy::RoundRobin:
      return round_robin(candidates);
    case LbPolicy::Random:
      return random_one(candidates, random);
    case LbPolicy::LeastRequest:
      return candidates.cluster.equal_weights ? least_request(candidates, random)
                                              : weighted_least_request(candidates, random);
  }
  return nullptr;
}

bool in_panic(const ClusterSpec& cluster) {
  if (cluster.panic_percent == 0) return false;
  const auto available = std::ranges::count_if(cluster.endpoints, is_available);
  return static_cast<std::size_t>(available) * 100 < cluster.panic_percent * cluster.endpoints.size();
}

}  // namespace

bool is_available(const EndpointSpec& endpoint) {
  return endpoint.health == EndpointHealth::Healthy &&
         !endpoint.state->ejected.load(std::memory_order_relaxed);
}

const EndpointSpec* pick(const ClusterSpec& cluster, Random& random, Tried tried) {
  if (cluster.endpoints.empty()) return nullptr;
  Candidates candidates{cluster, tried, in_panic(cluster)};
  const EndpointSpec* chosen = pick_from(candidates, random);
  if (chosen != nullptr || tried.empty()) return chosen;
  candidates.tried = {};
  return pick_from(candidates, random);
}

}  // namespace outrider::proxy
