#pragma once
// xDS resources as JSON, as sidecars read them from --resources. Plain values: a test changes what
// it is about.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/address.hpp"

namespace outrider::scenario {

using nlohmann::json;

// "spiffe://cluster.local/ns/shop/sa/NAME"
[[nodiscard]] std::string identity(const std::string& service_account);

[[nodiscard]] json cluster(const std::string& name, const std::vector<SocketAddress>& endpoints);
void speak_http2(json& cluster);
// Mutual TLS to a server that is `service_account`.
void secure(json& cluster, const std::string& service_account);

// A route for everything to one cluster: match `prefix`, no timeout, no retries.
[[nodiscard]] json route(const std::string& cluster, const std::string& prefix = "/");
[[nodiscard]] json retry(const std::string& on, int times);
// Of all domains.
[[nodiscard]] json virtual_host(const std::vector<json>& routes);

// Plaintext, outbound, with inline routes.
[[nodiscard]] json outbound(const std::string& name, const json& virtual_host,
                            const SocketAddress& at = {"127.0.0.1", 0});
enum class Mtls : std::uint8_t { Strict, Permissive };
// Inbound, for mutual TLS.
[[nodiscard]] json inbound(const std::string& name, const json& virtual_host, Mtls mode = Mtls::Strict);
// An RBAC filter before the router of each of a listener's chains; `rules` is config.rbac.v3.RBAC.
void add_rbac(json& listener, const json& rules);

// One of `[{"resources": [...]}]`, by name, to change it.
[[nodiscard]] json file(const std::vector<json>& resources);

}  // namespace outrider::scenario
