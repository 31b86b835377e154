#include <fmt/format.h>

#include "config/translation/authorization.hpp"
#include "config/translation/cluster_policy.hpp"
#include "config/translation/connection_manager.hpp"
#include "config/translation/listeners.hpp"
#include "config/translation/messages.hpp"
#include "config/translation/names.hpp"
#include "config/translation/tls.hpp"
#include "config/xds/endpoint.pb.h"
#include "config/xds/route.pb.h"

namespace outrider::config {
namespace {

using envoy::config::listener::v3::FilterChain;
using envoy::config::listener::v3::Listener;

// The service that callers of this port mean, for metrics and logs; null when nobody said.
const Service* service_behind(const View& view, const std::string& address, std::uint32_t port) {
  const auto there = view.registry.by_address.find(address);
  if (there == view.registry.by_address.end()) return nullptr;
  for (const Service* service : there->second) {
    for (const Typed<ServiceEntry>& entry : service->entries) {
      for (const WorkloadEntry& endpoint : entry->endpoints) {
        if (*endpoint.address != address) continue;
        for (const ServicePort& offered : entry->ports) {
          if (port_for(endpoint, offered) == port) return service;
        }
      }
    }
  }
  return nullptr;
}

void set_route(const View& view, const IngressListener& ingress, ConnectionManager& manager) {
  auto& routes = *manager.mutable_route_config();
  routes.set_name(inbound_cluster(ingress.port()));
  routes.mutable_validate_clusters()->set_value(false);
  auto& host = *routes.add_virtual_hosts();
  host.set_name(fmt::format("inbound|http|{}", ingress.port()));
  host.add_domains(std::string("*"));
  auto& route = *host.add_routes();
  route.set_name("default");
  route.mutable_match()->set_prefix("/");
  route.mutable_route()->set_cluster(inbound_cluster(ingress.port()));
  route.mutable_route()->mutable_timeout();  // 0s: never
  if (ingress.protocol() != Protocol::Grpc) {
    auto& retries = *route.mutable_route()->mutable_retry_policy();
    retries.set_retry_on("reset-before-request");
    retries.mutable_num_retries()->set_value(2);
  }
  const Resource& sidecar = *view.sidecar.resource;
  route.mutable_decorator()->set_operation(
      fmt::format("{}.{}:{}/*", sidecar.key().name, sidecar.key().ns, ingress.port()));
  set_origin(*route.mutable_metadata(), sidecar, ingress.at);
}

ConnectionManager inbound_manager(const View& view, const IngressListener& ingress,
                                  const std::string& listener, const Authorization& rules) {
  ConnectionManager manager = connection_manager(fmt::format("inbound_{};", listener));
  set_route(view, ingress, manager);
  for (const auto& filter : rules.filters) *manager.add_http_filters() = filter;
  // What a peer says about itself in x-forwarded-client-cert is never believed.
  manager.set_forward_client_cert_details(ConnectionManager::SANITIZE_SET);
  manager.mutable_set_current_client_cert_details()->mutable_subject()->set_value(true);
  manager.mutable_set_current_client_cert_details()->set_dns(true);
  manager.mutable_set_current_client_cert_details()->set_uri(true);
  return manager;
}

void add_listener(const View& view, const IngressListener& ingress, const Authorization& rules,
                  XdsResources& out) {
  const std::string& address = ingress.bind.empty() ? view.workload.address : ingress.bind;
  Listener& listener = out.listeners.emplace_back();
  listener.set_name(fmt::format("{}_{}", address, ingress.port()));
  set_socket_address(*listener.mutable_address(), address, ingress.port());
  listener.set_traffic_direction(envoy::config::core::v3::INBOUND);

  const auto add_chain = [&](const char* transport) -> FilterChain& {
    FilterChain& chain = *listener.add_filter_chains();
    chain.set_name(listener.name());
    chain.mutable_filter_chain_match()->set_transport_protocol(transport);
    set_origin(*chain.mutable_metadata(), *view.sidecar.resource, ingress.at);
    (*chain.mutable_metadata()->mutable_filter_metadata())["outrider"].MergeFrom(rules.sources);
    close(inbound_manager(view, ingress, listener.name(), rules), chain);
    return chain;
  };
  const TlsMode mode = view.registry.tls_mode(view.workload.ns, view.workload.labels, ingress.port());
  if (mode != TlsMode::Disable) *add_chain("tls").mutable_transport_socket() = mesh_server_tls();
  if (mode == TlsMode::Disable && ingress.tls) {
    *add_chain("tls").mutable_transport_socket() = ingress_tls(*ingress.tls);
  } else if (mode != TlsMode::Strict) {
    add_chain("raw_buffer");
  }
}

void add_cluster(const View& view, const IngressListener& ingress, XdsResources& out) {
  const std::string& own = view.workload.address;
  auto& cluster = out.clusters.emplace_back();
  cluster.set_name(inbound_cluster(ingress.port()));
  cluster.set_type(envoy::config::cluster::v3::Cluster::STATIC);
  auto& assignment = *cluster.mutable_load_assignment();
  assignment.set_cluster_name(cluster.name());
  auto& endpoint = *assignment.add_endpoints()->add_lb_endpoints()->mutable_endpoint();
  set_socket_address(*endpoint.mutable_address(),
                     ingress.endpoint_address().empty() ? own : ingress.endpoint_address(),
                     ingress.endpoint_port());
  apply_policy(TrafficPolicy{}, ingress.protocol(), cluster);
  bind_to(view.workload, cluster);
  set_origin(*cluster.mutable_metadata(), *view.sidecar.resource, ingress.at);
  if (const Service* service = service_behind(view, own, ingress.port())) {
    add_service(*cluster.mutable_metadata(), *service);
  }
}

}  // namespace

void add_inbound(const View& view, XdsResources& out) {
  if (!view.sidecar) return;
  const Authorization rules = authorization_for(view.registry, view.workload);
  for (const IngressListener& ingress : view.sidecar->ingress) {
    add_listener(view, ingress, rules, out);
    add_cluster(view, ingress, out);
  }
}

}  // namespace outrider::config
