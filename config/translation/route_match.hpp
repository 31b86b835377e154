#pragma once
// One match block as Envoy's. Pure; any thread.

#include "config/resources/virtual_service.hpp"
#include "config/xds/route.pb.h"

namespace outrider::config {

// Null matches everything.
void set_match(const HttpMatch* match, envoy::config::route::v3::RouteMatch& out);

}  // namespace outrider::config
