#pragma once
// Which route a request takes. Pure; on a worker, against the snapshot that the exchange pins.

#include <cstdint>
#include <string_view>

#include "core/protocol/message.hpp"
#include "proxy/snapshot/route.hpp"

namespace outrider::proxy {

struct RouteMatch {
  const VirtualHost* host = nullptr;  // null: no domain matched
  const Route* route = nullptr;       // null: none of the host's routes matched
};

// Exact domain, longest suffix wildcard, longest prefix wildcard, "*"; then the first route whose
// conditions hold. `head` holds the normalized path and host.
[[nodiscard]] RouteMatch match_route(const RouteTable& table, const protocol::Head& head);

[[nodiscard]] const VirtualHost* match_host(const RouteTable& table, std::string_view authority);
[[nodiscard]] const Route* match_path(const VirtualHost& host, const protocol::Head& head);

// Whether a request may ask for this protocol: as the route says, else as the listener says.
[[nodiscard]] bool allows_upgrade(const std::vector<UpgradeRule>& of_listener,
                                  const std::vector<UpgradeRule>& of_route, std::string_view protocol);

// One of the weighted clusters. `roll` is a uniform random number; the same roll, the same cluster.
[[nodiscard]] const WeightedCluster& choose(const Forward& split, std::uint64_t roll);

}  // namespace outrider::proxy
