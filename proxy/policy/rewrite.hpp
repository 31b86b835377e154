#pragma once
// What a route changes about a request or a response on its way. On a worker; the head is the
// exchange's own. Values live in the snapshot that the exchange pins, and are not copied.

#include <string>
#include <string_view>

#include "core/protocol/message.hpp"
#include "proxy/snapshot/route.hpp"

namespace outrider::proxy {

void apply(const HeaderOps& ops, protocol::Head& head);

// Prefix and host rewrite, then header operations: the cluster's, the route's, the virtual host's.
// A changed path leaves the old one in x-envoy-original-path. Once a request, before the first try.
void rewrite_request(const VirtualHost& host, const Route& route, const Forward& forward,
                     const WeightedCluster& chosen, protocol::Head& head);

void rewrite_response(const VirtualHost& host, const Route& route, const WeightedCluster* chosen,
                      protocol::Head& head);

// The Location of a redirect. `scheme` is what the caller used.
[[nodiscard]] std::string redirect_location(const Redirect& redirect, const Route& route,
                                            const protocol::Head& head, std::string_view scheme);

}  // namespace outrider::proxy
