#include "config/resources/resource.hpp"

#include <fmt/format.h>

#include "config/resources/kinds.hpp"
#include "config/resources/reading.hpp"

namespace outrider::config {

std::string to_string(const ResourceKey& key) {
  return fmt::format("{} {}/{}", key.kind, key.ns, key.name);
}

Resource::Resource(ResourceKey key, std::string api_version, Origin origin, std::string yaml,
                   std::shared_ptr<const Spec> spec)
    : key_(std::move(key)),
      api_version_(std::move(api_version)),
      origin_(std::move(origin)),
      yaml_(std::move(yaml)),
      spec_(std::move(spec)) {}

std::string_view Resource::source_line(int line) const {
  return line_of(yaml_, origin_.first_line, line);
}

std::string Resource::config_path() const {
  const Kind* kind = find_kind(key_.kind);
  return fmt::format("/apis/{}/v1/namespaces/{}/{}/{}", kind == nullptr ? "" : kind->group, key_.ns,
                     kind == nullptr ? "" : kind->slug, key_.name);
}

}  // namespace outrider::config
