#include "config/resources/gateway.hpp"

#include <set>

#include "config/resources/protocol.hpp"
#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view kUnix = "unix://";

void check_host_part(Reading& reading, const At<std::string>& at, std::string_view host, HostOf of,
                     const std::string& path) {
  const auto bad = [&](std::string message, std::string help = {}) {
    reading.error(at.at, std::move(message), std::move(help)).path = path;
  };
  if (host != "*" && host.find('.') == std::string_view::npos) {
    bad("short names (non FQDN) are not allowed", "write the whole name: NAME.NAMESPACE.svc.cluster.local");
  }
  std::string found = wildcard_host_complaint(host);
  if (!found.empty() && (of == HostOf::Sidecar || !is_ip_address(host))) bad(std::move(found));
  if (found = partial_wildcard_complaint(host); !found.empty())
    bad(std::move(found), "a wildcard is a whole label: *.x");
}

}  // namespace

void check_qualified_host(Reading& reading, const At<std::string>& host, HostOf of,
                          const std::string& path) {
  const auto bad = [&](std::string message, std::string help = {}) {
    reading.error(host.at, std::move(message), std::move(help)).path = path;
  };
  const std::size_t slash = host->find('/');
  if (slash == std::string::npos) {
    if (of == HostOf::Gateway) return check_host_part(reading, host, *host, of, path);
    return bad("host must be of form namespace/dnsName",
               fmt::format("write \"./{}\" for one of this namespace", *host));
  }
  const std::string ns = host->substr(0, slash), name = host->substr(slash + 1);
  if (ns.empty() || name.empty()) return bad("config namespace and dnsName in host entry cannot be empty");
  std::string_view bare = ns;
  if (of == HostOf::Sidecar && bare.starts_with('~')) bare.remove_prefix(1);
  const bool nobody = bare == "~" && reading.of_gateway_api("gateway");
  const bool fine = bare == "*" || bare == "." || is_dns_label(bare) || nobody ||
                    (bare.empty() && of == HostOf::Sidecar);
  if (!fine) {
    bad(fmt::format("invalid namespace value \"{}\" in {}", ns,
                    of == HostOf::Sidecar ? "sidecar" : "gateway"));
  }
  check_host_part(reading, host, name, of, path);
}

void describe(Fields& f, Gateway::Port& p) {
  f.message("Port");
  f.needs({"number", "protocol", "name"});
  f.field("number", p.number, {"The port to listen on"});
  f.field("protocol", p.protocol, {"HTTP, HTTPS, GRPC, GRPC-WEB, HTTP2, MONGO, TCP or TLS"});
  f.field("name", p.name, {"Its name, another for each"});
  f.field("targetPort", p.target_port, {"Without meaning here"});
  if (!f.sound()) return;
  if (protocol_of(p.protocol) == Protocol::Unknown) {
    f.error("protocol",
            fmt::format("invalid protocol \"{}\", supported protocols are HTTP, HTTP2, GRPC, GRPC-WEB, "
                        "MONGO, REDIS, MYSQL, TCP",
                        p.protocol));
  }
  if (p.target_port > 0) f.error("targetPort", "targetPort has no impact on Gateways", "remove it");
  if (p.name.empty()) f.error("name", "port name must be set", "add name:");
}

void describe(Fields& f, Gateway::Server& s) {
  f.message("Server");
  f.needs({"port", "hosts"});
  f.field("port", s.port, {"What it listens on"});
  f.field("bind", s.bind, {"The address it listens on, or unix:///path", "every address"});
  f.field("hosts", s.hosts, {"Hosts that it serves: names, *.names, namespace/names"});
  f.field("tls", s.tls, {"How callers are answered with TLS"});
  f.field("defaultEndpoint", s.default_endpoint, {"Not implemented by Istio"});
  f.field("name", s.name, {"Its name"});
  if (!f.sound()) return;
  if (s.hosts.empty())
    f.error("hosts", "server config must contain at least one host", "add hosts: [\"*\"] for all");
  for (const auto& host : s.hosts)
    check_qualified_host(f.reading(), host, HostOf::Gateway, f.path() + ".hosts");
  const bool socket = s.bind.starts_with(kUnix);
  if (socket) {
    std::string found = unix_path_complaint(std::string_view(s.bind).substr(kUnix.size()));
    if (!found.empty()) f.error("bind", std::move(found));
    if (s.port && s.port->number != 0) f.error("port", "port number must be 0 for unix domain socket");
  } else if (!s.bind.empty() && !is_ip_address(s.bind)) {
    f.error("bind", fmt::format("{} is not a valid IP", s.bind));
  }
  if (!s.port)
    return void(f.error("port", "port is required", "add port: {number: ..., name: ..., protocol: ...}"));
  if ((s.port->number > 0 || !socket) && (s.port->number < 1 || s.port->number > 65535)) {
    return void(
        f.error("port", fmt::format("port number {} must be in the range 1..65535", s.port->number)));
  }
  const Protocol p = protocol_of(s.port->protocol);
  if (speaks_tls(p) && !s.tls) {
    f.error("port", "server must have TLS settings for HTTPS/TLS protocols",
            "add tls: {mode: SIMPLE, credentialName: SECRET}");
  } else if (!speaks_tls(p) && s.tls && !speaks_http(p)) {
    f.error("tls", "server cannot have TLS settings for non HTTPS/TLS ports", "write protocol: TLS");
  } else if (!speaks_tls(p) && s.tls) {
    const bool passes =
        s.tls->mode == ServerTls::Mode::Passthrough || s.tls->mode == ServerTls::Mode::AutoPassthrough;
    if (!passes || !s.tls->ca_certificates.empty() || !s.tls->private_key.empty() ||
        !s.tls->certificate.empty()) {
      f.error("tls", "server cannot have TLS settings for plain text HTTP ports", "write protocol: HTTPS");
    }
  }
}

void describe(Fields& f, Gateway& g) {
  f.message("Gateway");
  f.field("servers", g.servers, {"What it listens to"});
  f.field("selector", g.selector, {"Labels of the workloads that are this gateway", "every workload"});
  if (!f.sound()) return;
  if (g.servers.empty()) f.error("servers", "gateway must have at least one server");
  std::set<std::string> names;
  for (const Gateway::Server& server : g.servers) {
    if (!server.port) continue;
    if (!names.insert(server.port->name).second) {
      f.reading().error(
          server.at,
          fmt::format("port names in servers must be unique: duplicate name {}", server.port->name),
          "give it another name");
    }
    if (!speaks_http(protocol_of(server.port->protocol)) && server.tls && server.tls->https_redirect) {
      f.reading().report(Level::Warning, code::kSchemaWarning, server.at,
                         "tls.httpsRedirect should only be used with http servers",
                         "put it on the server of port 80");
    }
  }
}

}  // namespace outrider::config
