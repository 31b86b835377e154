#pragma once
// Destinations: clusters and their endpoints, as configured. Owned by the Snapshot, frozen; any
// thread. What changes at run time is behind `state`.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/address.hpp"
#include "proxy/snapshot/match.hpp"
#include "proxy/snapshot/state.hpp"
#include "proxy/telemetry/labels.hpp"

namespace outrider::proxy {

struct SanMatcher {
  enum class Type : std::uint8_t { Any, Uri, Dns };
  Type type = Type::Any;
  StringMatcher text;

  // SPIFFE identities are URIs.
  [[nodiscard]] bool admits(std::string_view identity) const {
    return type != Type::Dns && text.matches(identity);
  }
  bool operator==(const SanMatcher&) const = default;
};

// Identity and trust come from SDS or files under these names; DESIGN section 8.
struct UpstreamTls {
  std::string sni;
  std::vector<std::string> alpn;
  std::vector<SanMatcher> allowed_sans;  // any of them; empty: any identity of the trust bundle
  std::string certificate_name;          // SDS name of our own certificate, empty: none is shown
  std::string trust_name;                // SDS name of the roots, empty: the system's

  [[nodiscard]] bool offers_h2() const;
};

enum class EndpointHealth : std::uint8_t { Healthy, Unhealthy, Draining };

struct EndpointSpec {
  SocketAddress address;
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  WorkloadId workload_id = unknown_workload;  // as metrics name it
  EndpointHealth health = EndpointHealth::Healthy;
  const UpstreamTls* tls = nullptr;  // null: plaintext; owned by the cluster
  // Equal as long as an open connection to it can be kept: address, TLS settings, protocol, bind
  // address. The key of a pool, across snapshots.
  std::uint64_t transport_hash = 0;
  std::shared_ptr<EndpointState> state;
};

enum class LbPolicy : std::uint8_t { RoundRobin, LeastRequest, Random };

// Http1 and Http2 as told; FollowDownstream: what the client spoke; over TLS, ALPN decides.
enum class UpstreamProtocol : std::uint8_t { Http1, Http2, FollowDownstream };

// How many retries there may be: at once, a share of the requests that are on their first try; and
// over time the same share of all requests, so that a destination where all fails gets at most that
// much more load than is offered to it, however long requests and retries take.
struct RetryBudget {
  double percent = 20;
  std::uint32_t least = 3;  // at once and a second, however few requests there are
};

struct CircuitLimits {
  static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t connections = 1024;  // Envoy's defaults; Istio always writes its own
  std::uint32_t pending = 1024;
  std::uint32_t requests = 1024;
  std::uint32_t retries = 3;
  std::optional<RetryBudget> retry_budget;  // instead of `retries`
};

struct OutlierSettings {
  std::uint32_t consecutive_5xx = 5;      // 0: off
  std::uint32_t consecutive_gateway = 0;  // 0: off
  Duration interval = std::chrono::seconds(10);
  Duration base_ejection_time = std::chrono::seconds(30);
  Duration max_ejection_time = std::chrono::seconds(300);
  std::uint32_t max_ejection_percent = 10;
};

enum class DiscoveryType : std::uint8_t { Static, Eds, StrictDns };

struct ClusterSpec {
  std::string name;
  DiscoveryType discovery = DiscoveryType::Static;
  Duration connect_timeout = std::chrono::seconds(10);
  LbPolicy lb_policy = LbPolicy::RoundRobin;
  std::uint32_t panic_percent = 0;  // 0: no panic; otherwise all endpoints below this share
  CircuitLimits limits;
  std::optional<OutlierSettings> outlier;
  std::uint32_t max_requests_per_connection = 0;  // 0: no limit
  Duration idle_timeout = std::chrono::hours(1);  // 0: none
  UpstreamProtocol protocol = UpstreamProtocol::Http1;
  std::optional<SocketAddress> bind_address;
  ServiceId service_id = unknown_service;
  std::vector<EndpointSpec> endpoints;
  // Indices of endpoints, each as often as its weight, well mixed. Not empty with endpoints.
  std::vector<std::uint32_t> rotation;
  bool equal_weights = true;
  std::vector<std::string> dns_names;  // StrictDns: to be resolved; see XdsInput::resolved
  Duration dns_refresh = std::chrono::seconds(5);
  bool endpoints_known = true;  // false: EDS has not said anything about it yet
  std::vector<std::unique_ptr<const UpstreamTls>> tls_settings;
  std::shared_ptr<ClusterState> state;
};

}  // namespace outrider::proxy
