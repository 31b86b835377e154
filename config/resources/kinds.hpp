#pragma once
// The kinds that Istio has: which of them are ours, and who reads their spec. Constant; any thread.

#include <span>
#include <string_view>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct Spec;

struct Kind {
  std::string_view name;   // "VirtualService"
  std::string_view group;  // "networking.istio.io"
  std::string_view slug;   // "virtual-service"
  // Reads the spec; null for a kind that is not supported yet.
  bool (*read_spec)(const Node& node, Spec& out);
};

[[nodiscard]] std::span<const Kind> kinds();
[[nodiscard]] const Kind* find_kind(std::string_view name);  // null when Istio has none

}  // namespace outrider::config
