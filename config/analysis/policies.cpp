// Whether a security policy is about any workload at all, and whether it lets ingress TLS act.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/analysis/findings.hpp"

namespace outrider::config {
namespace {

// A workload in this namespace (any, for the root namespace) has the labels; true as well where no
// workload is known, since then nothing can be said.
bool selects_something(const Registry& registry, std::string_view ns, const Labels& labels) {
  bool knows_any = false;
  for (const auto& [host, service] : registry.services) {
    if (service.ns != ns && ns != kRootNamespace) continue;
    for (const Typed<ServiceEntry>& entry : service.entries) {
      for (const WorkloadEntry& endpoint : entry->endpoints) {
        if (includes(endpoint.labels, labels)) return true;
        knows_any = true;
      }
    }
  }
  return !knows_any;
}

void check_selector(const Registry& registry, const std::optional<Selector>& selector,
                    const Resource& resource, Findings& out) {
  if (!selector || selector->labels.empty()) return;
  if (selects_something(registry, resource.key().ns, selector->labels)) return;
  std::vector<std::string> labels;
  for (const auto& [key, value] : selector->labels) {
    labels.push_back(fmt::format("{}={}", key, value));
  }
  out.add(Level::Warning, code::kNoWorkloads, resource, selector->at,
          fmt::format("No matching workloads for this resource with the following labels: {}",
                      fmt::join(labels, ",")),
          "compare them with the labels of the endpoints")
      .note = "the policy protects nothing";
}

}  // namespace

void check_authorization_policy(const Registry& registry, const Typed<AuthorizationPolicy>& policy,
                                Findings& out) {
  check_selector(registry, policy->selector, *policy.resource, out);
}

void check_peer_authentication(const Registry& registry, const Typed<PeerAuthentication>& policy,
                               Findings& out) {
  if (policy.resource->key().ns == kRootNamespace && policy->selector &&
      !policy->selector->labels.empty()) {
    out.add(Level::Warning, code::kNoImpact, *policy.resource, policy->selector->at,
            "The policy has no impact: a PeerAuthentication with a selector in the root namespace "
            "is ignored.",
            "put it into the workload's namespace");
    return;
  }
  check_selector(registry, policy->selector, *policy.resource, out);
}

void check_sidecar(const Registry& registry, const Typed<Sidecar>& sidecar, Findings& out) {
  const Labels labels = sidecar->selector ? sidecar->selector->labels : Labels{};
  for (const IngressListener& ingress : sidecar->ingress) {
    if (!ingress.tls) continue;
    if (registry.tls_mode(sidecar.resource->key().ns, labels, ingress.port()) == TlsMode::Disable) continue;
    out.add(Level::Warning, code::kNoImpact, *sidecar.resource, ingress.tls->at,
            fmt::format("The tls of port {} has no impact: the mesh's mutual TLS is in force there.",
                        ingress.port()),
            fmt::format("write a PeerAuthentication with portLevelMtls: {{{}: {{mode: DISABLE}}}}",
                        ingress.port()));
  }
}

}  // namespace outrider::config
