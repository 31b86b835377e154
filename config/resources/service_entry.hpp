#pragma once
// ServiceEntry: a service, its ports and where its endpoints are. A value; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/protocol.hpp"
#include "config/resources/workload_entry.hpp"

namespace outrider::config {

struct ServicePort {
  std::uint32_t number = 0;
  At<std::string> name;
  At<std::string> protocol_name;
  std::uint32_t target_port = 0;  // 0: the same
  yaml::Position at;

  [[nodiscard]] Protocol protocol() const { return protocol_of(*protocol_name); }
};
void describe(Fields& f, ServicePort& p);

// The port of an endpoint that serves a port of its service.
[[nodiscard]] std::uint32_t port_for(const WorkloadEntry& endpoint, const ServicePort& port);

struct ServiceEntry : Visibility {
  enum class Location { External = 0, Internal = 1 };
  enum class Resolution { None = 0, Static = 1, Dns = 2, DnsRoundRobin = 3, DynamicDns = 4 };

  std::vector<At<std::string>> hosts;
  std::vector<At<std::string>> addresses;
  std::vector<ServicePort> ports;
  Location location = Location::External;
  Resolution resolution = Resolution::None;
  std::vector<WorkloadEntry> endpoints;
  Box<WorkloadSelector> selector;
  std::vector<std::string> subject_alt_names;
};
void describe(Fields& f, ServiceEntry& s);

}  // namespace outrider::config
