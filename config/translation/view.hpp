#pragma once
// What one workload sees of the mesh: the argument of every translation below. Made per
// translate(), on its stack.

#include <string>
#include <vector>

#include "config/translation/registry.hpp"

namespace outrider::config {

struct View {
  const Registry& registry;
  const Workload& workload;
  Typed<Sidecar> sidecar;                // its own; may be none
  std::vector<const Service*> services;  // those it may call, by host

  View(const Registry& registry, const Workload& workload);
};

// "virtual-service.yaml:29": where an operator finds what made this.
[[nodiscard]] std::string source_of(const Resource& resource, yaml::Position at);

}  // namespace outrider::config
