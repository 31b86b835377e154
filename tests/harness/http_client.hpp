#pragma once
// A client on net::HttpConnection, HTTP/2 unless told otherwise, whose loop runs on a thread of its
// own; calls are made from, and waited for on, the test's thread.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/net/http_connection.hpp"
#include "tests/harness/loop_thread.hpp"

namespace outrider::scenario {

using Fields = std::vector<std::pair<std::string, std::string>>;

// What has come of one call. Read it after a wait, or through Call::seen().
struct Seen {
  int status = 0;
  int informational = 0;         // 1xx heads
  Fields fields, trailers;
  std::string body;              // kept only when keep_body
  std::uint64_t body_bytes = 0;
  std::uint64_t wrong_bytes = 0;  // that differ from pattern()
  std::uint64_t drained = 0;     // of what was sent
  bool ended = false;            // cleanly
  bool reset = false;
  bool closed = false;
  protocol::ErrorCode code = protocol::ErrorCode::NoError;

  [[nodiscard]] std::string field(std::string_view name) const;
  [[nodiscard]] std::string trailer(std::string_view name) const;
};

class HttpClient;

class Call {
 public:
  // Sends more of the body.
  void send(std::string bytes, bool end);
  void trailers(const Fields& fields);
  void cancel();
  // After stall(): gives credit for what has come, and for all that comes.
  void read_on();

  [[nodiscard]] Seen seen() const;
  // Each false when it did not come in time.
  [[nodiscard]] bool wait_head() const;
  [[nodiscard]] bool wait_over() const;  // a clean end, or a reset
  [[nodiscard]] bool wait_for(const std::function<bool(const Seen&)>& condition) const;
  // The end, for calls that have to work.
  [[nodiscard]] Seen result() const;

 private:
  friend class HttpClient;
  struct State;
  Call(HttpClient& client, std::shared_ptr<State> state) : client_(&client), state_(std::move(state)) {}
  HttpClient* client_;
  std::shared_ptr<State> state_;
};

class HttpClient final : net::HttpConnection::Owner {
 public:
  using Protocol = net::ClientOptions::Protocol;
  explicit HttpClient(const SocketAddress& to, net::ClientOptions options = http2());
  ~HttpClient();

  [[nodiscard]] static net::ClientOptions http2() {
    net::ClientOptions options;
    options.protocol = Protocol::Http2;
    options.limits.stream_window = 256 * 1024;
    options.limits.connection_window = 4 * 1024 * 1024;
    return options;
  }

  // False when the connection could not be made; failure() says why.
  [[nodiscard]] bool ready();
  [[nodiscard]] Call start(const std::string& method, const std::string& path, const Fields& fields = {},
                           bool end = true);
  // A GET whose answer is given no credit, from its first byte on.
  [[nodiscard]] Call stall(const std::string& path);
  // A whole request, and its end.
  [[nodiscard]] Seen ask(const std::string& method, const std::string& path, const Fields& fields = {},
                         const std::string& body = {});
  [[nodiscard]] bool wait_goaway();
  [[nodiscard]] bool wait_closed();
  [[nodiscard]] std::string failure();
  [[nodiscard]] std::string identity();  // of the server, after ready()
  void abort();

  std::string host = "app";
  bool keep_body = true;

 private:
  friend class Call;
  Call begin(const std::string& method, const std::string& path, const Fields& fields, bool end,
             std::shared_ptr<Call::State> state);
  void on_ready(net::HttpConnection& connection) override;
  void on_event(net::HttpConnection& connection, protocol::Event& event) override;
  void on_closed(net::HttpConnection& connection) override;

  Monitor monitor_;
  bool ready_ = false, closed_ = false, goaway_ = false;
  std::string failure_, identity_;
  std::vector<std::shared_ptr<Call::State>> calls_;
  std::unique_ptr<net::HttpConnection> connection_;
  LoopThread thread_;
};

// One gRPC message in its five-byte frame.
[[nodiscard]] std::string grpc_message(std::string_view payload);

}  // namespace outrider::scenario
