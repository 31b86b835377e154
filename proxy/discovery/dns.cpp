#include "proxy/discovery/dns.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/net/watch.hpp"

namespace outrider::proxy {

Dns::Dns(net::Loop& loop, std::function<void()> on_change)
    : loop_(loop), on_change_(std::move(on_change)) {}

void Dns::follow(const Snapshot& snapshot) {
  std::set<std::string> names;
  Duration shortest = std::chrono::minutes(1);
  for (const auto& [cluster_name, cluster] : snapshot.clusters) {
    if (cluster->dns_names.empty()) continue;
    names.insert(cluster->dns_names.begin(), cluster->dns_names.end());
    shortest = std::min(shortest, std::max<Duration>(cluster->dns_refresh, std::chrono::seconds(1)));
  }
  if (names == names_) return;
  names_ = std::move(names);
  std::erase_if(known_, [this](const auto& entry) { return !names_.contains(entry.first); });
  if (names_.empty()) {
    refresh_.cancel();
    return;
  }
  refresh_.repeat(loop_, shortest, [this] { look_up_all(); });
  look_up_all();
}

void Dns::look_up_all() {
  for (const std::string& name : names_) {
    net::resolve_name(loop_, name, [this, name](Result<std::vector<std::string>> found) {
      if (!names_.contains(name)) return;
      if (!found) {
        log::debug("{} cannot be resolved: {}", name, found.error().message);
        return;
      }
      if (known_[name] == *found) return;
      known_[name] = std::move(*found);
      on_change_();
    });
  }
}

}  // namespace outrider::proxy
