#include "control-plane/xds/resource_type.hpp"

namespace outrider::control {

std::string_view type_url(ResourceType type) {
  switch (type) {
    case ResourceType::Cluster:
      return "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    case ResourceType::Endpoints:
      return "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
    case ResourceType::Listener:
      return "type.googleapis.com/envoy.config.listener.v3.Listener";
    case ResourceType::Route:
      return "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
  }
  return {};
}

std::optional<ResourceType> type_of_url(std::string_view url) {
  for (const ResourceType type : push_order) {
    if (type_url(type) == url) return type;
  }
  return std::nullopt;
}

std::string_view short_name(ResourceType type) {
  switch (type) {
    case ResourceType::Cluster:
      return "CDS";
    case ResourceType::Endpoints:
      return "EDS";
    case ResourceType::Listener:
      return "LDS";
    case ResourceType::Route:
      return "RDS";
  }
  return {};
}

}  // namespace outrider::control
