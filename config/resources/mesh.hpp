#pragma once
// A frozen set of resources in the order of their age: what is valid, and nothing else.
// Cheap to copy; changing it makes another Mesh. Any thread.

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "config/resources/resource.hpp"

namespace outrider::config {

class Mesh {
 public:
  Mesh();

  // Oldest first: where Istio says "oldest wins", the first one does.
  [[nodiscard]] std::span<const ResourcePtr> resources() const;
  [[nodiscard]] std::size_t size() const { return resources().size(); }
  [[nodiscard]] ResourcePtr find(const ResourceKey& key) const;  // null when absent

  // With this resource in it: one of the same key is replaced and keeps its age, another is the
  // youngest.
  [[nodiscard]] Mesh with(ResourcePtr resource) const;
  [[nodiscard]] Mesh with(std::span<const ResourcePtr> resources) const;
  [[nodiscard]] Mesh without(const ResourceKey& key) const;

 private:
  struct State;
  explicit Mesh(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace outrider::config
