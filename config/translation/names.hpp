#pragma once
// Istio's spellings: cluster names, SNI, domains, SPIFFE identities. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::config {

// "outbound|8080|stable|order-service.ecommerce.svc.cluster.local"
[[nodiscard]] std::string outbound_cluster(std::uint32_t port, std::string_view subset,
                                           std::string_view host);

// "outbound_.8080_.stable_.order-service.ecommerce.svc.cluster.local"
[[nodiscard]] std::string outbound_sni(std::uint32_t port, std::string_view subset,
                                       std::string_view host);

[[nodiscard]] std::string inbound_cluster(std::uint32_t port);  // "inbound|8080||"

// "spiffe://cluster.local/ns/ecommerce/sa/order-service"
[[nodiscard]] std::string spiffe_id(std::string_view ns, std::string_view service_account);

// What a client in this namespace may call a host: its full name with and without the last dot,
// and of a name in the mesh's own domain the short forms.
[[nodiscard]] std::vector<std::string> spellings(std::string_view host, std::string_view client_ns);

}  // namespace outrider::config
