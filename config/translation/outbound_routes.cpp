#include "config/translation/outbound_routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/translation/http_routes.hpp"
#include "config/translation/names.hpp"
#include "config/xds/route.pb.h"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

namespace v3 = envoy::config::route::v3;

constexpr std::uint32_t kHttpPort = 80;

class HttpProxyRoutes {
 public:
  explicit HttpProxyRoutes(const View& view) : view_(view) {
    routes_.set_name(kHttpProxyRoutes);
    routes_.mutable_validate_clusters()->set_value(false);
  }

  void add_services();
  void add_hosts_without_service();
  void refuse_the_rest();
  v3::RouteConfiguration take() { return std::move(routes_); }

 private:
  // A virtual host for these names, with the port (0: none) and, if bare, without; null when
  // others have them all.
  v3::VirtualHost* add_host(std::string name, const std::vector<std::string>& names,
                            std::uint32_t port, bool bare);
  void add_service(const Service& service);
  void add_rules(const Service* service, const Typed<VirtualService>& rules, std::uint32_t port,
                 v3::VirtualHost& out);

  const View& view_;
  v3::RouteConfiguration routes_;
  std::set<std::string> domains_;       // each once, as Envoy asks; the first one has it
  std::set<const Resource*> attached_;  // virtual services that met a service
};

v3::VirtualHost* HttpProxyRoutes::add_host(std::string name, const std::vector<std::string>& names,
                                           std::uint32_t port, bool bare) {
  v3::VirtualHost& host = *routes_.add_virtual_hosts();
  host.set_name(std::move(name));
  host.set_include_request_attempt_count(true);
  const auto add = [&](const std::string& domain) {
    std::string lower = ascii::to_lower(domain);
    if (domains_.insert(lower).second) host.add_domains(std::move(lower));
  };
  for (const std::string& each : names) {
    if (bare) add(each);
    if (port != 0) add(fmt::format("{}:{}", each, port));
  }
  if (host.domains_size() > 0) return &host;
  routes_.mutable_virtual_hosts()->RemoveLast();
  return nullptr;
}

void HttpProxyRoutes::add_rules(const Service* service, const Typed<VirtualService>& rules,
                                std::uint32_t port, v3::VirtualHost& out) {
  if (rules) {
    for (v3::Route& route : routes_of(view_, rules, port)) *out.add_routes() = std::move(route);
  } else {
    *out.add_routes() = default_route(*service, port);
  }
}

void HttpProxyRoutes::add_service(const Service& service) {
  const Typed<VirtualService> rules =
      view_.registry.virtual_service(service.host, view_.workload.ns);
  attached_.insert(rules.resource);
  std::vector<std::string> names = spellings(service.host, view_.workload.ns);
  for (const At<std::string>& address : service.first().addresses) names.push_back(*address);

  const std::vector<const ServicePort*> ports = service.ports();
  bool has_bare = false;
  for (const ServicePort* port : ports) {
    const bool bare = port->number == kHttpPort || ports.size() == 1;
    has_bare = has_bare || bare;
    std::string name = fmt::format("{}:{}", service.host, port->number);
    if (auto* host = add_host(std::move(name), names, port->number, bare)) {
      add_rules(&service, rules, port->number, *host);
    }
  }
  if (has_bare) return;
  std::vector<std::uint32_t> numbers;
  for (const ServicePort* port : ports) numbers.push_back(port->number);
  auto* host = add_host(fmt::format("{}:port_needed", service.host), names, 0, true);
  if (host == nullptr) return;
  *host->add_routes() =
      refusal("port_needed", 404,
              fmt::format("{} has the ports {}: say which one, as in {}:{}\n", service.host,
                          fmt::join(numbers, ", "), service.host, numbers.front()));
}

void HttpProxyRoutes::add_services() {
  for (const Service* service : view_.services) add_service(*service);
}

// A virtual service may name a host that no service has; it is reached on port 80.
void HttpProxyRoutes::add_hosts_without_service() {
  for (const auto& [host, candidates] : view_.registry.virtual_services) {
    if (view_.registry.service(host) != nullptr) continue;
    for (const Typed<VirtualService>& rules : candidates) {
      if (!rules->reaches(rules.resource->key().ns, view_.workload.ns)) continue;
      if (host.starts_with('*') && attached_.contains(rules.resource)) break;
      const auto names = spellings(host, view_.workload.ns);
      if (auto* out = add_host(fmt::format("{}:{}", host, kHttpPort), names, kHttpPort, true)) {
        add_rules(nullptr, rules, kHttpPort, *out);
      }
      break;
    }
  }
}

void HttpProxyRoutes::refuse_the_rest() {
  *add_host("block_all", {"*"}, 0, true)->add_routes() =
      refusal("block_all", 502,
              "no service of the mesh has the host and port that this request names; "
              "a ServiceEntry would make it known\n");
}

}  // namespace

void add_outbound_routes(const View& view, XdsResources& out) {
  HttpProxyRoutes routes(view);
  routes.add_services();
  routes.add_hosts_without_service();
  routes.refuse_the_rest();
  out.routes.push_back(routes.take());
}

}  // namespace outrider::config
