#include "config/resources/mesh.hpp"

#include <utility>

namespace outrider::config {

struct Mesh::State {
  std::vector<ResourcePtr> resources;
  std::map<ResourceKey, std::size_t> index;
};

Mesh::Mesh() : state_(std::make_shared<const State>()) {}
Mesh::Mesh(std::shared_ptr<const State> state) : state_(std::move(state)) {}

std::span<const ResourcePtr> Mesh::resources() const { return state_->resources; }

ResourcePtr Mesh::find(const ResourceKey& key) const {
  const auto found = state_->index.find(key);
  return found == state_->index.end() ? nullptr : state_->resources[found->second];
}

Mesh Mesh::with(ResourcePtr resource) const { return with(std::span(&resource, 1)); }

Mesh Mesh::with(std::span<const ResourcePtr> resources) const {
  auto state = std::make_shared<State>(*state_);
  for (const ResourcePtr& resource : resources) {
    const auto [at, is_new] = state->index.try_emplace(resource->key(), state->resources.size());
    if (is_new) {
      state->resources.push_back(resource);
    } else {
      state->resources[at->second] = resource;
    }
  }
  return Mesh(std::move(state));
}

Mesh Mesh::without(const ResourceKey& key) const {
  if (!state_->index.contains(key)) return *this;
  auto state = std::make_shared<State>();
  for (const ResourcePtr& resource : state_->resources) {
    if (resource->key() == key) continue;
    state->index.emplace(resource->key(), state->resources.size());
    state->resources.push_back(resource);
  }
  return Mesh(std::move(state));
}

}  // namespace outrider::config
