#include "config/resources/virtual_service.hpp"

#include <algorithm>

#include "config/resources/host_lists.hpp"
#include "config/resources/reachability.hpp"
#include "config/resources/route_weights.hpp"
#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

bool names_mesh(const VirtualService& v) {
  return std::any_of(v.gateways.begin(), v.gateways.end(),
                     [](const auto& name) { return *name == "mesh"; });
}

// "outbound_.80_._.host": what Envoy's passthrough gateways call a service.
std::string generated_host_complaint(std::string_view host) {
  const auto parts = ascii::split(host, '_');
  if (parts.size() < 4) {
    return fmt::format("domain name {} invalid, should follow 'outbound_.<PORT>_._.<HOSTNAME>' format",
                       host);
  }
  const auto bad = [&](std::string_view label) {
    return fmt::format(
        "domain name \"{}\" invalid (label \"{}\" invalid). should follow "
        "outbound_.<PORT>_._.<HOSTNAME> format",
        host, label);
  };
  if (parts[1].find_first_of("0123456789") == std::string_view::npos) return bad(parts[1]);
  return std::any_of(parts[3].begin(), parts[3].end(), ascii::is_alpha) ? std::string() : bad(parts[3]);
}

std::string gateway_host_complaint(bool sni, std::string_view host) {
  if (sni && host.size() <= 255 && host.starts_with("outbound_")) return generated_host_complaint(host);
  return wildcard_host_complaint(host);
}

void check_hosts(Fields& f, const VirtualService& v) {
  const bool gateway = !v.gateways.empty() && !names_mesh(v);
  const bool sni = std::any_of(v.tls.begin(), v.tls.end(), [](const TlsRoute& route) {
    return std::any_of(route.match.begin(), route.match.end(),
                       [](const auto& m) { return !m.sni_hosts.empty(); });
  });
  const std::string path = f.path() + ".hosts";
  bool valid = true;
  for (const At<std::string>& host : v.hosts) {
    std::string found = gateway ? gateway_host_complaint(sni, *host) : wildcard_host_complaint(*host);
    if (!found.empty() && is_ip_address(*host)) continue;
    if (found.empty() && !gateway && *host == "*") {
      found = "wildcard host * is not allowed for virtual services bound to the mesh gateway";
    }
    if (found.empty()) continue;
    const char* help = *host == "*" ? "name the hosts, or bind it to a gateway" : kHostHelp;
    f.reading().error(host.at, std::move(found), help).path = path;
    valid = false;
  }
  if (!valid) return;
  for (const auto& [first, second] : overlapping(v.hosts)) {
    f.reading()
        .error(v.hosts[second].at,
               fmt::format("duplicate hosts in virtual service: {} & {}", *v.hosts[first], *v.hosts[second]),
               "remove one of the two")
        .path = path;
  }
}

void check_sni(Fields& f, const VirtualService& v) {
  const HostCover cover(v.hosts);
  for (const TlsRoute& route : v.tls) {
    for (const TlsMatch& match : route.match) {
      for (const At<std::string>& sni : match.sni_hosts) {
        std::string found =
            names_mesh(v) ? wildcard_host_complaint(*sni) : gateway_host_complaint(true, *sni);
        if (!found.empty() && is_ip_address(*sni)) {
          f.reading().report(
              Level::Warning, code::kSchemaWarning, sni.at,
              fmt::format("using an IP address (\"{}\") goes against SNI spec and most clients do not "
                          "support this",
                          *sni));
          continue;
        }
        if (f.reading().full(Level::Error)) return;  // each message has all hosts in it
        if (found.empty() && !cover.has(*sni)) {
          found = fmt::format(
              "SNI host \"{}\" is not a compatible subset of any of the virtual service hosts: [{}]", *sni,
              cover.text());
        }
        if (!found.empty()) f.reading().error(sni.at, std::move(found));
      }
    }
  }
}

void check_delegate(Fields& f, const VirtualService& v) {
  const auto refuse = [&](const char* field, const char* what) {
    if (f.value(field) == nullptr) return;
    f.error(field, fmt::format("delegate virtual service must have no {} specified", what),
            "a VirtualService without hosts is a delegate; if it is none, give it hosts");
  };
  if (!v.gateways.empty()) refuse("gateways", "gateways");
  if (!v.tls.empty()) refuse("tls", "tls route");
  if (!v.tcp.empty()) refuse("tcp", "tcp route");
  for (const HttpRoute& route : v.http) {
    if (route.delegate) f.reading().error(route.at, "delegate HTTP route cannot contain delegate");
  }
}

void check_claims(Fields& f, const VirtualService& v) {
  if (!v.gateways.empty() && !names_mesh(v)) return;
  for (const HttpRoute& route : v.http) {
    for (const HttpMatch& match : route.match) {
      for (const auto* headers : {&match.headers, &match.without_headers}) {
        for (const auto& [name, value] : *headers) {
          if (!is_claim_route(name)) continue;
          f.reading().error(value.at,
                            fmt::format("JWT claim based routing (key: {}) is only supported for gateway, "
                                        "found no gateways",
                                        name),
                            "bind the VirtualService to a gateway");
        }
      }
    }
  }
}

template <typename Match>
void describe_layer4(Fields& f, Match& m) {
  f.field("destinationSubnets", m.destination_subnets,
          {"Addresses that were called, as IPs or CIDR blocks"}, each(subnet));
  f.field("port", m.port, {"The service's port that was called", "any"}, port_number_or_none);
  f.field("sourceLabels", m.source_labels, {"Labels of the calling workload"}, workload_labels);
  f.field("gateways", m.gateways, {"Gateways that this is for", "those of the VirtualService"});
  f.field("sourceNamespace", m.source_namespace, {"Namespace of the calling workload"});
}

}  // namespace

void describe(Fields& f, TlsMatch& m) {
  f.message("TLSMatchAttributes");
  f.needs({"sniHosts"});
  f.field("sniHosts", m.sni_hosts, {"Server names of the TLS handshake, among the VirtualService's hosts"});
  describe_layer4(f, m);
  if (!f.sound()) return;
  if (m.sni_hosts.empty()) f.error("sniHosts", "TLS match must have at least one SNI host");
  check_gateway_names(f.reading(), m.gateways, f.path() + ".gateways", NamedBy::TlsMatch);
}

void describe(Fields& f, TlsRoute& r) {
  f.message("TLSRoute");
  f.needs({"match"});
  f.field("match", r.match, {"Connections that it takes: any of these"});
  f.field("route", r.route, {"Where they go, still encrypted"});
  if (!f.sound()) return;
  if (r.match.empty()) f.error("match", "TLS route must have at least one match condition");
  if (r.route.empty())
    f.error("route", "TLS route is required", "say where: route: [{destination: {host: NAME}}]");
  check_weights(f, "route", r.route);
}

void describe(Fields& f, TcpMatch& m) {
  f.message("L4MatchAttributes");
  f.field("sourceSubnet", m.source_subnet, {"Not implemented by Istio"});
  describe_layer4(f, m);
  if (f.sound()) check_gateway_names(f.reading(), m.gateways, f.path() + ".gateways");
}

void describe(Fields& f, TcpRoute& r) {
  f.message("TCPRoute");
  f.field("match", r.match, {"Connections that it takes: any of these", "every connection"});
  f.field("route", r.route, {"Where they go"});
  if (!f.sound()) return;
  if (r.route.empty())
    f.error("route", "TCP route is required", "say where: route: [{destination: {host: NAME}}]");
  check_weights(f, "route", r.route);
}

void describe(Fields& f, VirtualService& v) {
  f.message("VirtualService");
  const bool hosts_read = f.field(
      "hosts", v.hosts,
          {"What is called: names, *.names, addresses; a short name is of the own namespace",
           "none: a delegate, which others refer to"});
  const bool gateways_read =
      f.field("gateways", v.gateways,
              {"Where it holds: gateways as namespace/name, and mesh for all sidecars", "mesh"});
  f.field("http", v.http, {"Rules for HTTP and gRPC; the first that matches is followed"});
  f.field("tls", v.tls, {"Rules for TLS that is passed through, by server name"});
  f.field("tcp", v.tcp, {"Rules for other TCP"});
  describe_export_to(f, v);
  const bool sound = f.sound();  // else hosts and gateways are judged all the same
  if (gateways_read)
    check_gateway_names(f.reading(), v.gateways, f.path() + ".gateways", NamedBy::Resource);
  if (hosts_read && (gateways_read || !f.has("gateways"))) check_hosts(f, v);
  if (!sound) return;
  if (v.hosts.empty()) {
    check_delegate(f, v);
    f.inactive("hosts", "a VirtualService without hosts is a delegate, which is not supported yet",
               "give it hosts");
  }
  check_claims(f, v);
  check_sni(f, v);
  if (v.http.empty() && v.tls.empty() && v.tcp.empty()) {
    f.error("http", "http, tcp or tls must be provided in virtual service",
            "add http: with at least one rule");
  }
  check_export_to(f, v, ExportOf::Rule);
  merge_route_weights(f, v.http);
  if (f.sound()) warn_of_unreachable_rules(f.reading(), v);
}

}  // namespace outrider::config
