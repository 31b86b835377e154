#pragma once
// Keeps the addresses of STRICT_DNS names fresh. A name that cannot be resolved now keeps the
// addresses it had. Main thread.

#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/net/timer.hpp"
#include "proxy/snapshot/snapshot.hpp"

namespace outrider::proxy {

class Dns {
 public:
  using Addresses = std::unordered_map<std::string, std::vector<std::string>>;
  Dns(net::Loop& loop, std::function<void()> on_change);

  // Looks up what this snapshot names, now and then every so often.
  void follow(const Snapshot& snapshot);
  [[nodiscard]] const Addresses& known() const { return known_; }

 private:
  void look_up_all();

  net::Loop& loop_;
  std::function<void()> on_change_;
  std::set<std::string> names_;
  Addresses known_;
  net::Timer refresh_;
};

}  // namespace outrider::proxy
