#pragma once
// The kinds of resources: how each is read, printed and explained, and what to use instead of those that
// will not come. Constant; any thread.

#include <span>
#include <string_view>
#include <vector>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct Spec;

struct Kind {
  std::string_view name;   // "VirtualService"
  std::string_view group;  // "networking.istio.io"; empty: the core of Kubernetes
  std::string_view slug;   // "virtual-service"
  // Of its spec. Null for a kind that is only recognised.
  bool (*read_spec)(const Node& node, Spec& out);
  yaml::Value (*print_spec)(const Spec& spec);
  std::vector<FieldInfo> (*fields)();
  std::string_view about;    // one sentence; of a kind that is only recognised what to use instead
  bool spec_on_top = false;  // its fields stand beside `metadata`

  [[nodiscard]] bool acts() const;  // or is it only checked
  [[nodiscard]] bool of_kubernetes() const { return !group.ends_with("istio.io"); }
};

[[nodiscard]] std::span<const Kind> kinds();
[[nodiscard]] const Kind* find_kind(
    std::string_view name);  // the first of the name; null when there is none
[[nodiscard]] const Kind* find_kind(std::string_view group, std::string_view name);

}  // namespace outrider::config
