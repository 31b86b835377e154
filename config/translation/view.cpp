#include "config/translation/view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outrider::config {

View::View(const Registry& of, const Workload& as)
    : registry(of), workload(as), sidecar(of.sidecar(as.ns, as.labels)) {
  for (const auto& [host, service] : registry.services) {
    const bool exported = std::any_of(
        service.entries.begin(), service.entries.end(),
        [&](const Typed<ServiceEntry>& entry) { return entry->reaches(service.ns, workload.ns); });
    const bool seen = !sidecar || sidecar->sees(workload.ns, service.ns, host);
    if (exported && seen) services.push_back(&service);
  }
}

std::string source_of(const Resource& resource, yaml::Position at) {
  return fmt::format("{}:{}", resource.origin().file, at.line);
}

}  // namespace outrider::config
