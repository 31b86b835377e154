#include "config/resources/stand_in.hpp"

#include "config/resources/load.hpp"

namespace outrider::config {
namespace {

std::optional<Selector> readable_selector(const Node& spec) {
  const yaml::Entry* entry = spec.value.find("selector");
  if (entry == nullptr) return {};
  std::vector<Diagnostic> ignored;
  const yaml::Document none{{}, 1, 0, yaml::Value{}};
  Reading scratch({}, none, {}, ignored);
  const Path path{&spec.path, "selector"};
  Selector selector;
  if (!read(Node{scratch, entry->value, path, {}}, selector) || scratch.failed()) return {};
  return selector;
}

}  // namespace

std::shared_ptr<const Spec> make_stand_in(const Kind& kind, const Node& spec, const ResourceKey& key) {
  if (kind.name == "AuthorizationPolicy") {
    AuthorizationPolicy policy;
    policy.selector = readable_selector(spec);
    policy.action = AuthorizationPolicy::Action::Deny;
    policy.rules.emplace_back();
    return std::make_shared<const Spec>(Spec{std::move(policy)});
  }
  if (kind.name == "PeerAuthentication") {
    PeerAuthentication policy;
    policy.selector = readable_selector(spec);
    policy.mtls.emplace().mode = TlsMode::Strict;
    // Mesh-wide policies have no selector; one that has is ignored in the root namespace.
    if (key.ns == kRootNamespace) policy.selector.reset();
    return std::make_shared<const Spec>(Spec{std::move(policy)});
  }
  return nullptr;
}

Mesh settle(const Loaded& loaded, const Mesh& last_good) {
  if (loaded.rejected.empty() && loaded.unreadable_files.empty()) return loaded.mesh;

  std::map<ResourceKey, ResourcePtr> kept;
  for (const ResourcePtr& each : loaded.stand_ins) kept[each->key()] = each;
  for (const ResourceKey& key : loaded.rejected) {
    if (ResourcePtr good = last_good.find(key)) kept[key] = std::move(good);
  }
  for (const std::string& file : loaded.unreadable_files) {
    for (const ResourcePtr& good : last_good.resources()) {
      const bool lost = good->origin().file == file && !loaded.mesh.find(good->key());
      if (lost) kept.try_emplace(good->key(), good);
    }
  }

  // In the age order of the last good mesh, so that an old resource does not turn young.
  std::vector<ResourcePtr> ordered;
  for (const ResourcePtr& old : last_good.resources()) {
    if (ResourcePtr valid = loaded.mesh.find(old->key())) {
      ordered.push_back(std::move(valid));
    } else if (const auto found = kept.find(old->key()); found != kept.end()) {
      ordered.push_back(found->second);
    }
  }
  ordered.insert(ordered.end(), loaded.mesh.resources().begin(), loaded.mesh.resources().end());
  for (const auto& [key, resource] : kept) ordered.push_back(resource);
  return Mesh().with(ordered);
}

}  // namespace outrider::config
