#pragma once
// A traffic policy on a cluster: pool limits, balancing, ejection, protocol. Pure; any thread.

#include "config/resources/destination_rule.hpp"
#include "config/resources/service_entry.hpp"
#include "config/translation/translate.hpp"
#include "config/xds/cluster.pb.h"

namespace outrider::config {

// Istio's defaults where the policy says nothing.
void apply_policy(const TrafficPolicy& policy, Protocol protocol,
                  envoy::config::cluster::v3::Cluster& cluster);

// Upstream sockets have the workload's address, so that it means something to the other side.
void bind_to(const Workload& workload, envoy::config::cluster::v3::Cluster& cluster);

}  // namespace outrider::config
