#pragma once
// The world as one request sees it: every listener, route, cluster and endpoint at one moment.
// Made by compile() on the main thread, frozen, shared by all workers; swapped whole.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/snapshot/cluster.hpp"
#include "proxy/snapshot/listener.hpp"
#include "proxy/snapshot/route.hpp"

namespace outrider::proxy {

class Snapshot {
 public:
  std::uint64_t version = 0;
  std::vector<std::unique_ptr<const ListenerSpec>> listeners;
  TextMap<std::unique_ptr<const RouteTable>> routes;    // by name, inline ones under "@listener/..."
  TextMap<std::unique_ptr<const ClusterSpec>> clusters;  // by name

  // What is still awaited before this snapshot is whole: RDS and EDS names.
  std::vector<std::string> missing_routes;
  std::vector<std::string> missing_endpoints;
  // What was in the resources, is not supported, and opens no door: for the log.
  std::vector<std::string> ignored;

  [[nodiscard]] const ListenerSpec* listener(std::string_view name) const;
  [[nodiscard]] const ClusterSpec* cluster(std::string_view name) const;
};

}  // namespace outrider::proxy
