#pragma once
// Every kind, as one variant: for the sources that look inside a resource. A value; any thread.

#include <variant>

#include "config/resources/authorization_policy.hpp"
#include "config/resources/destination_rule.hpp"
#include "config/resources/gateway.hpp"
#include "config/resources/kubernetes.hpp"
#include "config/resources/mesh_config.hpp"
#include "config/resources/peer_authentication.hpp"
#include "config/resources/proxy_config.hpp"
#include "config/resources/request_authentication.hpp"
#include "config/resources/resource.hpp"
#include "config/resources/service_entry.hpp"
#include "config/resources/sidecar.hpp"
#include "config/resources/telemetry.hpp"
#include "config/resources/virtual_service.hpp"
#include "config/resources/workload_group.hpp"

namespace outrider::config {

struct Spec {
  std::variant<VirtualService, DestinationRule, Gateway, ServiceEntry, WorkloadEntryResource, WorkloadGroup,
               Sidecar, PeerAuthentication, RequestAuthentication, AuthorizationPolicy, Telemetry,
               ProxyConfig, MeshConfig, kubernetes::Service, kubernetes::EndpointSlice, kubernetes::Pod,
               kubernetes::Deployment, kubernetes::Namespace, kubernetes::ServiceAccount,
               kubernetes::Secret>
      value;
};

template <typename Kind>
const Kind* Resource::as() const {
  return std::get_if<Kind>(&spec_->value);
}

}  // namespace outrider::config
