#pragma once
// Who speaks at the other end of a stream, as it says itself. Nothing vouches for it here: the
// plaintext port is loopback's alone. Pure; any thread.

#include <string>

#include "config/translation/translate.hpp"
#include "core/base/error.hpp"

namespace envoy::config::core::v3 {
class Node;
}

namespace outrider::control {

struct Sidecar {
  std::string id;  // "sidecar~<ip>~<name>.<ns>~<ns>.svc.cluster.local"
  config::Workload workload;

  [[nodiscard]] std::string name() const { return workload.name + "." + workload.ns; }
};

// Name, namespace and address from the id; NAME, NAMESPACE, SERVICE_ACCOUNT, LABELS and
// INSTANCE_IPS of the metadata, where given, say more.
[[nodiscard]] Result<Sidecar> read_node(const envoy::config::core::v3::Node& node);

}  // namespace outrider::control
