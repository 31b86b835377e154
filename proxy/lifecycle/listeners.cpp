#include "proxy/lifecycle/listeners.hpp"

#include <algorithm>

namespace outrider::proxy {

Listeners::Listeners(net::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers)
    : loop_(loop), workers_(workers) {}

Worker& Listeners::least_loaded() {
  return **std::min_element(workers_.begin(), workers_.end(),
                            [](const auto& a, const auto& b) { return a->load() < b->load(); });
}

std::vector<std::string> Listeners::open(const Snapshot& snapshot) {
  std::vector<std::string> errors;
  for (const auto& spec : snapshot.listeners) {
    if (!spec->binds) continue;
    const auto existing = open_.find(spec->name);
    if (existing != open_.end() && existing->second.wanted == spec->address) continue;
    auto socket = net::Listener::listen(loop_, spec->address, [this, name = spec->name](int descriptor) {
      least_loaded().take(descriptor, name);
    });
    if (!socket) {
      errors.push_back(socket.error().message);
      continue;
    }
    open_[spec->name] = Open{spec->address, std::move(*socket)};
  }
  return errors;
}

void Listeners::close_others(const Snapshot& snapshot) {
  std::erase_if(open_, [&](const auto& entry) { return snapshot.listener(entry.first) == nullptr; });
}

const SocketAddress* Listeners::address(const std::string& name) const {
  const auto found = open_.find(name);
  return found == open_.end() ? nullptr : &found->second.socket->address();
}

}  // namespace outrider::proxy
