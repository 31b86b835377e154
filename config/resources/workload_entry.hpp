#pragma once
// WorkloadEntry: one endpoint, of a ServiceEntry or by itself. A value; any thread.

#include <cstdint>
#include <map>
#include <string>

#include "config/resources/selector.hpp"

namespace outrider::config {

struct WorkloadEntry {
  At<std::string> address;
  std::map<std::string, std::uint32_t> ports;  // by the service port's name
  Labels labels;
  std::string network, locality, service_account;  // locality: "region/zone/subzone"
  std::uint32_t weight = 0;                        // 0: 1
  yaml::Position at;

  // Has a sidecar that speaks the mesh's mTLS.
  [[nodiscard]] bool speaks_mesh_tls() const;
};
void describe(Fields& f, WorkloadEntry& e);

// A WorkloadEntry that is a resource by itself.
struct WorkloadEntryResource : WorkloadEntry {};
void describe(Fields& f, WorkloadEntryResource& e);

// What Istio asks of an endpoint whose address has to be one, or may be a name.
enum class EndpointNames { Refused, Allowed };
void check_endpoint(Reading& reading, const WorkloadEntry& e, EndpointNames names, const std::string& path);

}  // namespace outrider::config
