#pragma once
// A mesh and one of its workloads in, that workload's xDS resources out. Pure; any thread.
// Who touches the lists includes the generated headers ("config/xds/listener.pb.h", ...) or
// config/xds/xds.hpp for all of them; this one names the types only.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/resources/mesh.hpp"

namespace envoy::config::listener::v3 {
class Listener;
}
namespace envoy::config::route::v3 {
class RouteConfiguration;
}
namespace envoy::config::cluster::v3 {
class Cluster;
}
namespace envoy::config::endpoint::v3 {
class ClusterLoadAssignment;
}

namespace outrider::config {

struct Workload {
  std::string name;
  std::string ns;
  std::string service_account;
  std::map<std::string, std::string> labels;
  std::string address;

  auto operator<=>(const Workload&) const = default;
};

struct XdsResources {
  std::vector<envoy::config::listener::v3::Listener> listeners;
  std::vector<envoy::config::route::v3::RouteConfiguration> routes;
  std::vector<envoy::config::cluster::v3::Cluster> clusters;
  std::vector<envoy::config::endpoint::v3::ClusterLoadAssignment> endpoints;
};

struct Registry;  // config/translation/registry.hpp: the mesh, indexed by host

// Indexes a mesh once and translates it for many workloads. Immutable; any thread.
class Translator {
 public:
  explicit Translator(const Mesh& mesh);
  ~Translator();
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;

  [[nodiscard]] XdsResources translate(const Workload& workload) const;

 private:
  std::unique_ptr<const Registry> registry_;
};

// For one workload only, as a sidecar with files does.
[[nodiscard]] XdsResources translate(const Mesh& mesh, const Workload& workload);

}  // namespace outrider::config
