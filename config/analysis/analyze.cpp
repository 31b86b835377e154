#include "config/analysis/analyze.hpp"

#include "config/analysis/findings.hpp"

namespace outrider::config {

std::vector<Diagnostic> analyze(const Mesh& mesh) {
  const Registry registry(mesh);
  Findings found;
  for (const ResourcePtr& each : mesh.resources()) {
    const Resource* r = each.get();
    if (const auto* vs = r->as<VirtualService>()) {
      check_virtual_service(registry, {r, vs}, found);
    } else if (const auto* rule = r->as<DestinationRule>()) {
      check_destination_rule(registry, {r, rule}, found);
    } else if (const auto* policy = r->as<AuthorizationPolicy>()) {
      check_authorization_policy(registry, {r, policy}, found);
    } else if (const auto* peer = r->as<PeerAuthentication>()) {
      check_peer_authentication(registry, {r, peer}, found);
    } else if (const auto* sidecar = r->as<Sidecar>()) {
      check_sidecar(registry, {r, sidecar}, found);
    }
  }
  check_hosts_defined_once(registry, found);
  return found.take();
}

}  // namespace outrider::config
