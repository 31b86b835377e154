#include "config/resources/workload_group.hpp"

#include <algorithm>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr Rule probe_header{
    [](const Node& node, const std::string& name) {
      const bool fine = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-';
      });
      if (name.empty()) {
        node.error(fmt::format("{} in body should match '^[-_A-Za-z0-9]+$': header name cannot be empty",
                               node.path.text()));
      } else if (!fine) {
        node.error(
            fmt::format("{} in body should match '^[-_A-Za-z0-9]+$': header name {} is not "
                        "a valid header name",
                        node.path.text(), name));
      }
    },
    "letters, digits and '-'"};

void need_port(Fields& f, std::uint32_t port) {
  if (!f.sound() || (port >= 1 && port <= 65535)) return;
  f.error("port",
          fmt::format("port number {} must be in the range 1..65535; port must be between 1-65535", port),
          "write a port");
}

}  // namespace

void describe(Fields& f, Probe::Header& h) {
  f.message("HTTPHeader");
  f.field("name", h.name, {"The header"}, probe_header);
  f.field("value", h.value, {"Its value"});
  if (f.sound() && !f.has("name")) f.error("", "header name cannot be empty");
}

void describe(Fields& f, Probe::Http& h) {
  f.message("HTTPHealthCheckConfig");
  f.needs({"port"});
  f.field("path", h.path, {"The path to ask", "/"});
  f.field("port", h.port, {"The port to ask"});
  f.field("host", h.host, {"The host to ask", "the workload"});
  f.field(
      "scheme", h.scheme, {"HTTP or HTTPS", "HTTP"},
      Rule{[](const Node& node, const std::string& scheme) {
             if (scheme.empty() || scheme == "HTTP" || scheme == "HTTPS") return;
             node.error(
                 "httpGet.scheme must be one of \"HTTPS\", \"HTTP\": scheme must be one of [HTTP, HTTPS]",
                 "it is written in capitals");
           },
           "HTTP or HTTPS"});
  f.field("httpHeaders", h.headers, {"Headers to send"});
  need_port(f, h.port);
}

void describe(Fields& f, Probe::Grpc& g) {
  f.message("GrpcHealthCheckConfig");
  f.field("port", g.port, {"The port to ask"}, cluster::port);
  f.field("service", g.service, {"The service to ask about"});
}

void describe(Fields& f, Probe::Tcp& t) {
  f.message("TCPHealthCheckConfig");
  f.needs({"port"});
  f.field("host", t.host, {"The host to connect to", "localhost"});
  f.field("port", t.port, {"The port to connect to"});
  need_port(f, t.port);
}

void describe(Fields& f, Probe::Exec& e) {
  f.message("ExecHealthCheckConfig");
  f.needs({"command"});
  f.field("command", e.command, {"The command and its arguments; 0 is healthy"}, each(cluster::not_empty));
  if (f.sound() && e.command.empty()) f.error("command", "exec.command is required");
}

void describe(Fields& f, Probe& p) {
  f.message("ReadinessProbe");
  f.one_of({"httpGet", "tcpSocket", "exec", "grpc"});
  f.field("initialDelaySeconds", p.initial_delay, {"Before the first probe", "0"},
          non_negative("initialDelaySeconds"));
  f.field("timeoutSeconds", p.timeout, {"For an answer", "1"}, non_negative("timeoutSeconds"));
  f.field("periodSeconds", p.period, {"Between probes", "10"}, non_negative("periodSeconds"));
  f.field("successThreshold", p.success_threshold, {"Successes in a row that make it ready", "1"},
          non_negative("successThreshold"));
  f.field("failureThreshold", p.failure_threshold, {"Failures in a row that make it unready", "3"},
          non_negative("failureThreshold"));
  f.field("httpGet", p.http, {"An HTTP request"});
  f.field("tcpSocket", p.tcp, {"A TCP connection"});
  f.field("exec", p.exec, {"A command"});
  f.field("grpc", p.grpc, {"gRPC's health service"});
  if (!f.sound()) return;
  if (!p.http && !p.tcp && !p.exec) {
    f.error("", p.grpc ? "unknown health check method grpc" : "unknown health check method: none is given",
            "write httpGet, tcpSocket or exec");
  }
}

void describe(Fields& f, WorkloadGroup::Metadata& m) {
  f.message("WorkloadGroup.ObjectMeta");
  f.field("labels", m.labels, {"Labels of the workloads"},
          Rule{[](const Node& node, const Labels& labels) {
                 for (const auto& [key, value] : labels) {
                   std::string found = label_key_complaint(key);
                   if (found.empty() && !is_label_value(value))
                     found = fmt::format("invalid tag value: \"{}\"", value);
                   if (!found.empty()) node.error(fmt::format("invalid labels: {}", found));
                 }
               },
               "Kubernetes label names and values"},
          cluster::at_most(256));
  f.field("annotations", m.annotations, {"Annotations of the workloads"}, cluster::at_most(256));
}

void describe(Fields& f, WorkloadGroup& g) {
  f.message("WorkloadGroup");
  f.needs({"template"});
  f.field("metadata", g.metadata, {"Labels and annotations of the workloads"});
  f.field("template", g.template_entry, {"What else they have in common; the address is each one's own"});
  f.field("probe", g.probe, {"How it is told whether one is ready"});
  if (f.sound() && !g.template_entry) f.error("", "template is required", "add template: {}");
}

}  // namespace outrider::config
