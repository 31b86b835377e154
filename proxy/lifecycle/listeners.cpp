#include "proxy/lifecycle/listeners.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/log.hpp"

namespace outrider::proxy {

constexpr Duration tell_again = std::chrono::seconds(10);

Listeners::Listeners(net::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers,
                     const Overload& overload, ProxyCounters& counters)
    : loop_(loop), workers_(workers), overload_(overload), counters_(counters) {}

void Listeners::take(int descriptor, const std::string& listener) {
  std::uint32_t connections = 0;
  for (const auto& worker : workers_) connections += worker->load();
  if (!overload_.admits(connections)) {
    ::close(descriptor);
    refuse();
    return;
  }
  const auto least = std::ranges::min_element(workers_, {}, [](const auto& worker) { return worker->load(); });
  (*least)->take(descriptor, listener);
}

void Listeners::refuse() {
  ++counters_.downstream_rejections[static_cast<std::size_t>(protocol::Rejection::ConnectionLimit)];
  if (told_ != TimePoint{} && loop_.now() - told_ < tell_again) return;
  told_ = loop_.now();
  log::warn("new connections are closed at once: {}",
            overload_.load() == Load::Full ? "memory is used up"
                                           : fmt::format("there are {} (ulimit -n)", overload_.connections()));
}

std::vector<std::string> Listeners::open(const Snapshot& snapshot) {
  std::vector<std::string> errors;
  for (const auto& spec : snapshot.listeners) {
    if (!spec->binds) continue;
    const auto existing = open_.find(spec->name);
    if (existing != open_.end() && existing->second.wanted == spec->address) continue;
    auto socket = net::Listener::listen(
        loop_, spec->address, [this, name = spec->name](int descriptor) { take(descriptor, name); },
        [this] { refuse(); });
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
