// What a virtual service refers to, and what it may do twice.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/analysis/findings.hpp"
#include "config/resources/retry_on.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

std::string similar_host(const Registry& registry, const std::string& host) {
  if (registry.services.size() > 500) return "add a ServiceEntry for it";  // guessing has a price
  std::vector<std::string_view> hosts;
  for (const auto& [name, service] : registry.services) hosts.push_back(name);
  const std::string_view meant = ascii::closest(host, hosts);
  return meant.empty() ? "add a ServiceEntry for it" : fmt::format("did you mean \"{}\"?", meant);
}

void check_port(const Service& service, const Destination& destination, const Resource& resource,
                Findings& out) {
  std::vector<std::uint32_t> ports;
  for (const ServicePort* port : service.ports()) ports.push_back(port->number);
  const std::string help = fmt::format("the service has {}", fmt::join(ports, ", "));
  if (!destination.port && ports.size() > 1) {
    out.add(Level::Error, code::kPortNeeded, resource, destination.at,
            fmt::format("This VirtualService routes to a service \"{}\" that exposes multiple "
                        "ports [{}]. Specifying a port in the destination is required",
                        service.host, fmt::join(ports, " ")),
            "add port: {number: ...}");
  } else if (destination.port && service.port(destination.port->number) == nullptr) {
    out.add(Level::Error, code::kNotFound, resource, destination.at,
            fmt::format("Referenced port not found: \"{}:{}\"", service.host, destination.port->number),
            help);
  }
}

void check_subset(const Registry& registry, const Service& service, const Destination& destination,
                  const Resource& resource, Findings& out) {
  if (destination.subset->empty()) return;
  const ServiceRules rules = registry.rules_for(service, resource.key().ns);
  std::vector<std::string_view> names;
  for (const Subset* subset : rules.subsets) names.push_back(*subset->name);
  if (std::find(names.begin(), names.end(), *destination.subset) != names.end()) return;
  const std::string_view meant = ascii::closest(*destination.subset, names);
  std::string help = "no DestinationRule of this host defines subsets";
  if (!names.empty()) help = fmt::format("its subsets: {}", fmt::join(names, ", "));
  if (!meant.empty()) help = fmt::format("did you mean \"{}\"?", meant);
  out.add(Level::Error, code::kNotFound, resource, destination.subset.at,
          fmt::format("Referenced host+subset in destinationrule not found: \"{}+{}\"", *destination.host,
                      *destination.subset),
          std::move(help))
      .note = "requests for it are answered 503";
}

void check_destination(const Registry& registry, const Destination& destination, const Resource& resource,
                       Findings& out) {
  const std::string host = resolve_host(*destination.host, resource.key().ns);
  const Service* service = registry.service(host);
  if (service == nullptr) {
    out.add(Level::Error, code::kNotFound, resource, destination.host.at,
            fmt::format("Referenced host not found: \"{}\"", *destination.host),
            similar_host(registry, host))
        .note = "requests for it are answered 503";
    return;
  }
  check_port(*service, destination, resource, out);
  check_subset(registry, *service, destination, resource, out);
}

bool may_post(const HttpRoute& route) {
  const auto allows = [](const HttpMatch& match) {
    if (!match.method) return true;
    const std::string& method = match.method->text();
    switch (match.method->kind()) {
      case StringMatch::Kind::Exact: return method == "POST" || method == "PATCH";
      case StringMatch::Kind::Prefix: return std::string_view("POST").starts_with(method);
      case StringMatch::Kind::Present:
      case StringMatch::Kind::Regex: return true;
    }
    return true;
  };
  return route.match.empty() || std::any_of(route.match.begin(), route.match.end(), allows);
}

void check_retries(const HttpRoute& route, const Resource& resource, Findings& out) {
  if (!route.retries || route.retries->attempts == 0 || !may_post(route)) return;
  const Retries& retries = *route.retries;
  if (!retries_after_processing(*retries.retry_on)) return;
  out.add(Level::Warning, code::kUnsafeRetry, resource, retries.retry_on.at,
          fmt::format("a POST may be processed twice: \"{}\" sends it again after the service "
                      "may have acted on it",
                      *retries.retry_on),
          "match method GET here, or retry on connect-failure,refused-stream only");
}

}  // namespace

void check_virtual_service(const Registry& registry, const Typed<VirtualService>& vs, Findings& out) {
  for (const HttpRoute& route : vs->http) {
    for (const WeightedDestination& each : route.route) {
      check_destination(registry, each.destination(), *vs.resource, out);
    }
    check_retries(route, *vs.resource, out);
  }
}

void check_hosts_defined_once(const Registry& registry, Findings& out) {
  for (const auto& [host, definitions] : registry.virtual_services) {
    for (std::size_t i = 1; i < definitions.size(); ++i) {
      const Resource& winner = *definitions.front().resource;
      const Resource& loser = *definitions[i].resource;
      out.add(Level::Error, code::kSameHost, loser, loser.origin().kind,
              fmt::format("The VirtualServices {}/{},{}/{} associated with mesh gateway define the "
                          "same host {} which can lead to undefined behavior.",
                          winner.key().ns, winner.key().name, loser.key().ns, loser.key().name, host),
              "merge them into one VirtualService")
          .note = fmt::format("the oldest wins: {}:{}", winner.origin().file, winner.origin().kind.line);
    }
  }
}

}  // namespace outrider::config
