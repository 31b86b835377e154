#pragma once
// Retries as Envoy's, with Istio's defaults. Pure; any thread.

#include "config/resources/virtual_service.hpp"
#include "config/xds/route.pb.h"

namespace outrider::config {

// Null: what holds where a route says nothing. Zero attempts: no policy at all.
void set_retries(const Retries* retries, envoy::config::route::v3::RouteAction& action);

}  // namespace outrider::config
