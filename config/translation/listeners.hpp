#pragma once
// Where a sidecar listens: one outbound port for its application, and the workload's own service
// ports for everybody else, with what stands behind them. Pure; any thread.

#include <cstdint>

#include "config/translation/view.hpp"

namespace outrider::config {

inline constexpr std::uint32_t kOutboundPort = 15001;

void add_outbound_listener(const View& view, XdsResources& out);

// A listener and a cluster for each ingress of the workload's Sidecar.
void add_inbound(const View& view, XdsResources& out);

}  // namespace outrider::config
