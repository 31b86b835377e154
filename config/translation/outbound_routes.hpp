#pragma once
// The route configuration `http_proxy`: which Host means which service. Pure; any thread.

#include "config/translation/view.hpp"

namespace outrider::config {

inline constexpr const char* kHttpProxyRoutes = "http_proxy";

void add_outbound_routes(const View& view, XdsResources& out);

}  // namespace outrider::config
