#pragma once
// The sockets that the snapshot's listeners listen on. They follow each snapshot: new ones are
// opened, those that are gone are closed, the others are not touched. Main thread; each accepted
// socket goes to the worker with the fewest connections, or is closed at once when there is no room.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/net/listener.hpp"
#include "proxy/exchange/worker.hpp"
#include "proxy/lifecycle/overload.hpp"

namespace outrider::proxy {

class Listeners {
 public:
  Listeners(net::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers, const Overload& overload,
            ProxyCounters& counters);

  // Opens what is new; errors (a port in use) are returned, the rest is done nevertheless.
  [[nodiscard]] std::vector<std::string> open(const Snapshot& snapshot);
  // Closes what `snapshot` does not name; once the workers have it.
  void close_others(const Snapshot& snapshot);
  void close_all() { open_.clear(); }

  // Where a listener really listens (its port may have been 0); null when it does not.
  [[nodiscard]] const SocketAddress* address(const std::string& name) const;

 private:
  struct Open {
    SocketAddress wanted;
    std::unique_ptr<net::Listener> socket;
  };
  void take(int descriptor, const std::string& listener);
  void refuse();

  net::Loop& loop_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  const Overload& overload_;
  ProxyCounters& counters_;
  TimePoint told_{};  // that some were refused
  std::map<std::string, Open> open_;  // by listener name
};

}  // namespace outrider::proxy
