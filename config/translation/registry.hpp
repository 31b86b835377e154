#pragma once
// A mesh indexed for translation: services by host, rules by namespace, policies by scope. Made
// once per Mesh, immutable; any thread. Owns its Mesh, so its pointers into specs stay good.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/mesh.hpp"
#include "config/resources/spec.hpp"
#include "config/translation/translate.hpp"

namespace outrider::config {

// A resource and its typed spec.
template <typename Kind>
struct Typed {
  const Resource* resource = nullptr;
  const Kind* spec = nullptr;

  explicit operator bool() const { return spec != nullptr; }
  const Kind* operator->() const { return spec; }
};

// All service entries of one host and namespace, as one service.
struct Service {
  std::string host;
  std::string ns;
  std::vector<Typed<ServiceEntry>> entries;

  [[nodiscard]] const ServiceEntry& first() const { return *entries.front().spec; }
  [[nodiscard]] bool internal() const {
    return first().location == ServiceEntry::Location::Internal;
  }
  [[nodiscard]] std::vector<const ServicePort*> ports() const;  // by number, each once
  [[nodiscard]] const ServicePort* port(std::uint32_t number) const;
};

// What the destination rules of a host say together.
struct ServiceRules {
  const Resource* resource = nullptr;  // the oldest; null: none
  TrafficPolicy policy;
  std::vector<const Subset*> subsets;
};

struct Registry {
  explicit Registry(Mesh mesh);

  [[nodiscard]] const Service* service(std::string_view host) const;  // null when unknown
  [[nodiscard]] ServiceRules rules_for(const Service& service, std::string_view client_ns) const;
  // The virtual service that a client in this namespace sees for a host.
  [[nodiscard]] Typed<VirtualService> virtual_service(std::string_view host,
                                                      std::string_view client_ns) const;
  [[nodiscard]] Typed<Sidecar> sidecar(std::string_view ns, const Labels& labels) const;
  // Port of the workload > workload > namespace > mesh; PERMISSIVE where nothing is said.
  [[nodiscard]] TlsMode tls_mode(std::string_view ns, const Labels& labels,
                                 std::uint32_t port) const;
  // Those of the root namespace first, each in the order of age.
  [[nodiscard]] std::vector<Typed<AuthorizationPolicy>> policies_for(
      std::string_view ns, const Labels& labels, AuthorizationPolicy::Action action) const;

  template <typename Kind>
  using ByName = std::map<std::string, std::vector<Typed<Kind>>, std::less<>>;

  Mesh mesh;
  std::map<std::string, Service, std::less<>> services;  // by host
  ByName<VirtualService> virtual_services;               // by host, exact and wildcard
  std::map<std::string, ByName<DestinationRule>, std::less<>>
      destination_rules;                                                       // by namespace, host
  ByName<Sidecar> sidecars;                                                    // by namespace
  ByName<PeerAuthentication> peer_authentications;                             // by namespace
  ByName<AuthorizationPolicy> authorization_policies;                          // by namespace
  std::map<std::string, std::vector<const Service*>, std::less<>> by_address;  // of endpoints
};

}  // namespace outrider::config
