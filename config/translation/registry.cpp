#include "config/translation/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace outrider::config {
namespace {

// The items under the most specific name that covers the host and pass the filter: exact before
// wildcard, a longer wildcard before a shorter one.
template <typename Kind, typename Seen>
std::vector<Typed<Kind>> most_specific(const Registry::ByName<Kind>& by_host, std::string_view host,
                                       const Seen& seen) {
  const auto visible_at = [&](std::string_view name) {
    std::vector<Typed<Kind>> visible;
    const auto found = by_host.find(name);
    if (found != by_host.end()) {
      std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(visible), seen);
    }
    return visible;
  };
  if (auto exact = visible_at(host); !exact.empty()) return exact;
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    if (auto wild = visible_at(fmt::format("*{}", host.substr(dot))); !wild.empty()) return wild;
  }
  return visible_at("*");
}

bool has_labels(const PeerAuthentication& p) { return p.selector && !p.selector->labels.empty(); }

}  // namespace

std::vector<const ServicePort*> Service::ports() const {
  std::vector<const ServicePort*> ports;
  std::set<std::uint32_t> seen;
  for (const Typed<ServiceEntry>& entry : entries) {
    for (const ServicePort& port : entry->ports) {
      if (seen.insert(port.number).second) ports.push_back(&port);
    }
  }
  return ports;
}

const ServicePort* Service::port(std::uint32_t number) const {
  for (const Typed<ServiceEntry>& entry : entries) {
    for (const ServicePort& port : entry->ports) {
      if (port.number == number) return &port;
    }
  }
  return nullptr;
}

Registry::Registry(Mesh of) : mesh(std::move(of)) {
  for (const ResourcePtr& each : mesh.resources()) {
    const Resource* r = each.get();
    const std::string& ns = r->key().ns;
    if (const auto* entry = r->as<ServiceEntry>()) {
      for (const At<std::string>& host : entry->hosts) {
        Service& service = services[*host];
        if (service.entries.empty()) {
          service.host = *host;
          service.ns = ns;
        }
        if (service.ns == ns) service.entries.push_back({r, entry});
      }
    } else if (const auto* vs = r->as<VirtualService>()) {
      for (const At<std::string>& host : vs->hosts) {
        virtual_services[resolve_host(*host, ns)].push_back({r, vs});
      }
    } else if (const auto* rule = r->as<DestinationRule>()) {
      destination_rules[ns][resolve_host(*rule->host, ns)].push_back({r, rule});
    } else if (const auto* sidecar = r->as<Sidecar>()) {
      sidecars[ns].push_back({r, sidecar});
    } else if (const auto* peer = r->as<PeerAuthentication>()) {
      peer_authentications[ns].push_back({r, peer});
    } else if (const auto* policy = r->as<AuthorizationPolicy>()) {
      authorization_policies[ns].push_back({r, policy});
    }
  }
  for (const auto& [host, service] : services) {
    for (const Typed<ServiceEntry>& entry : service.entries) {
      for (const WorkloadEntry& endpoint : entry->endpoints) {
        std::vector<const Service*>& there = by_address[*endpoint.address];
        if (there.empty() || there.back() != &service) there.push_back(&service);
      }
    }
  }
}

const Service* Registry::service(std::string_view host) const {
  const auto found = services.find(host);
  return found == services.end() ? nullptr : &found->second;
}

Typed<VirtualService> Registry::virtual_service(std::string_view host, std::string_view client_ns) const {
  const auto found = most_specific(virtual_services, host, [&](const Typed<VirtualService>& v) {
    return v->reaches(v.resource->key().ns, client_ns);
  });
  return found.empty() ? Typed<VirtualService>{} : found.front();
}

ServiceRules Registry::rules_for(const Service& service, std::string_view client_ns) const {
  for (const std::string_view ns : {client_ns, std::string_view(service.ns), kRootNamespace}) {
    const auto here = destination_rules.find(ns);
    if (here == destination_rules.end()) continue;
    const auto found = most_specific(here->second, service.host, [&](const Typed<DestinationRule>& r) {
      return r->reaches(ns, client_ns);
    });
    if (found.empty()) continue;

    ServiceRules merged{found.front().resource, {}, {}};
    bool has_policy = false;
    std::set<std::string_view> names;
    for (const Typed<DestinationRule>& rule : found) {
      if (rule->policy && !std::exchange(has_policy, true)) merged.policy = *rule->policy;
      for (const Subset& subset : rule->subsets) {
        if (names.insert(*subset.name).second) merged.subsets.push_back(&subset);
      }
    }
    return merged;
  }
  return {};
}

Typed<Sidecar> Registry::sidecar(std::string_view ns, const Labels& labels) const {
  const auto oldest = [&](std::string_view where, const auto& wanted) {
    const auto here = sidecars.find(where);
    if (here == sidecars.end()) return Typed<Sidecar>{};
    const auto found = std::find_if(here->second.begin(), here->second.end(), wanted);
    return found == here->second.end() ? Typed<Sidecar>{} : *found;
  };
  const auto whole = [](const Typed<Sidecar>& s) { return !s->selector; };
  if (auto own = oldest(
          ns, [&](const Typed<Sidecar>& s) { return s->selector && s->selector->matches(labels); })) {
    return own;
  }
  if (auto of_namespace = oldest(ns, whole)) return of_namespace;
  return oldest(kRootNamespace, whole);
}

TlsMode Registry::tls_mode(std::string_view ns, const Labels& labels, std::uint32_t port) const {
  TlsMode of_port = TlsMode::Unset, of_workload = TlsMode::Unset;
  const auto scan = [&](std::string_view where, const auto& use) {
    const auto here = peer_authentications.find(where);
    if (here == peer_authentications.end()) return;
    for (const Typed<PeerAuthentication>& each : here->second) use(*each.spec);
  };
  // The oldest of a scope wins whole, even where it says UNSET.
  bool workload_said = false;
  scan(ns, [&](const PeerAuthentication& p) {
    if (ns == kRootNamespace || !has_labels(p) || !p.selector->matches(labels)) return;
    if (std::exchange(workload_said, true)) return;
    of_port = p.port_mode(port);
    of_workload = p.mode();
  });
  const auto of_scope = [&](std::string_view where) {
    std::optional<TlsMode> mode;
    scan(where, [&](const PeerAuthentication& p) {
      if (!has_labels(p) && !mode) mode = p.mode();
    });
    return mode.value_or(TlsMode::Unset);
  };
  for (const TlsMode mode : {of_port, of_workload, of_scope(ns), of_scope(kRootNamespace)}) {
    if (mode != TlsMode::Unset) return mode;
  }
  return TlsMode::Permissive;
}

std::vector<Typed<AuthorizationPolicy>> Registry::policies_for(std::string_view ns, const Labels& labels,
                                                               AuthorizationPolicy::Action action) const {
  std::vector<Typed<AuthorizationPolicy>> found;
  const auto collect = [&](std::string_view where) {
    const auto here = authorization_policies.find(where);
    if (here == authorization_policies.end()) return;
    for (const Typed<AuthorizationPolicy>& each : here->second) {
      const bool selected = !each->selector || each->selector->matches(labels);
      if (each->action == action && selected) found.push_back(each);
    }
  };
  collect(kRootNamespace);
  if (ns != kRootNamespace) collect(ns);
  return found;
}

}  // namespace outrider::config
