#pragma once
// Route configurations, indexed for look-up. Owned by the Snapshot, frozen; any thread.
// policy/route.hpp finds the route, policy/rewrite.hpp applies what it says about headers and paths.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "proxy/policy/retry.hpp"
#include "proxy/snapshot/cluster.hpp"
#include "proxy/snapshot/match.hpp"

namespace outrider::proxy {

struct HeaderChange {
  enum class How : std::uint8_t { Append, AddIfAbsent, Overwrite, OverwriteIfPresent };
  std::string name;  // lower case
  std::string value;
  How how = How::Append;
};

// Removals first, then changes in order.
struct HeaderOps {
  std::vector<std::string> remove;
  std::vector<HeaderChange> change;

  [[nodiscard]] bool empty() const { return remove.empty() && change.empty(); }
};

struct WeightedCluster {
  std::string name;
  const ClusterSpec* cluster = nullptr;  // null: there is no such cluster (NC)
  std::uint32_t weight = 1;
  HeaderOps request;
  HeaderOps response;
};

// Whether requests may ask for another protocol (Upgrade), by its name in any case.
struct UpgradeRule {
  std::string type;
  bool enabled = true;
};

struct Forward {
  std::vector<WeightedCluster> clusters;  // never empty
  std::uint32_t total_weight = 1;
  Duration timeout{0};                          // 0: none
  std::optional<Duration> idle_timeout;         // instead of the listener's; 0: none
  std::optional<Duration> max_grpc_timeout;     // caps the client's grpc-timeout; 0: no cap
  std::optional<RetryPolicy> retry;
  std::vector<UpgradeRule> upgrades;            // before the listener's
  std::string prefix_rewrite;                   // empty: none
  std::string host_rewrite;                     // empty: none
  int cluster_not_found_status = 503;
};

struct DirectResponse {
  int status = 200;
  std::string body;
};

struct Redirect {
  int status = 301;
  std::string host;                   // empty: as asked
  std::string scheme;                 // empty: as asked
  std::uint16_t port = 0;             // 0: as asked
  std::optional<std::string> path;    // replaces the whole path; may hold a query of its own
  std::optional<std::string> prefix;  // replaces the matched prefix
  bool strip_query = false;
};

struct Route {
  std::string name;
  PathMatcher path;
  std::vector<HeaderMatcher> headers;
  std::vector<QueryMatcher> query;
  std::variant<Forward, DirectResponse, Redirect> action;
  HeaderOps request;
  HeaderOps response;
  std::string source;  // file:line of what it was made from, when the translator said so
};

struct VirtualHost {
  std::string name;
  std::vector<Route> routes;
  std::vector<PathGlance> glances;  // of each route's path; made when all are there
  bool include_attempt_count = false;
  HeaderOps request;
  HeaderOps response;
};

// Look-up of text by view, without making a string.
struct TextHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

struct RouteTable {
  struct WildcardLength {
    std::size_t length;  // of the fixed part
    TextMap<std::uint32_t> hosts;
  };

  std::string name;
  std::vector<VirtualHost> virtual_hosts;
  bool ignore_port = false;
  // Domain -> index of its virtual host. Wildcards: longest first.
  TextMap<std::uint32_t> exact;
  std::vector<WildcardLength> suffixes;  // "*.example.com" under ".example.com"
  std::vector<WildcardLength> prefixes;  // "example.*" under "example."
  std::optional<std::uint32_t> any;      // "*"
};

}  // namespace outrider::proxy
