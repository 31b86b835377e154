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
  [[nodiscard]] static Result<std::unique_ptr<Listener>> listen(Loop& loop,
                                                                const SocketAddress& address,
                                                                std::function<void(int)> on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const SocketAddress& address() const { return address_; }

 private:
  struct Node;
  Listener(Loop& loop, SocketAddress address, std::function<void(int)> on_accept);
  void accept_some();
  void watch(bool on);

  Loop& loop_;
  SocketAddress address_;
  std::function<void(int)> on_accept_;
  int descriptor_ = -1;
  Node* node_ = nullptr;
  Timer pause_;  // after running out of descriptors
};

}  // namespace outrider::net
