#pragma once
// What a request sees from its head to its end: one snapshot and the certificates of that moment.
// Made on the main thread, frozen, shared by all workers; an Exchange pins it.

#include <memory>
#include <string>
#include <string_view>

#include "core/protocol/tls.hpp"
#include "proxy/snapshot/snapshot.hpp"

namespace outrider::proxy {

struct World {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const protocol::TlsContext> client_tls;  // null: no certificate is there
  TextMap<std::shared_ptr<const protocol::TlsContext>> server_tls;  // by listener name
  TextMap<std::string> own_certificates;  // by listener name: what it shows, when that is its own
};

// Who this sidecar stands beside. Fixed for the life of the process.
struct Self {
  WorkloadLabels labels;
  WorkloadId id = unknown_workload;
  std::string peer_metadata;     // x-envoy-peer-metadata, encoded once
  std::string peer_metadata_id;  // x-envoy-peer-metadata-id: the node id
};

}  // namespace outrider::proxy
