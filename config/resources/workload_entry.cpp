#include "config/resources/workload_entry.hpp"

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view kTlsModeLabel = "security.istio.io/tlsMode";
constexpr std::string_view kUnix = "unix://";

constexpr auto unix_address = cluster::must(
    [](const std::string& address) {
      if (!address.starts_with(kUnix)) return true;
      return unix_path_complaint(std::string_view(address).substr(kUnix.size())).empty();
    },
    "UDS must be an absolute path or abstract socket; UDS may not be a dir", "unix:///path, unix://@name");

}  // namespace

bool WorkloadEntry::speaks_mesh_tls() const {
  const auto label = labels.find(std::string(kTlsModeLabel));
  return label == labels.end() ? !service_account.empty() : label->second == "istio";
}

void check_endpoint(Reading& reading, const WorkloadEntry& e, EndpointNames names,
                    const std::string& path) {
  const auto bad = [&](yaml::Position at, std::string message, std::string help = {}) {
    reading.error(at, std::move(message), std::move(help)).path = path;
  };
  const std::string& address = *e.address;
  const yaml::Position at = e.address.at.line != 0 ? e.address.at : e.at;
  if (address.empty() && e.network.empty())
    return bad(e.at, "address is required", "add address: an IP address or a name");
  if (address.empty()) {
    reading
        .report(Level::Warning, code::kSchemaWarning, e.at,
                fmt::format("address is unset with network \"{}\"", e.network))
        .path = path;
  }
  if (address.starts_with(kUnix)) {
    if (std::string found = unix_path_complaint(std::string_view(address).substr(kUnix.size()));
        !found.empty()) {
      bad(at, std::move(found));
    }
    if (!e.ports.empty())
      bad(at, fmt::format("unix endpoint {} must not include ports: UDS may not include ports", address));
  } else if (!address.empty() && !is_ip_address(address)) {
    if (names == EndpointNames::Refused) {
      bad(at, fmt::format("endpoint address \"{}\" is not a valid IP address", address),
          "write an address, or resolution: DNS");
    } else if (!fqdn_complaint(address).empty()) {
      bad(at, fmt::format("endpoint address \"{}\" is not a valid FQDN or an IP address", address));
    }
  }
}

void describe(Fields& f, WorkloadEntry& e) {
  f.message("WorkloadEntry");
  f.field("address", e.address, {"Where it is: an IP address, a name, or unix:///path"}, unix_address,
          cluster::at_most(256));
  f.field("ports", e.ports, {"Its ports by the names that the service has for them", "the service's"},
          cluster::at_most(128));
  f.field("labels", e.labels, {"Its labels"}, cluster::at_most(256));
  f.field("network", e.network, {"The network that it is in", "that of the mesh"}, cluster::at_most(2048));
  f.field("locality", e.locality, {"region/zone/subzone"}, cluster::at_most(2048));
  f.field("weight", e.weight, {"Its share of the requests", "1"});
  f.field("serviceAccount", e.service_account, {"The account that its identity names"},
          cluster::at_most(253));
}

void describe(Fields& f, WorkloadEntryResource& e) {
  describe(f, static_cast<WorkloadEntry&>(e));
  if (!f.sound()) return;
  check_endpoint(f.reading(), e, EndpointNames::Allowed, f.path());
  for (const auto& [name, number] : e.ports) {
    if (!is_dns_label(name))
      f.error("ports", fmt::format("spec.ports: Invalid value: invalid port name: {}", name));
    if (number < 1 || number > 65535) {
      f.error("ports",
              fmt::format("port number {} must be in the range 1..65535; port must be between 1-65535",
                          number));
    }
  }
  for (const auto& [key, value] : e.labels) {
    if (std::string found = label_key_complaint(key); !found.empty()) f.error("labels", std::move(found));
    if (!is_label_value(value)) f.error("labels", fmt::format("invalid tag value: \"{}\"", value));
  }
}

}  // namespace outrider::config
