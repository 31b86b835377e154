#pragma once
// The HTTP connection manager that every filter chain ends in. Pure; any thread.

#include <string>
#include <vector>

#include "config/xds/hcm.pb.h"
#include "config/xds/listener.pb.h"

namespace outrider::config {

using ConnectionManager =
    envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

// What inbound and outbound have in common; the caller adds routes and filters before close().
[[nodiscard]] ConnectionManager connection_manager(const std::string& stat_prefix);

// Adds the router, which ends the filters, and makes it the chain's one filter.
void close(ConnectionManager manager, envoy::config::listener::v3::FilterChain& chain);

}  // namespace outrider::config
