#pragma once
// What one sidecar is to have: its resources of every type, serialized once and deterministically,
// so that "did it change" is a comparison of bytes. Frozen; sessions share the bytes.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "config/translation/translate.hpp"
#include "control-plane/xds/resource_type.hpp"

namespace outrider::control {

// Resources of one type by name.
using Contents = std::map<std::string, std::shared_ptr<const std::string>, std::less<>>;

[[nodiscard]] bool same_contents(const Contents& a, const Contents& b);

struct View {
  std::uint64_t generation = 0;
  std::array<Contents, push_order.size()> contents;
  // The endpoints that the clusters refer to and the routes that the listeners do: a sidecar that
  // has not asked for these is not done yet.
  std::array<std::set<std::string, std::less<>>, push_order.size()> referenced;

  [[nodiscard]] const Contents& of(ResourceType type) const { return contents[index_of(type)]; }
};

[[nodiscard]] bool same_contents(const View& a, const View& b);

[[nodiscard]] std::shared_ptr<const View> make_view(const config::XdsResources& resources,
                                                    std::uint64_t generation);

}  // namespace outrider::control
