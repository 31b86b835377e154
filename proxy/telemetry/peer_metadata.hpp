#pragma once
// x-envoy-peer-metadata: what sidecars tell each other about themselves, Istio's encoding (base64 of
// a google.protobuf.Struct). Believed from mTLS peers only; decoded once a connection. Any thread.

#include <optional>
#include <string>
#include <string_view>

#include "proxy/telemetry/labels.hpp"

namespace outrider::proxy {

inline constexpr std::size_t max_peer_metadata = 16 * 1024;

// The header's value for this workload; `principal` is not part of it (the certificate says it).
[[nodiscard]] std::string encode_peer_metadata(const WorkloadLabels& self);

// Nothing when it is too long, not base64, not a Struct, or names no workload. `principal` is left
// empty: it comes from the certificate.
[[nodiscard]] std::optional<WorkloadLabels> decode_peer_metadata(std::string_view header);

}  // namespace outrider::proxy
