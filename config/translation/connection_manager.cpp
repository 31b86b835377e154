#include "config/translation/connection_manager.hpp"

#include "config/translation/messages.hpp"
#include "config/xds/router.pb.h"

namespace outrider::config {

ConnectionManager connection_manager(const std::string& stat_prefix) {
  ConnectionManager manager;
  manager.set_stat_prefix(stat_prefix);
  manager.mutable_stream_idle_timeout();  // 0s: never
  manager.mutable_use_remote_address()->set_value(false);
  manager.mutable_generate_request_id()->set_value(true);
  manager.mutable_normalize_path()->set_value(true);
  manager.add_upgrade_configs()->set_upgrade_type("websocket");
  return manager;
}

void close(ConnectionManager manager, envoy::config::listener::v3::FilterChain& chain) {
  auto& router = *manager.add_http_filters();
  router.set_name("envoy.filters.http.router");
  *router.mutable_typed_config() = pack(envoy::extensions::filters::http::router::v3::Router());
  auto& filter = *chain.add_filters();
  filter.set_name("envoy.filters.network.http_connection_manager");
  *filter.mutable_typed_config() = pack(manager);
}

}  // namespace outrider::config
