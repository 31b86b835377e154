#pragma once
// A virtual service's rules as the routes of one virtual host. Pure; any thread.

#include <cstdint>
#include <vector>

#include "config/translation/view.hpp"
#include "config/xds/route.pb.h"

namespace outrider::config {

// The rules that can match on this port, in order, up to the one that matches everything.
[[nodiscard]] std::vector<envoy::config::route::v3::Route> routes_of(
    const View& view, const Typed<VirtualService>& rules, std::uint32_t port);

// Everything to one service: what holds where no virtual service says anything.
[[nodiscard]] envoy::config::route::v3::Route default_route(const Service& service,
                                                            std::uint32_t port);

// An answer of our own, in a sentence.
[[nodiscard]] envoy::config::route::v3::Route refusal(const std::string& name, std::uint32_t status,
                                                      const std::string& sentence);

}  // namespace outrider::config
