#include "proxy/snapshot/snapshot.hpp"

#include <algorithm>

namespace outrider::proxy {

bool UpstreamTls::offers_h2() const { return std::ranges::find(alpn, "h2") != alpn.end(); }

const ListenerSpec* Snapshot::listener(std::string_view name) const {
  for (const auto& listener : listeners) {
    if (listener->name == name) return listener.get();
  }
  return nullptr;
}

const ClusterSpec* Snapshot::cluster(std::string_view name) const {
  const auto found = clusters.find(name);
  return found == clusters.end() ? nullptr : found->second.get();
}

}  // namespace outrider::proxy
