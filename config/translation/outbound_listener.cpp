#include <fmt/format.h>

#include "config/translation/connection_manager.hpp"
#include "config/translation/listeners.hpp"
#include "config/translation/messages.hpp"
#include "config/translation/outbound_routes.hpp"

namespace outrider::config {

void add_outbound_listener(const View& view, XdsResources& out) {
  const std::string& address = view.workload.address;
  auto& listener = out.listeners.emplace_back();
  listener.set_name(fmt::format("{}_{}", address, kOutboundPort));
  set_socket_address(*listener.mutable_address(), address, kOutboundPort);
  listener.set_traffic_direction(envoy::config::core::v3::OUTBOUND);

  ConnectionManager manager = connection_manager(fmt::format("outbound_{};", listener.name()));
  manager.mutable_rds()->set_route_config_name(kHttpProxyRoutes);
  set_aggregated(*manager.mutable_rds()->mutable_config_source());
  close(std::move(manager), *listener.add_filter_chains());
}

}  // namespace outrider::config
