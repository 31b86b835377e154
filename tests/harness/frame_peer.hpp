#pragma once
// An HTTP/2 peer of ill will on a bare socket: says the frames that it is given, and keeps what comes
// back. Blocking, for the test's thread (client) or the one of a FrameServer.

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/address.hpp"
#include "tests/unit/core/raw_http2.hpp"

namespace outrider::scenario {

namespace raw = test::raw;

class FramePeer {
 public:
  // A client: preface, these SETTINGS, and the ACK of the server's.
  explicit FramePeer(const SocketAddress& to, std::string_view settings = {});
  // A server: an accepted socket, to which the client's preface is on its way.
  explicit FramePeer(int accepted, std::string_view settings = {});
  ~FramePeer();
  FramePeer(const FramePeer&) = delete;
  FramePeer& operator=(const FramePeer&) = delete;

  // False when the other side takes nothing more.
  bool send(std::string_view bytes);
  // Reads until it holds; false when the connection ended, or the time, before.
  [[nodiscard]] bool await(const std::function<bool(const raw::Answers&)>& condition);
  // Sends a PING and waits for its answer: all that was sent before has been handled.
  [[nodiscard]] bool ping();
  // The connection has ended, whatever came before its end.
  [[nodiscard]] bool ended();
  // How many units the other side takes before it ends the connection; most + 1 when it never does.
  [[nodiscard]] int units_until_end(const std::function<std::string(std::uint32_t)>& unit, int most);
  [[nodiscard]] const raw::Answers& heard() const { return heard_; }

 private:
  [[nodiscard]] bool fill();

  int socket_ = -1;
  std::string unread_;  // less than a frame
  std::size_t preface_left_ = 0;
  raw::Answers heard_;
  bool end_ = false, silent_ = false;  // silent: it said nothing for longer than patience has it
};

// Listens, and lets a script answer each connection once its first request has come.
class FrameServer {
 public:
  using Script = std::function<void(FramePeer&)>;
  explicit FrameServer(Script script, std::string settings = {});
  ~FrameServer();
  [[nodiscard]] const SocketAddress& address() const { return address_; }
  std::atomic<int> connections{0};

 private:
  int socket_ = -1;
  SocketAddress address_;
  std::thread thread_;
};

}  // namespace outrider::scenario
