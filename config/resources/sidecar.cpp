#include "config/resources/sidecar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

// "127.0.0.1:8080" is the loopback address, "0.0.0.0:8080" the workload's own.
void read_endpoint(const Node& node, const std::string& text, IngressListener& l) {
  const std::size_t colon = text.rfind(':');
  const std::string address = text.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(port.data(), port.data() + port.size(), l.endpoint_port);
  const bool loopback = address == "127.0.0.1" || address == "[::1]";
  const bool own = address == "0.0.0.0" || address == "[::]";
  if (text.starts_with("unix://")) {
    node.reading.report(Level::Error, code::kUnsupported, node.value.at,
                        "sidecar: defaultEndpoint unix:// is not supported yet",
                        "write 127.0.0.1:<port> or 0.0.0.0:<port>");
  } else if (!(loopback || own) || error != std::errc{} || end != port.data() + port.size()) {
    node.error(
        "sidecar: defaultEndpoint must be of form "
        "127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset");
  } else {
    port_number(node, l.endpoint_port);
  }
  if (loopback) l.endpoint_address = address == "[::1]" ? "::1" : address;
}

struct IngressPort {
  IngressListener& listener;
};
void describe(Fields& f, IngressPort& p) {
  f.require("number", p.listener.port, port_number);
  f.field("name", p.listener.port_name, dns_label);
  describe_protocol(f, p.listener.protocol);
  if (!f.has("protocol")) f.error("", "protocol is required", "write HTTP, HTTP2 or GRPC");
  f.unsupported({"targetPort"});
}

void absolute_path(const Node& node, const std::string& path) {
  if (!path.starts_with('/')) node.error("has to be an absolute path", "write /path/to/a/file.pem");
}

struct Egress {
  std::vector<At<std::string>> hosts;
};
void describe(Fields& f, Egress& e) {
  f.require("hosts", e.hosts, not_empty, each([](const Node& node, const std::string& host) {
              const std::size_t slash = host.find('/');
              if (slash == std::string::npos || slash == 0 || slash + 1 == host.size()) {
                node.error("host must be of form namespace/dnsName");
              } else if (host.starts_with('~') && host != "~/*") {
                node.reading.report(Level::Error, code::kUnsupported, node.value.at,
                                    "sidecar: excluding hosts with ~ is not supported yet");
              }
            }));
  f.unsupported({"port", "bind", "captureMode"});
}

struct OutboundTrafficPolicy {
  bool registry_only = true;
};
void describe(Fields& f, OutboundTrafficPolicy& p) {
  f.choice("mode", p.registry_only, {{"REGISTRY_ONLY", true}}, {"ALLOW_ANY"});
  f.unsupported({"egressProxy"});
}

}  // namespace

bool Sidecar::sees(std::string_view own_namespace, std::string_view service_namespace,
                   std::string_view host) const {
  if (egress.empty()) return true;
  return std::any_of(egress.begin(), egress.end(), [&](const EgressHost& e) {
    const bool in_namespace = e.ns == "*" || e.ns == service_namespace ||
                              (e.ns == "." && own_namespace == service_namespace);
    return in_namespace && covers(e.host, host);
  });
}

void describe(Fields& f, IngressTls& tls) {
  enum class Mode { Simple, Mutual };
  Mode mode{};
  f.choice("mode", mode, {{"SIMPLE", Mode::Simple}, {"MUTUAL", Mode::Mutual}},
           {"PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL"});
  if (!f.has("mode")) f.error("", "sidecar: tls needs a mode", "write mode: SIMPLE or MUTUAL");
  f.require("serverCertificate", tls.certificate, absolute_path);
  f.require("privateKey", tls.key, absolute_path);
  f.field("caCertificates", tls.roots, absolute_path);
  f.unsupported({"httpsRedirect", "credentialName", "credentialNames", "caCertCredentialName",
                 "tlsCertificates", "subjectAltNames", "verifyCertificateSpki",
                 "verifyCertificateHash", "minProtocolVersion", "maxProtocolVersion",
                 "cipherSuites", "caCrl"});
  if ((mode == Mode::Mutual) == tls.roots.empty()) {
    f.error("", "sidecar: caCertificates belongs to tls mode MUTUAL, which needs it",
            "with mode SIMPLE callers show no certificate");
  }
}

void describe(Fields& f, IngressListener& l) {
  enum class Capture { None };
  Capture capture{};
  IngressPort port{l};
  At<std::string> endpoint;
  f.require("port", port);
  f.field("bind", l.bind, ip_address);
  f.choice("captureMode", capture, {{"NONE", Capture::None}}, {"DEFAULT", "IPTABLES"});
  f.field("defaultEndpoint", endpoint,
          [&](const Node& node, const std::string& text) { read_endpoint(node, text, l); });
  f.field("tls", l.tls);
  f.unsupported({"connectionPool"});
  if (!f.has("captureMode")) {
    f.reading().report(Level::Error, code::kUnsupported, f.at(),
                       fmt::format("{}: captureMode DEFAULT is not supported yet", f.path()),
                       "write captureMode: NONE");
  }
  if (!f.has("defaultEndpoint")) {
    f.error("", fmt::format("{}: defaultEndpoint is required", f.path()),
            "say where the application listens: 127.0.0.1:<port> or 0.0.0.0:<port>");
  }
}

void describe(Fields& f, Sidecar& s) {
  std::vector<Egress> egress;
  std::optional<OutboundTrafficPolicy> outbound;
  f.field("workloadSelector", s.selector);
  f.field("ingress", s.ingress);
  f.field("egress", egress);
  f.field("outboundTrafficPolicy", outbound);
  f.unsupported({"inboundConnectionPool"});
  if (s.ingress.empty() && egress.empty() && !outbound) {
    f.error("", "sidecar: empty configuration provided");
  }
  if (egress.size() > 1) {
    f.error("egress", "sidecar: egress can have only one listener with empty port");
  }
  for (const Egress& each_egress : egress) {
    for (const At<std::string>& host : each_egress.hosts) {
      const std::size_t slash = std::min(host->find('/'), host->size());
      s.egress.push_back({host->substr(0, slash), host->substr(std::min(slash + 1, host->size()))});
    }
  }
  std::set<std::pair<std::string, std::uint32_t>> seen;
  for (const IngressListener& l : s.ingress) {
    if (!seen.insert({l.bind, l.port}).second) {
      f.reading().error(
          l.at, fmt::format("sidecar: ports on ingress listeners must be unique: {}", l.port));
    }
  }
}

}  // namespace outrider::config
