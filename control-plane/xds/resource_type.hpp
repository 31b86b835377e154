#pragma once
// The four kinds of resource that are pushed, in the order in which they are: make before break.
// Plain values; any thread.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace outrider::control {

enum class ResourceType { Cluster, Endpoints, Listener, Route };

// A route may only name clusters that are there, with endpoints: CDS, EDS, LDS, RDS.
inline constexpr std::array push_order{ResourceType::Cluster, ResourceType::Endpoints,
                                       ResourceType::Listener, ResourceType::Route};

[[nodiscard]] constexpr std::size_t index_of(ResourceType type) {
  return static_cast<std::size_t>(type);
}

[[nodiscard]] std::string_view type_url(ResourceType type);
[[nodiscard]] std::optional<ResourceType> type_of_url(std::string_view url);

// "CDS", "EDS", "LDS", "RDS", as people say it.
[[nodiscard]] std::string_view short_name(ResourceType type);

}  // namespace outrider::control
