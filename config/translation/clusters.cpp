#include "config/translation/clusters.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>

#include "config/translation/cluster_policy.hpp"
#include "config/translation/endpoints.hpp"
#include "config/translation/messages.hpp"
#include "config/translation/names.hpp"
#include "config/translation/tls.hpp"
#include "config/xds/cluster.pb.h"
#include "config/xds/endpoint.pb.h"

namespace outrider::config {
namespace {

using envoy::config::cluster::v3::Cluster;

// mTLS to endpoints that say they speak it, plaintext to the others.
void set_auto_mtls(Cluster& cluster, const std::string& sni, const std::vector<std::string>& identities) {
  auto& mesh = *cluster.add_transport_socket_matches();
  mesh.set_name("tlsMode-istio");
  set_string(*mesh.mutable_match(), "tlsMode", "istio");
  *mesh.mutable_transport_socket() = mesh_client_tls(sni, identities);
  auto& plain = *cluster.add_transport_socket_matches();
  plain.set_name("tlsMode-disabled");
  plain.mutable_match();
  *plain.mutable_transport_socket() = plaintext();
}

void set_discovery(const View& view, const Service& service, const ServicePort& port, const Subset* subset,
                   Cluster& cluster, XdsResources& out) {
  auto endpoints = load_assignment(view, cluster.name(), service, port, subset);
  if (service.first().resolution == ServiceEntry::Resolution::Dns) {
    cluster.set_type(Cluster::STRICT_DNS);
    cluster.set_dns_lookup_family(Cluster::V4_ONLY);
    set_duration(*cluster.mutable_dns_refresh_rate(), std::chrono::seconds(60));
    *cluster.mutable_load_assignment() = std::move(endpoints);
    return;
  }
  cluster.set_type(Cluster::EDS);
  cluster.mutable_eds_cluster_config()->set_service_name(cluster.name());
  set_aggregated(*cluster.mutable_eds_cluster_config()->mutable_eds_config());
  out.endpoints.push_back(std::move(endpoints));
}

void set_metadata(const Service& service, const ServicePort& port, const ServiceRules& rules,
                  const Subset* subset, Cluster& cluster) {
  auto& metadata = *cluster.mutable_metadata();
  const Resource& entry = *service.entries.front().resource;
  set_string((*metadata.mutable_filter_metadata())["outrider"], "source",
             source_of(entry, entry.origin().kind));
  if (rules.resource != nullptr) {
    set_origin(metadata, *rules.resource, subset != nullptr ? subset->at : rules.resource->origin().kind);
  }
  add_service(metadata, service);
  auto& istio = (*metadata.mutable_filter_metadata())["istio"];
  (*istio.mutable_fields())["default_original_port"].set_number_value(port.number);
  if (subset != nullptr) set_string(istio, "subset", *subset->name);
  if (!service.internal()) (*istio.mutable_fields())["external"].set_bool_value(true);
}

void add_cluster(const View& view, const Service& service, const ServicePort& port,
                 const ServiceRules& rules, const std::vector<std::string>& identities,
                 const Subset* subset, XdsResources& out) {
  const std::string subset_name = subset == nullptr ? "" : *subset->name;
  Cluster& cluster = out.clusters.emplace_back();
  cluster.set_name(outbound_cluster(port.number, subset_name, service.host));
  set_discovery(view, service, port, subset, cluster, out);
  const bool overridden = subset != nullptr && subset->policy;
  apply_policy(overridden ? rules.policy.overridden_by(*subset->policy) : rules.policy, port.protocol(),
               cluster);
  if (service.internal()) {
    set_auto_mtls(cluster, outbound_sni(port.number, subset_name, service.host), identities);
  }
  bind_to(view.workload, cluster);
  set_metadata(service, port, rules, subset, cluster);
}

}  // namespace

void add_outbound_clusters(const View& view, XdsResources& out) {
  for (const Service* service : view.services) {
    const ServiceRules rules = view.registry.rules_for(*service, view.workload.ns);
    const std::vector<std::string> identities = server_identities(*service);
    for (const ServicePort* port : service->ports()) {
      add_cluster(view, *service, *port, rules, identities, nullptr, out);
      for (const Subset* subset : rules.subsets) {
        add_cluster(view, *service, *port, rules, identities, subset, out);
      }
    }
  }
}

}  // namespace outrider::config
