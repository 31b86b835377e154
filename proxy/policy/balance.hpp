#pragma once
// Which endpoint an attempt goes to. On a worker, against the snapshot that the exchange pins;
// reads the endpoints' shared state, moves the cluster's round-robin cursor.

#include <span>

#include "core/base/random.hpp"
#include "proxy/snapshot/cluster.hpp"

namespace outrider::proxy {

// Configured as healthy and not ejected.
[[nodiscard]] bool is_available(const EndpointSpec& endpoint);

// Null when no endpoint is available (UH). Endpoints in `tried` are avoided as long as another one
// is available. `tried` holds states, so that it stays good over a snapshot swap.
[[nodiscard]] const EndpointSpec* pick(const ClusterSpec& cluster, Random& random,
                                       std::span<const EndpointState* const> tried = {});

}  // namespace outrider::proxy
