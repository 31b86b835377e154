#pragma once
// An application behind (or instead of) a sidecar: HTTP/1.1 and HTTP/2 on one port, on a thread of
// its own. The path says what it does:
//
//   /echo            the body and the trailers back, as they come
//   /bytes/N         N bytes of pattern(), with content-length; /chunked/N without
//   /sum             reads all, answers "<bytes> <ok or wrong at offset>" against pattern()
//   /headers         the request's head as text
//   /status/N        N, with a short body
//   /hang            nothing, ever; /hold the same, and its body is given no credit
//   /break           the connection ends before a head; /break/body after some of a body
//   /reset           RST_STREAM before a head; /reset/body after some of a body; /reset/N with code N
//   /refuse          RST_STREAM(REFUSED_STREAM); /goaway/refuse the same behind a GOAWAY
//   /early           a whole answer before the request is read
//   /goaway          200, and no more streams on this connection
//   /shop.S/...      gRPC: echoes messages, then grpc-status 0; /shop.S/Fail/N trailers-only N;
//                    /shop.S/FailLate/N a message, then trailers with N
//   /last            200 and Connection: close
// and ?NAME=VALUE behind /bytes, /chunked, /status and /Fail puts that field into the answer's head.

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "core/net/http_connection.hpp"
#include "core/net/listener.hpp"
#include "tests/harness/loop_thread.hpp"

namespace outrider::scenario {

// The byte at any offset of a body: a period that no buffer size divides.
[[nodiscard]] constexpr char pattern_at(std::uint64_t offset) {
  return static_cast<char>('!' + (offset % 89 + offset / 65'521) % 89);
}
[[nodiscard]] std::string pattern(std::size_t size, std::uint64_t from = 0);

class App {
 public:
  explicit App(net::ServerOptions options = {}, const SocketAddress& at = {"127.0.0.1", 0});
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  [[nodiscard]] const SocketAddress& address() const { return address_; }
  // The next `count` requests are answered by `status`, whatever their path.
  void fail_next(int count, int status = 503) {
    failing_status = status;
    failing = count;
  }
  // No new connections; those that are there end.
  void close();
  // After reads was false: takes what it held back, and all that comes.
  void read_on();
  // How often each value of x-test-id has come.
  [[nodiscard]] std::map<std::string, int> ids();

  std::atomic<int> connections{0};       // accepted so far
  std::atomic<int> open{0};              // of them, still open
  std::atomic<int> requests{0};          // heads so far
  std::atomic<int> finished{0};          // of them, those whose body came whole
  std::atomic<int> cancelled{0};         // of them, those broken off by the caller
  std::atomic<std::uint32_t> cancel_code{0};  // of the last of those
  std::atomic<std::uint64_t> received{0};  // body bytes
  std::atomic<std::uint64_t> sent{0};      // body bytes handed to a connection
  std::atomic<bool> reads{true};         // false: takes bodies and gives no credit for them
  std::atomic<int> failing{0};
  std::atomic<int> failing_status{503};

 private:
  struct Call;
  class Session;

  LoopThread thread_;
  std::map<std::string, int> ids_;
  net::ServerOptions options_;
  std::unique_ptr<net::Listener> listener_;
  std::list<std::unique_ptr<Session>> sessions_;
  SocketAddress address_;
};

}  // namespace outrider::scenario
