#pragma once
// One resource of the mesh: its key, where it was written, its own YAML and its typed spec.
// Immutable, shared by pointer between versions of the mesh; any thread.

#include <compare>
#include <memory>
#include <string>
#include <string_view>

#include "config/yaml/position.hpp"

namespace outrider::config {

struct ResourceKey {
  std::string kind;
  std::string ns;
  std::string name;

  auto operator<=>(const ResourceKey&) const = default;
};

[[nodiscard]] std::string to_string(const ResourceKey& key);  // "VirtualService ecommerce/order"

struct Spec;  // config/resources/spec.hpp: the variant of every kind

class Resource {
 public:
  struct Origin {
    std::string file;
    int first_line = 1;   // of the document inside the file
    yaml::Position kind;  // of the `kind` key: where to point when the whole is meant
  };

  Resource(ResourceKey key, std::string api_version, Origin origin, std::string yaml,
           std::shared_ptr<const Spec> spec);

  [[nodiscard]] const ResourceKey& key() const { return key_; }
  [[nodiscard]] const std::string& api_version() const { return api_version_; }
  [[nodiscard]] const Origin& origin() const { return origin_; }

  // The document as its author wrote it, comments included.
  [[nodiscard]] const std::string& yaml() const { return yaml_; }

  // The text of a line of its file, if the line lies within this document; else empty.
  [[nodiscard]] std::string_view source_line(int line) const;

  // "/apis/networking.istio.io/v1/namespaces/ecommerce/virtual-service/order-service"
  [[nodiscard]] std::string config_path() const;

  [[nodiscard]] const Spec& spec() const { return *spec_; }
  // The typed spec, or null when the kind is another: resource.as<VirtualService>().
  // Its definition is in config/resources/spec.hpp.
  template <typename Kind>
  [[nodiscard]] const Kind* as() const;

 private:
  ResourceKey key_;
  std::string api_version_;
  Origin origin_;
  std::string yaml_;
  std::shared_ptr<const Spec> spec_;
};

using ResourcePtr = std::shared_ptr<const Resource>;

}  // namespace outrider::config
