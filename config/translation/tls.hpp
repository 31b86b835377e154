#pragma once
// Mesh TLS as xDS: what a client shows and checks, what a server asks. Pure; any thread.

#include <string>
#include <vector>

#include "config/resources/sidecar.hpp"
#include "config/xds/core.pb.h"

namespace outrider::config {

// For a call to a service whose endpoints may have these identities; without any, every identity
// of the trust domain is accepted, and none of another.
[[nodiscard]] envoy::config::core::v3::TransportSocket mesh_client_tls(
    const std::string& sni, const std::vector<std::string>& identities);

[[nodiscard]] envoy::config::core::v3::TransportSocket mesh_server_tls();

// For callers from outside the mesh, by certificates in files.
[[nodiscard]] envoy::config::core::v3::TransportSocket ingress_tls(const ServerTls& ingress);

[[nodiscard]] envoy::config::core::v3::TransportSocket plaintext();

}  // namespace outrider::config
