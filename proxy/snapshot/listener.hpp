#pragma once
// Listeners and what they do with a connection. Owned by the Snapshot, frozen; any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/address.hpp"
#include "proxy/snapshot/cluster.hpp"
#include "proxy/snapshot/rbac.hpp"
#include "proxy/snapshot/route.hpp"

namespace outrider::proxy {

enum class Direction : std::uint8_t { Inbound, Outbound };

// PEM text, or the file that holds it.
struct PemSource {
  std::string file;
  std::string text;
};

struct CertificateSource {
  PemSource chain;
  PemSource key;
};

struct DownstreamTls {
  bool require_client_certificate = false;
  bool verifies = false;  // false: callers are not asked for a certificate
  std::vector<std::string> alpn;
  std::vector<SanMatcher> allowed_sans;  // empty: any identity of the trust bundle
  std::string certificate_name;
  std::string trust_name;
  std::optional<CertificateSource> own;  // none: the workload's
  std::optional<PemSource> roots;        // none: the mesh's
};

enum class ForwardClientCert : std::uint8_t {
  Sanitize, ForwardOnly, AppendForward, SanitizeSet, AlwaysForwardOnly
};

struct HttpSpec {
  std::string route_name;  // of the route configuration
  const RouteTable* routes = nullptr;  // null: not received yet; see Snapshot::missing_routes
  std::vector<RbacRuleSet> authorization;  // in filter order: DENY before ALLOW
  ForwardClientCert forward_client_cert = ForwardClientCert::Sanitize;
  bool cert_subject = false;
  bool cert_dns = false;
  bool cert_uri = false;
  bool generate_request_id = true;
  std::vector<UpgradeRule> upgrades;  // those that are not listed are refused
  std::string server_name = "envoy";
  Duration idle_timeout = std::chrono::hours(1);           // of a connection; 0: none
  Duration stream_idle_timeout = std::chrono::minutes(5);  // nothing moves; 0: none
};

struct ChainSpec {
  std::string name;
  std::optional<DownstreamTls> tls;
  HttpSpec http;
};

struct ListenerSpec {
  std::string name;
  SocketAddress address;
  Direction direction = Direction::Outbound;
  bool binds = true;  // bind_to_port
  // What a connection that starts with a TLS handshake gets, and what any other gets. A missing
  // one: such a connection is refused.
  std::optional<ChainSpec> tls;
  std::optional<ChainSpec> plaintext;
};

}  // namespace outrider::proxy
