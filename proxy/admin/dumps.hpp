#pragma once
// The longer answers of the admin port, as text. Main thread.

#include <cstdint>
#include <string>

#include "proxy/snapshot/compile.hpp"
#include "proxy/snapshot/snapshot.hpp"

namespace outrider::proxy {

// Envoy's lines: cluster::ip:port::name::value.
[[nodiscard]] std::string clusters_text(const Snapshot& snapshot);
[[nodiscard]] std::string clusters_json(const Snapshot& snapshot);
// No private key is ever part of the configuration: certificates are files of their own.
[[nodiscard]] std::string config_dump(const XdsInput& input, std::uint64_t version);

}  // namespace outrider::proxy
