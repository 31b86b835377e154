#pragma once
// A listening socket: accepts, and hands each socket over as a descriptor, so that another loop may
// take it. No SO_REUSEPORT: it unbalances few long-lived connections and hides a port in use.

#include <functional>
#include <memory>

#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/net/timer.hpp"

namespace outrider::net {

class Loop;

class Listener {
 public:
  // `on_accept` owns the descriptor (non-blocking) it is given. Port 0: the kernel chooses.
  // An error names the address and what to do: in use, not permitted, no such address.
  //
  // One descriptor is kept spare. When all others are in use, it takes a connection to close it at
  // once and to tell `on_refused`; without `on_refused` (admin ports) that one is served.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> listen(Loop& loop,
                                                                const SocketAddress& address,
                                                                std::function<void(int)> on_accept,
                                                                std::function<void()> on_refused = {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const SocketAddress& address() const { return address_; }

 private:
  struct Node;
  Listener(Loop& loop, SocketAddress address, std::function<void(int)> on_accept,
           std::function<void()> on_refused);
  void accept_some();
  [[nodiscard]] bool accept_with_spare();
  void pause();
  void watch(bool on);

  Loop& loop_;
  SocketAddress address_;
  std::function<void(int)> on_accept_;
  std::function<void()> on_refused_;
  int descriptor_ = -1;
  int spare_ = -1;
  Node* node_ = nullptr;
  Timer pause_;  // until there are descriptors again
};

}  // namespace outrider::net
