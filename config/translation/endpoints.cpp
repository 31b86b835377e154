#include "config/translation/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "config/translation/messages.hpp"
#include "config/translation/names.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

using envoy::config::endpoint::v3::ClusterLoadAssignment;
using envoy::config::endpoint::v3::LbEndpoint;
using envoy::config::endpoint::v3::LocalityLbEndpoints;

std::string first_label(const Labels& labels, std::initializer_list<const char*> names,
                        std::string otherwise) {
  for (const char* name : names) {
    if (const auto found = labels.find(name); found != labels.end()) return found->second;
  }
  return otherwise;
}

// "name;namespace;canonical service;canonical revision;cluster", for metrics and logs.
std::string workload_of(const std::string& name, const std::string& ns, const Labels& labels) {
  return fmt::format(
      "{};{};{};{};Kubernetes", name, ns,
      first_label(labels, {"service.istio.io/canonical-name", "app.kubernetes.io/name", "app"}, name),
      first_label(labels, {"service.istio.io/canonical-revision", "app.kubernetes.io/version", "version"},
                  ""));
}

class Assignment {
 public:
  explicit Assignment(const std::string& cluster) { message_.set_cluster_name(cluster); }

  LbEndpoint& add(const std::string& locality, std::uint32_t weight) {
    const auto [found, is_new] = groups_.try_emplace(locality, message_.endpoints_size());
    LocalityLbEndpoints& group =
        is_new ? *message_.add_endpoints() : *message_.mutable_endpoints(found->second);
    if (is_new) set_locality(*group.mutable_locality(), locality);
    weight = std::max<std::uint32_t>(weight, 1);
    auto& total = *group.mutable_load_balancing_weight();
    total.set_value(total.value() + weight);
    LbEndpoint& endpoint = *group.add_lb_endpoints();
    endpoint.mutable_load_balancing_weight()->set_value(weight);
    return endpoint;
  }

  ClusterLoadAssignment take() { return std::move(message_); }

 private:
  static void set_locality(envoy::config::core::v3::Locality& out, const std::string& locality) {
    const auto parts = ascii::split(locality, '/');
    out.set_region(std::string(parts[0]));
    if (parts.size() > 1) out.set_zone(std::string(parts[1]));
    if (parts.size() > 2) out.set_sub_zone(std::string(parts[2]));
  }

  ClusterLoadAssignment message_;
  std::map<std::string, int> groups_;  // locality -> index
};

void fill(const View& view, const Service& service, const WorkloadEntry& endpoint, std::uint32_t port,
          LbEndpoint& out) {
  set_socket_address(*out.mutable_endpoint()->mutable_address(), *endpoint.address, port);
  if (!service.internal() || !endpoint.speaks_mesh_tls()) return;
  // Auto mTLS knows what the other side would refuse.
  if (view.registry.tls_mode(service.ns, endpoint.labels, port) == TlsMode::Disable) return;
  auto& metadata = *out.mutable_metadata()->mutable_filter_metadata();
  set_string(metadata["envoy.transport_socket_match"], "tlsMode", "istio");
}

// Istio's short form, and what it leaves out: metrics name the callee from the first request on.
void set_workload(LbEndpoint& out, const std::string& name, const std::string& ns, const Labels& labels,
                  const std::string& service_account) {
  auto& metadata = *out.mutable_metadata()->mutable_filter_metadata();
  set_string(metadata["istio"], "workload", workload_of(name, ns, labels));
  const auto tell = [&](const char* key, const std::string& value) {
    if (!value.empty()) set_string(metadata["outrider"], key, value);
  };
  tell("app", first_label(labels, {"app"}, ""));
  tell("version", first_label(labels, {"version"}, ""));
  if (!service_account.empty()) tell("principal", spiffe_id(ns, service_account));
}

}  // namespace

ClusterLoadAssignment load_assignment(const View& view, const std::string& cluster, const Service& service,
                                      const ServicePort& port, const Subset* subset) {
  Assignment assignment(cluster);
  for (const Typed<ServiceEntry>& entry : service.entries) {
    const auto offered = std::find_if(entry->ports.begin(), entry->ports.end(),
                                      [&](const ServicePort& p) { return p.number == port.number; });
    if (offered == entry->ports.end()) continue;
    const std::string& name = entry.resource->key().name;
    for (std::size_t i = 0; i < entry->endpoints.size(); ++i) {
      const WorkloadEntry& endpoint = entry->endpoints[i];
      if (subset != nullptr && !includes(endpoint.labels, subset->labels)) continue;
      LbEndpoint& out = assignment.add(endpoint.locality, endpoint.weight);
      fill(view, service, endpoint, port_for(endpoint, *offered), out);
      set_workload(out, fmt::format("{}-{}", name, i), service.ns, endpoint.labels,
                   endpoint.service_account);
    }
    // A DNS name without endpoints is its own.
    if (entry->endpoints.empty() && entry->resolution == ServiceEntry::Resolution::Dns) {
      LbEndpoint& out = assignment.add("", 1);
      set_socket_address(*out.mutable_endpoint()->mutable_address(), service.host,
                         offered->target_port != 0 ? offered->target_port : offered->number);
      set_workload(out, name, service.ns, {}, "");
    }
  }
  return assignment.take();
}

std::vector<std::string> server_identities(const Service& service) {
  std::set<std::string> identities;
  for (const Typed<ServiceEntry>& entry : service.entries) {
    for (const WorkloadEntry& endpoint : entry->endpoints) {
      if (endpoint.service_account.empty()) continue;
      identities.insert(spiffe_id(service.ns, endpoint.service_account));
    }
  }
  return {identities.begin(), identities.end()};
}

}  // namespace outrider::config
