#pragma once
// From certificates and what listeners say of TLS to the contexts that connections are made with.
// Main thread: files that listeners name are read here.

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "proxy/exchange/world.hpp"

namespace outrider::proxy {

// Gives a world with a snapshot the TLS contexts of every listener that needs one, and of the client
// side. Without a certificate of the workload (null) only listeners with one of their own get theirs.
// An error names the listener and the file: one that cannot be read, holds no certificate and key that
// belong together, or is not valid now and is not the one in force.
[[nodiscard]] Result<void> make_tls(const protocol::TlsCredentials* workload, const World& in_force,
                                    WallTime now, World& world);

// The folders of the files that listeners name as their own certificates, each once.
[[nodiscard]] std::vector<std::string> certificate_folders(const Snapshot& snapshot);

}  // namespace outrider::proxy
