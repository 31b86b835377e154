#pragma once
// One TCP connection's bytes, on libuv. Owned by a connection; the loop's thread only.
// The libuv handle outlives this object until it is closed, in one place: tcp.cpp.

#include <memory>
#include <optional>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace outrider::net {

class Loop;

class TcpStream {
 public:
  class Owner {
   public:
    virtual void on_connected() = 0;
    // Views the loop's read buffer: valid during the call.
    virtual void on_bytes(ByteView bytes) = 0;
    // End of input (`error` null) or a broken connection.
    virtual void on_input_end(const char* error) = 0;
    // What was queued has left, or will never leave: broken().
    virtual void on_writable() = 0;

   protected:
    ~Owner() = default;
  };

  TcpStream(Loop& loop, Owner& owner);
  ~TcpStream();
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  // Takes over an accepted socket; closes it when it cannot.
  [[nodiscard]] Result<void> adopt(int descriptor);
  // Starts connecting, from the address `from` when given; on_connected() or on_input_end() follows.
  [[nodiscard]] Result<void> connect(const SocketAddress& to,
                                     const std::optional<SocketAddress>& from);

  void read(bool on);
  // How much was taken at once; what is left has to be queued or tried again. Broken: nothing is.
  [[nodiscard]] std::size_t try_write(ByteView bytes);
  // Writes the rest when the socket takes it. One at a time: not while blocked().
  void queue(ByteView bytes);
  [[nodiscard]] bool blocked() const;
  [[nodiscard]] bool broken() const;
  // No more output; input goes on.
  void finish_output();

  [[nodiscard]] SocketAddress local() const;
  [[nodiscard]] SocketAddress remote() const;

 private:
  struct Node;
  Loop& loop_;
  Node* node_;
  bool reading_ = false;
};

}  // namespace outrider::net
