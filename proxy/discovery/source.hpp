#pragma once
// Where a sidecar's configuration comes from: Istio YAML in a folder, xDS resources in a folder, or a
// control plane. Each gives whole sets of xDS resources to a Sink; after that there is one code path.
// Main thread.

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "proxy/snapshot/compile.hpp"

namespace outrider::proxy {

// Takes a set over, or says which resources cannot be understood and leaves the last one in force.
using Sink = std::function<std::vector<CompileError>(XdsInput)>;

class Source {
 public:
  virtual ~Source() = default;
  // Begins to deliver. An error is a reason not to start at all.
  [[nodiscard]] virtual Result<void> start() = 0;
};

}  // namespace outrider::proxy
