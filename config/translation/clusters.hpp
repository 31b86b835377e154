#pragma once
// Outbound clusters: one per service, port and subset, with the destination rules that hold for
// them, and the endpoints of those that EDS serves. Pure; any thread.

#include "config/translation/view.hpp"

namespace outrider::config {

void add_outbound_clusters(const View& view, XdsResources& out);

}  // namespace outrider::config
