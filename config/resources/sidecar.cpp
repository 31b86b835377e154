#include "config/resources/sidecar.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "config/resources/gateway.hpp"
#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view kUnix = "unix://";

std::string endpoint_complaint(const std::string& text) {
  if (text.starts_with(kUnix)) return unix_path_complaint(std::string_view(text).substr(kUnix.size()));
  const char* form =
      "sidecar: defaultEndpoint must be of form "
      "127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset";
  const auto parts = split_host_port(text);
  if (!parts) return form;
  const auto& [host, port] = *parts;
  constexpr std::string_view known[] = {"", "127.0.0.1", "0.0.0.0", "::1", "::"};
  if (std::find(std::begin(known), std::end(known), host) == std::end(known)) return form;
  const auto number = whole_number(port.starts_with('+') ? std::string_view(port).substr(1) : port);
  if (!number) return fmt::format("sidecar: defaultEndpoint port ({}) is not a number", port);
  if (*number >= 1 && *number <= 65535) return {};
  return fmt::format("port number {} must be in the range 1..65535", *number);
}

void check_port(Fields& f, const SidecarPort& p, bool socket) {
  if (!p.name.empty() && !is_dns_label(p.name))
    f.error("port", fmt::format("invalid port name: {}", p.name));
  if (!p.protocol_name->empty() && p.protocol() == Protocol::Unknown) {
    f.error("port", fmt::format("unsupported protocol: {}", *p.protocol_name),
            "write HTTP, HTTP2, GRPC, HTTPS, TLS or TCP");
  }
  if (p.target_port > 0) f.error("port", "targetPort has no impact on Sidecars", "remove it");
  if (!socket && (p.number < 1 || p.number > 65535)) {
    f.error("port", fmt::format("port number {} must be in the range 1..65535", p.number));
  }
}

void check_ingress_tls(Fields& f, const IngressListener& l) {
  const ServerTls& tls = *l.tls;
  const auto refuse = [&](bool given, const char* what) {
    if (given) f.error("tls", fmt::format("sidecar: {}", what));
  };
  refuse(!tls.subject_alt_names.empty(), "subjectAltNames is not supported in ingress tls");
  refuse(tls.https_redirect, "httpsRedirect is not supported");
  refuse(!tls.credential_name.empty(), "credentialName is not currently supported");
  refuse(!tls.credential_names.empty(), "credentialNames is not currently supported");
  refuse(!tls.certificates.empty(), "tls_certificates is not currently supported");
  if (tls.mode == ServerTls::Mode::IstioMutual || tls.mode == ServerTls::Mode::AutoPassthrough) {
    f.error("tls", fmt::format("configuration is invalid: cannot set mode to {} in sidecar ingress tls",
                               to_string(tls.mode)));
  }
  const char* plain = "server cannot have TLS settings for non HTTPS/TLS ports";
  if (!speaks_tls(l.protocol()) && f.reading().strict_istio()) {
    f.error("tls", plain, "write protocol: HTTPS");
  } else if (!speaks_tls(l.protocol())) {
    f.warning("tls", plain, "write protocol: HTTPS").note =
        "Istio refuses this; here the protocol is what is spoken inside the TLS";
  }
  for (const std::string* file : {&tls.certificate, &tls.private_key, &tls.ca_certificates}) {
    if (file->empty() || file->starts_with('/')) continue;
    f.inactive("tls", fmt::format("{}.tls: {} has to be an absolute path", f.path(), *file),
               "write /path/to/a/file.pem");
  }
  if (tls.mode == ServerTls::Mode::Simple && !tls.ca_certificates.empty()) {
    f.inactive("tls", fmt::format("{}.tls: caCertificates is not supported with mode SIMPLE", f.path()),
               "with mode SIMPLE callers show no certificate; write mode: MUTUAL");
  }
}

void check_egress_hosts(Fields& f, const EgressListener& l) {
  const std::string path = f.path() + ".hosts";
  std::map<std::string, std::set<std::string>> seen;
  const auto warn = [&](yaml::Position at, std::string message, std::string help) {
    f.reading().report(Level::Warning, code::kSchemaWarning, at, std::move(message), std::move(help)).path =
        path;
  };
  for (const At<std::string>& host : l.hosts) {
    const std::size_t slash = host->find('/');
    if (slash != std::string::npos && !host->starts_with('~')) {
      const std::string ns =
          host->substr(0, slash) == "." ? std::string(f.reading().ns()) : host->substr(0, slash);
      const std::string name = host->substr(slash + 1);
      std::set<std::string>& of_namespace = seen[ns];
      const bool again =
          name == "*" ? !of_namespace.empty() : of_namespace.contains(name) || of_namespace.contains("*");
      if (again) warn(host.at, fmt::format("duplicated egress host: {}", *host), "remove one of the two");
      of_namespace.insert(name);
    }
    check_qualified_host(f.reading(), host, HostOf::Sidecar, path);
  }
  const auto all = seen.find("*");
  if (all != seen.end() && all->second.contains("*") && seen.size() != 1) {
    warn(f.key_at("hosts"), "`*/*` host select all resources, no other hosts can be added",
         "remove the others, or \"*/*\"");
  }
}

// Names that go unseen are not acted on: whoever excludes them means it.
constexpr Rule no_exclusion{[](const Node& node, const std::string& host) {
                              if (!host.starts_with('~') || host == "~/*") return;
                              node.reading.inactive(node.value.at, node.path.text(),
                                                    "sidecar: excluding hosts with ~ is not supported yet",
                                                    "name the hosts that are wanted");
                            },
                            ""};

}  // namespace

std::string IngressListener::endpoint_address() const {
  const auto parts = split_host_port(default_endpoint);
  return parts && (parts->first == "127.0.0.1" || parts->first == "::1") ? parts->first : "";
}

std::uint32_t IngressListener::endpoint_port() const {
  const auto parts = split_host_port(default_endpoint);
  return parts ? static_cast<std::uint32_t>(whole_number(parts->second).value_or(0)) : 0;
}

bool Sidecar::sees(std::string_view own_namespace, std::string_view service_namespace,
                   std::string_view host) const {
  if (egress.empty()) return true;
  const auto lets_see = [&](const At<std::string>& written) {
    const std::string_view text = *written;
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view ns = text.substr(0, slash), name = text.substr(std::min(slash + 1, text.size()));
    const bool in_namespace =
        ns == "*" || ns == service_namespace || (ns == "." && own_namespace == service_namespace);
    return in_namespace && covers(name, host);
  };
  return std::any_of(egress.begin(), egress.end(), [&](const EgressListener& l) {
    return std::any_of(l.hosts.begin(), l.hosts.end(), lets_see);
  });
}

void describe(Fields& f, SidecarPort& p) {
  f.message("SidecarPort");
  f.field("number", p.number, {"The port"});
  f.field("protocol", p.protocol_name,
          {"HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS", "told from the first bytes"});
  f.field("name", p.name, {"Its name"});
  f.field("targetPort", p.target_port, {"Without meaning here"});
}

void describe(Fields& f, IngressListener& l) {
  f.message("IstioIngressListener");
  f.needs({"port"});
  f.field("port", l.where, {"The port that callers reach"});
  f.field("bind", l.bind, {"The address to listen on", "the workload's"},
          Rule{[](const Node& node, const std::string& address) {
                 if (!address.empty()) ip_address(node, address);
               },
               ip_address.text});
  f.choice(
      "captureMode", l.capture,
      {{"DEFAULT", CaptureMode::Default}, {"IPTABLES", CaptureMode::Iptables}, {"NONE", CaptureMode::None}},
      {"How connections get here: by iptables, or by being sent here (NONE)",
       "DEFAULT: that of the environment"});
  f.field("defaultEndpoint", l.default_endpoint,
          {"Where the application listens: 127.0.0.1:P, 0.0.0.0:P (the workload's address) or unix:///path",
           "the workload's address and the port"},
          Rule{[](const Node& node, const std::string& text) {
                 if (text.empty()) return;
                 if (std::string found = endpoint_complaint(text); !found.empty())
                   return void(node.error(std::move(found)));
                 if (!text.starts_with(kUnix)) return;
                 node.reading.inactive(node.value.at, node.path.text(),
                                       "sidecar: defaultEndpoint unix:// is not supported yet",
                                       "write 127.0.0.1:<port> or 0.0.0.0:<port>");
               },
               "127.0.0.1:P, 0.0.0.0:P, [::1]:P, [::]:P or unix:///path"});
  f.field("tls", l.tls, {"TLS that ends here, instead of the mesh's"});
  f.field("connectionPool", l.connection_pool, {"How many connections and requests the application gets"});
  if (!f.sound()) return;
  if (!f.has("defaultEndpoint")) {
    f.inactive("defaultEndpoint",
               fmt::format("{}: leaving defaultEndpoint out is not supported yet", f.path()),
               "say where the application listens: 127.0.0.1:<port> or 0.0.0.0:<port>");
  }
  if (!l.where)
    return void(f.error("", "sidecar: port is required for ingress listeners",
                        "add port: {number: ..., protocol: ...}"));
  check_port(f, *l.where, false);
  if (l.tls) check_ingress_tls(f, l);
  if (!l.tls && speaks_tls(l.protocol())) {
    f.inactive("port", fmt::format("{}: protocol HTTPS without tls is not supported yet", f.path()),
               "add tls, or write protocol: HTTP: the mesh's own TLS is not meant by it");
  }
  if (l.connection_pool && l.connection_pool->http && !speaks_http(l.protocol())) {
    f.warning(
        "connectionPool",
        fmt::format("sidecar: HTTP connection pool settings are configured for port {} (\"{}\") but its "
                    "protocol is not HTTP ({}); only TCP settings will apply",
                    l.port(), l.where->name, *l.where->protocol_name));
  }
}

void describe(Fields& f, EgressListener& l) {
  f.message("IstioEgressListener");
  f.needs({"hosts"});
  f.field("port", l.port, {"A port of its own to send to", "what was called"});
  f.field("bind", l.bind, {"The address to listen on, or unix:///path"});
  f.choice(
      "captureMode", l.capture,
      {{"DEFAULT", CaptureMode::Default}, {"IPTABLES", CaptureMode::Iptables}, {"NONE", CaptureMode::None}},
      {"How connections get here", "DEFAULT: that of the environment"});
  f.field("hosts", l.hosts, {"Services that are seen: namespace/name, ./name, */*"}, each(no_exclusion));
  if (!f.sound()) return;
  if (l.hosts.empty())
    f.error("hosts", "sidecar: egress listener must contain at least one host", "write hosts: [\"./*\"]");
  check_egress_hosts(f, l);
  if (!l.port) return;
  check_port(f, *l.port, l.port->number == 0);
  if (l.port->number != 0) {
    if (!l.bind.empty() && !is_ip_address(l.bind))
      f.error("bind", fmt::format("{} is not a valid IP", l.bind));
    return;
  }
  if (!l.bind.starts_with(kUnix)) {
    f.error("port", "sidecar: ports with 0 value must have a unix domain socket bind address");
  } else if (std::string found = unix_path_complaint(std::string_view(l.bind).substr(kUnix.size()));
             !found.empty()) {
    f.error("bind", std::move(found));
  }
  if (l.capture != CaptureMode::Default && l.capture != CaptureMode::None) {
    f.error("captureMode", "sidecar: captureMode must be DEFAULT/NONE for unix domain socket listeners");
  }
}

void describe(Fields& f, OutboundTrafficPolicy& p) {
  f.message("OutboundTrafficPolicy");
  f.choice("mode", p.mode,
           {{"REGISTRY_ONLY", OutboundTrafficPolicy::Mode::RegistryOnly},
            {"ALLOW_ANY", OutboundTrafficPolicy::Mode::AllowAny}},
           {"Whether hosts that nobody defines may be called",
            "REGISTRY_ONLY; without outboundTrafficPolicy, the mesh's"});
  f.field("egressProxy", p.egress_proxy, {"Where calls to such hosts are sent"});
  if (!f.sound()) return;
  if (static_cast<int>(p.mode) == 3) {
    return void(f.error(
        "mode",
        "sidecar: ALLOW_ANY_DYNAMIC_DNS mode is only supported in MeshConfig, not in Sidecar resource"));
  }
  if (!p.egress_proxy) return;
  if (p.mode != OutboundTrafficPolicy::Mode::AllowAny) {
    return void(
        f.error("egressProxy",
                "sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode"));
  }
  if (std::string found = fqdn_complaint(*p.egress_proxy->host); !found.empty())
    f.error("egressProxy", std::move(found));
  if (!p.egress_proxy->port) f.error("egressProxy", "sidecar: egress_proxy port must be non-nil");
}

void describe(Fields& f, Sidecar& s) {
  f.message("Sidecar");
  f.field("workloadSelector", s.selector,
          {"The workloads that it is for", "every workload of the namespace"});
  f.field("ingress", s.ingress, {"Ports that it serves", "those of the workload's services"});
  f.field("egress", s.egress, {"Services that it sees", "all"});
  f.field("inboundConnectionPool", s.inbound_pool,
          {"How many connections and requests the application gets"});
  f.field("outboundTrafficPolicy", s.outbound,
          {"What becomes of calls to hosts that nobody defines", "the mesh's"});
  if (!f.sound()) return;
  warn_of_no_labels(f, "sidecar", s.selector ? &*s.selector : nullptr);
  if (s.ingress.empty() && s.egress.empty() && !s.outbound && !s.inbound_pool) {
    f.error("", "sidecar: empty configuration provided");
  }
  const auto bad = [&](yaml::Position at, std::string message) {
    f.reading().error(at, std::move(message));
  };
  std::set<std::uint32_t> numbers;
  for (const IngressListener& l : s.ingress) {
    if (numbers.insert(l.port()).second) continue;
    bad(l.at, fmt::format("sidecar: ports on IP bound listeners must be unique: ports on ingress listeners "
                          "must be unique: {}",
                          l.port()));
  }
  numbers.clear();
  std::set<std::string> sockets;
  for (std::size_t i = 0; i < s.egress.size(); ++i) {
    const EgressListener& l = s.egress[i];
    if (!l.port) {
      if (i + 1 != s.egress.size())
        bad(l.at, "sidecar: the egress listener with empty port should be the last listener in the list");
    } else if (l.port->number == 0) {
      if (!sockets.insert(l.bind).second)
        bad(l.at, "sidecar: unix domain socket values for listeners must be unique");
    } else if (!numbers.insert(l.port->number).second) {
      bad(l.at, "sidecar: ports on IP bound listeners must be unique");
    }
  }
}

}  // namespace outrider::config
