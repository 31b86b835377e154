#pragma once
// The identify phase: what callers say about themselves is believed from mutual TLS peers only, and
// what the sidecar knows is written instead (DESIGN section 6, reliability HD-01 and HD-02). Pure.

#include <string_view>

#include "core/base/random.hpp"
#include "core/protocol/tls.hpp"
#include "proxy/exchange/world.hpp"
#include "proxy/snapshot/listener.hpp"

namespace outrider::proxy {

// A request that comes in for the workload, from a peer of the mesh or not; `client_cert` as below.
void sanitize_inbound(protocol::Head& head, bool mesh_peer, std::string_view client_cert);

// A request that the workload sends: it may not speak for the sidecar.
void sanitize_outbound(protocol::Head& head);

// x-request-id when there is none, x-forwarded-proto.
void add_request_id(protocol::Head& head, const HttpSpec& http, Random& random);

// x-forwarded-client-cert of every request of a connection; empty: it gets none. `peer` is null on plaintext.
[[nodiscard]] std::string client_cert(const protocol::TlsPeer* peer, const HttpSpec& http,
                                      std::string_view own_identity);

// It for `peer`: By, Hash, Subject, URI, as Envoy writes it.
[[nodiscard]] std::string client_cert_element(const protocol::TlsPeer& peer, const HttpSpec& http,
                                              std::string_view own_identity);

}  // namespace outrider::proxy
