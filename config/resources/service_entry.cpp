#include "config/resources/service_entry.hpp"

#include <algorithm>
#include <set>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

using Resolution = ServiceEntry::Resolution;

const char* name_of(Resolution resolution) {
  switch (resolution) {
    case Resolution::None: return "NONE";
    case Resolution::Static: return "STATIC";
    case Resolution::Dns: return "DNS";
    case Resolution::DnsRoundRobin: return "DNS_ROUND_ROBIN";
    case Resolution::DynamicDns: return "DYNAMIC_DNS";
  }
  return "";
}

class Checks {
 public:
  Checks(Fields& f, const ServiceEntry& s) : f_(f), s_(s) {
    for (const ServicePort& port : s.ports) port_names_.insert(*port.name);
  }

  void run() {
    check_selector();
    check_hosts();
    check_addresses();
    check_ports();
    switch (s_.resolution) {
      case Resolution::None: check_none(); break;
      case Resolution::Static: check_static(); break;
      case Resolution::Dns:
      case Resolution::DnsRoundRobin: check_dns(); break;
      case Resolution::DynamicDns: check_dynamic(); break;
      default: f_.error("resolution", "unsupported resolution type");
    }
    const auto apart = [](const ServicePort& p) {
      return speaks_http(p.protocol()) || speaks_tls(p.protocol());
    };
    if (s_.resolution != Resolution::None && s_.hosts.size() > 1 &&
        !std::all_of(s_.ports.begin(), s_.ports.end(), apart)) {
      f_.error("hosts", "multiple hosts provided with non-HTTP, non-TLS ports",
               "plain TCP cannot tell hosts apart: write a ServiceEntry for each");
    }
    check_export_to(f_, s_, ExportOf::Service);
  }

 private:
  void bad(yaml::Position at, std::string message, std::string help = {}) {
    f_.reading().error(at, std::move(message), std::move(help)).path = f_.path();
  }

  void check_selector() {
    warn_of_no_labels(f_, "service entry", s_.selector ? &*s_.selector : nullptr);
    if (s_.selector && f_.has("endpoints") && !s_.endpoints.empty()) {
      f_.error("endpoints",
               "only one of WorkloadSelector or Endpoints is allowed in Service Entry: "
               "only one of WorkloadSelector or Endpoints can be set",
               "remove one of the two");
    }
  }

  void check_hosts() {
    if (s_.hosts.empty())
      f_.error("hosts", "service entry must have at least one host", "name the service: hosts: [NAME]");
    for (const At<std::string>& host : s_.hosts) {
      if (*host == "*") {
        bad(host.at, "invalid host *: hostname cannot be wildcard", "name the domain: *.example.com");
        continue;
      }
      if (std::string found = wildcard_host_complaint(*host); !found.empty())
        bad(host.at, std::move(found));
      if (s_.resolution == Resolution::DynamicDns) continue;
      if (std::string found = partial_wildcard_complaint(*host); !found.empty()) {
        f_.reading().report(Level::Warning, code::kSchemaWarning, host.at, std::move(found),
                            "a wildcard is a whole label: *.x");
      }
    }
  }

  void check_addresses() {
    bool block = false;
    for (const At<std::string>& address : s_.addresses) {
      block |= address->find('/') != std::string::npos;
      if (!is_subnet(*address))
        bad(address.at, fmt::format("{} is not a valid IP or CIDR block", *address));
    }
    if (block && s_.resolution != Resolution::None && s_.resolution != Resolution::Static) {
      f_.error("addresses", "CIDR addresses are allowed only for NONE/STATIC resolution types");
    }
  }

  void check_ports() {
    const bool opted_out = ascii::equals_ignoring_case(
        f_.reading().label("networking.istio.io/enable-autoallocate-ip"), "false");
    const bool allocates = !opted_out && s_.resolution != Resolution::None;
    std::set<std::string> names;
    std::set<std::uint32_t> numbers;
    for (const ServicePort& port : s_.ports) {
      if (!names.insert(*port.name).second) {
        bad(port.name.at.line != 0 ? port.name.at : port.at,
            fmt::format("service entry port name \"{}\" already defined: Duplicate value", *port.name),
            "give it another name");
      }
      if (!numbers.insert(port.number).second) {
        bad(port.at,
            fmt::format("service entry port {} already defined: port number cannot be duplicated",
                        port.number),
            "remove one of the two");
      }
      if (!s_.addresses.empty() || allocates) continue;
      if (port.protocol_name->empty() || *port.protocol_name == "TCP") {
        f_.reading().report(Level::Warning, code::kSchemaWarning, port.at,
                            "addresses are required for ports serving TCP (or unset) protocol when IP "
                            "Autoallocation is not enabled",
                            "add addresses, or name the protocol");
      }
    }
  }

  void check_none() {
    if (!s_.endpoints.empty()) {
      f_.error("endpoints",
               "no endpoints should be provided for resolution type none: NONE mode cannot set endpoints",
               "add resolution: STATIC (addresses) or DNS (names)");
    }
    if (s_.selector)
      f_.warning("workloadSelector", "workloadSelector should not be set when resolution mode is NONE");
  }

  void check_static() {
    for (const WorkloadEntry& endpoint : s_.endpoints) {
      check_endpoint(f_.reading(), endpoint, EndpointNames::Refused, f_.path());
      check_endpoint_ports(endpoint);
      check_labels(endpoint);
      const bool socket = endpoint.address->starts_with("unix://");
      if (socket && s_.ports.size() != 1)
        bad(endpoint.at, "exactly 1 service port required for unix endpoints");
    }
  }

  void check_dns() {
    const std::string mode = name_of(s_.resolution);
    for (const At<std::string>& host : s_.hosts) {
      if (!s_.endpoints.empty()) break;
      std::string found = fqdn_complaint(*host);
      if (found.empty()) continue;
      bad(host.at,
          fmt::format(
              "hosts must be FQDN or contain only prefix wildcards if no endpoints are provided for "
              "resolution mode {}, {}",
              mode, found));
      break;
    }
    if (s_.resolution == Resolution::DnsRoundRobin && s_.endpoints.size() > 1) {
      f_.error("endpoints",
               fmt::format("there must only be 0 or 1 endpoint for resolution mode {}: {} mode cannot have "
                           "multiple endpoints",
                           mode, mode));
    }
    for (const WorkloadEntry& endpoint : s_.endpoints) {
      if (!is_ip_address(*endpoint.address) && !fqdn_complaint(*endpoint.address).empty()) {
        bad(endpoint.address.at.line != 0 ? endpoint.address.at : endpoint.at,
            fmt::format("endpoint address \"{}\" is not a valid FQDN or an IP address", *endpoint.address));
      }
      check_labels(endpoint);
      check_endpoint_ports(endpoint);
    }
    const bool tcp = std::any_of(s_.ports.begin(), s_.ports.end(),
                                 [](const auto& p) { return is_opaque(p.protocol()); });
    if (!s_.addresses.empty() && tcp && s_.hosts.size() > 1) {
      f_.warning("hosts",
                 "service entry can not have more than one host specified simultaneously with address and "
                 "tcp port");
    }
  }

  void check_dynamic() {
    const std::string mode = name_of(s_.resolution);
    for (const At<std::string>& host : s_.hosts) {
      if (!host->starts_with('*'))
        bad(host.at, fmt::format("host must be wildcarded for resolution mode {}", mode));
    }
    if (!s_.addresses.empty())
      f_.error("addresses", fmt::format("addresses cannot be set for resolution type {}", mode));
    if (!s_.endpoints.empty())
      f_.error("endpoints", fmt::format("endpoints cannot be set for resolution type {}", mode));
    if (s_.location != ServiceEntry::Location::External && s_.location != ServiceEntry::Location::Internal) {
      f_.error("location",
               fmt::format("location must be MESH_EXTERNAL or MESH_INTERNAL for resolution type {}", mode));
    }
    const std::string_view waypoint = f_.reading().label("istio.io/use-waypoint");
    if (s_.location == ServiceEntry::Location::Internal && !waypoint.empty() &&
        !ascii::equals_ignoring_case(waypoint, "none")) {
      f_.error("location",
               fmt::format(
                   "location MESH_INTERNAL with resolution type {} is not supported when using waypoints",
                   mode));
    }
    for (const ServicePort& port : s_.ports) {
      const Protocol p = port.protocol();
      if (p == Protocol::Http || p == Protocol::Tls || p == Protocol::Grpc || p == Protocol::Http2)
        continue;
      bad(port.at,
          fmt::format("only HTTP, TLS, GRPC, and HTTP2 protocols are supported for resolution type {}",
                      mode));
    }
  }

  void check_labels(const WorkloadEntry& endpoint) {
    for (const auto& [key, value] : endpoint.labels) {
      if (std::string found = label_key_complaint(key); !found.empty()) bad(endpoint.at, std::move(found));
      if (!is_label_value(value)) bad(endpoint.at, fmt::format("invalid tag value: \"{}\"", value));
    }
  }

  void check_endpoint_ports(const WorkloadEntry& endpoint) {
    for (const auto& [name, number] : endpoint.ports) {
      if (!port_names_.contains(name)) {
        bad(endpoint.at, fmt::format("endpoint port {} is not defined by the service entry", number),
            fmt::format("\"{}\" is no name of a port of this service", name));
      }
      if (!is_dns_label(name)) bad(endpoint.at, fmt::format("invalid port name: {}", name));
      if (number < 1 || number > 65535) {
        bad(endpoint.at,
            fmt::format("port number {} must be in the range 1..65535; port must be between 1-65535",
                        number));
      }
    }
  }

  Fields& f_;
  const ServiceEntry& s_;
  std::set<std::string_view> port_names_;
};

constexpr Rule service_port{[](const Node& node, std::int64_t value) {
                              if (value >= 1 && value <= 65535) return;
                              node.error(
                                  fmt::format("port number {} must be in the range 1..65535: port must "
                                              "be between 1-65535",
                                              value));
                            },
                            "1..65535"};

constexpr Rule single_address{
    [](const Node& node, const std::string& address) {
      if (is_ip_address(address)) return;
      node.reading.inactive(node.value.at, node.path.text(),
                            fmt::format("{}: \"{}\" is not supported yet", node.path.text(), address),
                            "write single IP addresses");
    },
    ""};

constexpr Rule no_wildcard{[](const Node& node, const std::string& host) {
                             if (!host.starts_with('*')) return;
                             node.reading.inactive(
                                 node.value.at, node.path.text(),
                                 fmt::format("{}: wildcards are not supported yet", node.path.text()),
                                 "name each service");
                           },
                           ""};

}  // namespace

std::uint32_t port_for(const WorkloadEntry& endpoint, const ServicePort& port) {
  const auto own = endpoint.ports.find(*port.name);
  if (own != endpoint.ports.end()) return own->second;
  return port.target_port != 0 ? port.target_port : port.number;
}

void describe(Fields& f, ServicePort& p) {
  f.message("ServicePort");
  f.needs({"number", "name"});
  f.field("number", p.number, {"The port that callers name"}, service_port);
  f.field("protocol", p.protocol_name,
          {"HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS", "told from the first bytes"},
          Rule{[](const Node& node, const std::string& name) {
                 if (name.empty() || protocol_of(name) != Protocol::Unknown) return;
                 node.error(fmt::format("unsupported protocol: {}", name),
                            "write HTTP, HTTP2, GRPC, HTTPS, TLS, TCP or MONGO");
               },
               "a protocol that Istio knows"},
          cluster::at_most(256));
  f.field("name", p.name, {"Its name, which endpoints refer to"}, port_name, cluster::at_most(256));
  f.field("targetPort", p.target_port, {"The endpoints' port", "the same"},
          Rule{[](const Node& node, std::int64_t value) {
                 if (value != 0) service_port(node, value);
               },
               service_port.text});
  if (!f.sound()) return;
  if (!f.has("number")) f.error("", "port number 0 must be in the range 1..65535", "add number:");
  if (!f.has("name")) f.error("", "invalid port name: ", "add name:");
}

void describe(Fields& f, ServiceEntry& s) {
  f.message("ServiceEntry");
  f.needs({"hosts"});
  f.field("hosts", s.hosts, {"What the service is called"}, each(no_wildcard), cluster::at_most(256));
  f.field("addresses", s.addresses, {"Virtual IP addresses, or CIDR blocks", "one is given to it"},
          each(single_address), each(cluster::at_most(64)), cluster::at_most(256));
  f.field("ports", s.ports, {"Its ports"}, cluster::at_most(256));
  f.choice("location", s.location,
           {{"MESH_EXTERNAL", ServiceEntry::Location::External},
            {"MESH_INTERNAL", ServiceEntry::Location::Internal}},
           {"Whether its endpoints have sidecars", "MESH_EXTERNAL: they have none"});
  f.choice("resolution", s.resolution,
           {{"NONE", Resolution::None},
            {"STATIC", Resolution::Static},
            {"DNS", Resolution::Dns},
            {"DNS_ROUND_ROBIN", Resolution::DnsRoundRobin},
            {"DYNAMIC_DNS", Resolution::DynamicDns}},
           {"How its endpoints are found", "NONE: the address that was called"});
  f.field("endpoints", s.endpoints, {"Where it is"}, cluster::at_most(4096));
  f.field("workloadSelector", s.selector, {"Its endpoints by label, instead"});
  describe_export_to(f, s);
  f.field("subjectAltNames", s.subject_alt_names,
          {"Names of which the service's certificate has to have one"});
  if (f.sound()) Checks(f, s).run();
}

}  // namespace outrider::config
