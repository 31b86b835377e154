#pragma once
// ServiceEntry: a service, its ports and where its endpoints are. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/selector.hpp"

namespace outrider::config {

enum class Protocol { Http, Http2, Grpc };

[[nodiscard]] constexpr bool speaks_http2(Protocol protocol) { return protocol != Protocol::Http; }

// The `protocol` of a port, as ServiceEntry and Sidecar spell it.
void describe_protocol(Fields& f, Protocol& protocol);

struct ServicePort {
  std::uint32_t number = 0;
  At<std::string> name;
  Protocol protocol = Protocol::Http;
  std::optional<std::uint32_t> target_port;
  yaml::Position at;
};

struct ServiceEndpoint {
  At<std::string> address;
  std::map<std::string, std::uint32_t> ports;  // by the service port's name
  Labels labels;
  std::string service_account;
  std::uint32_t weight = 0;  // 0: 1
  std::string locality;      // "region/zone/subzone"
  yaml::Position at;

  [[nodiscard]] std::uint32_t port_for(const ServicePort& port) const;
  // Has a sidecar that speaks the mesh's mTLS.
  [[nodiscard]] bool speaks_mesh_tls() const;
};

struct ServiceEntry : Visibility {
  enum class Location { External, Internal };
  enum class Resolution { None, Static, Dns };

  std::vector<At<std::string>> hosts;
  std::vector<std::string> addresses;
  std::vector<ServicePort> ports;
  Location location = Location::External;
  Resolution resolution = Resolution::None;
  std::vector<ServiceEndpoint> endpoints;
};
void describe(Fields& f, ServiceEntry& s);

}  // namespace outrider::config
