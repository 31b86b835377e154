#include "config/resources/service_entry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view kTlsModeLabel = "security.istio.io/tlsMode";

void single_address(const Node& node, const std::string& address) {
  if (is_ip_address(address)) return;
  node.reading.report(Level::Error, code::kUnsupported, node.value.at,
                      fmt::format("{}: \"{}\" is not supported yet", node.path.text(), address),
                      "write single IP addresses");
}

void port_numbers(const Node& node, const std::map<std::string, std::uint32_t>& ports) {
  for (const auto& [name, number] : ports) {
    const Path path{&node.path, name};
    port_number(Node{node.reading, node.value.find(name)->value, path}, number);
  }
}

void distinct_ports(Fields& f, const ServiceEntry& s) {
  std::set<std::string> names;
  std::set<std::uint32_t> numbers;
  for (const ServicePort& port : s.ports) {
    if (!names.insert(*port.name).second) {
      f.reading().error(port.name.at,
                        fmt::format("service entry port name \"{}\" already defined", *port.name));
    }
    if (!numbers.insert(port.number).second) {
      f.reading().error(port.at, fmt::format("service entry port {} already defined", port.number));
    }
  }
}

void check_endpoints(Fields& f, const ServiceEntry& s) {
  for (const ServiceEndpoint& endpoint : s.endpoints) {
    if (s.resolution == ServiceEntry::Resolution::Static && !is_ip_address(*endpoint.address)) {
      f.reading().error(
          endpoint.address.at,
          fmt::format("endpoint address \"{}\" is not a valid IP address", *endpoint.address),
          "write an address, or resolution: DNS");
    }
    for (const auto& [name, number] : endpoint.ports) {
      const auto defined = [&](const ServicePort& p) { return *p.name == name; };
      if (std::any_of(s.ports.begin(), s.ports.end(), defined)) continue;
      f.reading().error(endpoint.at,
                        fmt::format("endpoint port {} is not defined by the service entry", name));
    }
  }
}

}  // namespace

std::uint32_t ServiceEndpoint::port_for(const ServicePort& port) const {
  const auto own = ports.find(*port.name);
  return own != ports.end() ? own->second : port.target_port.value_or(port.number);
}

bool ServiceEndpoint::speaks_mesh_tls() const {
  const auto label = labels.find(std::string(kTlsModeLabel));
  return label == labels.end() ? !service_account.empty() : label->second == "istio";
}

void describe_protocol(Fields& f, Protocol& protocol) {
  f.choice("protocol", protocol,
           {{"HTTP", Protocol::Http},
            {"HTTP2", Protocol::Http2},
            {"GRPC", Protocol::Grpc},
            {"http", Protocol::Http},
            {"http2", Protocol::Http2},
            {"grpc", Protocol::Grpc}},
           {"HTTPS", "TCP", "TLS", "MONGO", "UDP", "GRPC-WEB"});
}

void describe(Fields& f, ServicePort& p) {
  f.require("number", p.number, port_number);
  f.require("name", p.name, dns_label);
  f.field("targetPort", p.target_port, port_number);
  describe_protocol(f, p.protocol);
  if (!f.has("protocol")) f.error("", "protocol is required", "write HTTP, HTTP2 or GRPC");
}

void describe(Fields& f, ServiceEndpoint& e) {
  f.require("address", e.address, not_empty);
  f.field("ports", e.ports, port_numbers);
  f.field("labels", e.labels);
  f.field("serviceAccount", e.service_account);
  f.field("weight", e.weight);
  f.field("locality", e.locality);
  f.unsupported({"network"});
}

void describe(Fields& f, ServiceEntry& s) {
  f.require("hosts", s.hosts, not_empty, each([](const Node& node, const std::string& host) {
              if (!host.starts_with('*')) return host_name(node, host);
              node.reading.report(
                  Level::Error, code::kUnsupported, node.value.at,
                  fmt::format("{}: wildcards are not supported yet", node.path.text()));
            }));
  f.field("addresses", s.addresses, each(single_address));
  f.require("ports", s.ports, not_empty);
  f.choice("location", s.location,
           {{"MESH_EXTERNAL", ServiceEntry::Location::External},
            {"MESH_INTERNAL", ServiceEntry::Location::Internal}});
  f.choice("resolution", s.resolution,
           {{"STATIC", ServiceEntry::Resolution::Static}, {"DNS", ServiceEntry::Resolution::Dns}},
           {"NONE", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"});
  f.field("endpoints", s.endpoints);
  describe_export_to(f, s);
  f.unsupported({"workloadSelector", "subjectAltNames"});
  if (!f.has("resolution")) {
    f.reading().report(Level::Error, code::kUnsupported, f.at(),
                       "spec.resolution: NONE, its default, is not supported yet",
                       "write one of STATIC, DNS");
  }
  distinct_ports(f, s);
  check_endpoints(f, s);
}

}  // namespace outrider::config
