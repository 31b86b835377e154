#include "proxy/snapshot/state.hpp"

#include <algorithm>

namespace outrider::proxy {
namespace {

bool in_use(const EndpointState& state) {
  return state.active_requests.load(std::memory_order_acquire) != 0 ||
         state.active_connections.load(std::memory_order_acquire) != 0;
}

bool in_use(const ClusterState& state) {
  return state.connections.load(std::memory_order_acquire) != 0 ||
         state.pending.load(std::memory_order_acquire) != 0 ||
         state.requests.load(std::memory_order_acquire) != 0 ||
         state.retries.load(std::memory_order_acquire) != 0;
}

}  // namespace

StateRegistry::Entry& StateRegistry::entry(std::string_view name) {
  if (const auto found = clusters_.find(name); found != clusters_.end()) return found->second;
  auto state = std::make_shared<ClusterState>(std::string(name));
  const std::string_view named = state->name;
  return clusters_.emplace(named, Entry{std::move(state), {}}).first->second;
}

std::shared_ptr<ClusterState> StateRegistry::cluster(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return entry(name).state;
}

std::shared_ptr<EndpointState> StateRegistry::endpoint(std::string_view cluster,
                                                       const SocketAddress& address) {
  const std::lock_guard lock(mutex_);
  auto& known = entry(cluster).endpoints;
  const auto at = std::ranges::lower_bound(known, address, {}, [](const auto& state) -> const SocketAddress& { return state->address; });
  if (at != known.end() && (*at)->address == address) return *at;
  return *known.insert(at, std::make_shared<EndpointState>(address));
}

void StateRegistry::retire_unused() {
  const std::lock_guard lock(mutex_);
  for (auto at = clusters_.begin(); at != clusters_.end();) {
    Entry& entry = at->second;
    std::erase_if(entry.endpoints, [](const auto& endpoint) {
      return endpoint.use_count() == 1 && !in_use(*endpoint);
    });
    const bool unused =
        entry.endpoints.empty() && entry.state.use_count() == 1 && !in_use(*entry.state);
    at = unused ? clusters_.erase(at) : std::next(at);
  }
}

void StateRegistry::for_each_cluster(
    const std::function<void(const ClusterState&)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : clusters_) visit(*entry.state);
}

void StateRegistry::for_each_endpoint(
    const std::function<void(std::string_view, const EndpointState&)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : clusters_) {
    for (const auto& state : entry.endpoints) visit(name, *state);
  }
}

}  // namespace outrider::proxy
