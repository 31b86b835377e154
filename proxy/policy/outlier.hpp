#pragma once
// Endpoints that fail in a row are left out for a while. Any worker may record; one process-wide
// count. Time is an argument.

#include "core/base/clock.hpp"
#include "proxy/policy/retry.hpp"
#include "proxy/snapshot/cluster.hpp"

namespace outrider::proxy {

enum class OutlierVerdict : std::uint8_t {
  None,
  Ejected,
  Refused,  // maxEjectionPercent would be exceeded
};

// What an attempt's end says about its endpoint. A failure that is not the endpoint's fault says
// nothing; a grpc-status in the head counts as its HTTP equivalent.
[[nodiscard]] OutlierVerdict record_outcome(const ClusterSpec& cluster, const EndpointSpec& endpoint,
                                            const AttemptOutcome& outcome, TimePoint now);

// Once an interval, whoever comes first: brings back those whose time is over, lets the multiplier
// of the healthy ones fall by one. Returns how many came back. Cheap when nothing is due.
std::size_t sweep_if_due(const ClusterSpec& cluster, TimePoint now);

}  // namespace outrider::proxy
