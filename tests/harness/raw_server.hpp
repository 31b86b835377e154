#pragma once
// An upstream on bare sockets: each connection runs a script on a thread of its own, which says
// exactly what it is told to. What came is kept, byte for byte.

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/address.hpp"

namespace outrider::scenario {

class RawServer {
 public:
  // One connection, as its script sees it. Reads and writes block, and fail when the peer has gone.
  class Peer {
   public:
    // Reads until what came holds `text`, and hands out everything up to and including it.
    [[nodiscard]] bool read_until(std::string_view text, std::string& into);
    [[nodiscard]] bool read_head(std::string& into) { return read_until("\r\n\r\n", into); }
    [[nodiscard]] bool read(std::size_t size, std::string& into);
    // Whatever there is, at least one byte; false at the end.
    [[nodiscard]] bool read_some(std::string& into);
    // The peer has ended its side, and nothing more came.
    [[nodiscard]] bool ended();
    bool send(std::string_view bytes);
    void half_close();  // our side; theirs goes on
    void reset();       // a TCP reset, when the script ends

    int number = 0;  // of the connection, from 0

   private:
    friend class RawServer;
    Peer(RawServer& server, int socket, int count) : number(count), server_(server), socket_(socket) {}
    [[nodiscard]] bool fill();
    RawServer& server_;
    int socket_;
    std::string buffer_;
  };
  using Script = std::function<void(Peer&)>;

  explicit RawServer(Script script);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] const SocketAddress& address() const { return address_; }
  // All that came so far, connection by connection.
  [[nodiscard]] std::vector<std::string> received();

  std::atomic<int> connections{0};
  std::atomic<int> ended{0};  // scripts that are through

 private:
  struct Connection {
    int socket;
    std::string received;
    std::thread thread;
  };
  void accept_all();

  Script script_;
  int listener_ = -1;
  SocketAddress address_;
  std::mutex mutex_;
  std::list<Connection> open_;
  bool stopping_ = false;
  std::thread acceptor_;
};

// Answers each request on a connection: reads its head and body as RFC 9112 has them, tells
// `handle`, and sends what that returns. Ends where the bytes are no request.
struct RawRequest {
  std::string line;     // GET /path HTTP/1.1
  std::string head;     // all of it, with the empty line
  std::string body;
};
[[nodiscard]] RawServer::Script answering(std::function<std::string(const RawRequest&)> handle);

}  // namespace outrider::scenario
