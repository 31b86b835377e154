#pragma once
// A service's endpoints for one cluster, and who they may be. Pure; any thread.

#include <string>
#include <vector>

#include "config/translation/view.hpp"
#include "config/xds/endpoint.pb.h"

namespace outrider::config {

// The endpoints of a port that have a subset's labels (null: all), grouped by locality.
[[nodiscard]] envoy::config::endpoint::v3::ClusterLoadAssignment load_assignment(
    const View& view, const std::string& cluster, const Service& service, const ServicePort& port,
    const Subset* subset);

// The SPIFFE ids that a server of this service may show, sorted.
[[nodiscard]] std::vector<std::string> server_identities(const Service& service);

}  // namespace outrider::config
