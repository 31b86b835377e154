#pragma once
// gRPC streams on our own HTTP/2: what the control plane serves and the sidecar's ADS client opens.
// Uncompressed, any kind of call. The loop's thread only.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/http_connection.hpp"
#include "core/net/listener.hpp"
#include "core/protocol/grpc_framing.hpp"

namespace outrider::net {

struct GrpcStatus {
  int code = 0;
  std::string message;
};

// One call, either side of it. Owned by its server or channel; a handle that is shared with whoever
// speaks on it. After on_closed nothing happens on it any more.
class GrpcStream {
 public:
  std::function<void(std::string_view message)> on_message;
  std::function<void()> on_half_close;                  // the peer has sent its last message
  std::function<void(const GrpcStatus& status)> on_closed;  // server: the caller went away

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const SocketAddress& remote() const { return remote_; }
  // The caller's identity over mutual TLS, empty otherwise.
  [[nodiscard]] const std::string& peer_identity() const { return identity_; }
  [[nodiscard]] bool open() const { return connection_ != nullptr; }

  void send(std::string_view message);
  // Server: ends the call. Client: half-closes (the code is not sent).
  void finish(const GrpcStatus& status = {});
  // Gives the call up.
  void cancel();
  // Bytes handed to send() that have not left yet: callers that push a lot look here first.
  [[nodiscard]] std::size_t queued() const { return queued_; }

 private:
  friend class GrpcEndpoint;
  HttpConnection* connection_ = nullptr;
  protocol::Stream* stream_ = nullptr;
  bool server_ = false;
  bool head_sent_ = false;
  bool finished_ = false;
  bool cancelled_ = false;
  std::size_t queued_ = 0;
  std::string path_;
  SocketAddress remote_;
  std::string identity_;
  GrpcStatus status_{2, "the call ended without a status"};
  std::unique_ptr<protocol::GrpcReader> reader_;
};

// A connection's gRPC side: turns its events into calls on streams. Shared by server and channel.
class GrpcEndpoint {
 protected:
  explicit GrpcEndpoint(std::size_t max_message) : max_message_(max_message) {}
  ~GrpcEndpoint() = default;

  std::shared_ptr<GrpcStream> begin(HttpConnection& connection, protocol::Stream& stream, bool server,
                                    std::string path);
  void handle(protocol::Event& event);
  static void close(GrpcStream& stream);
  static void half_close(GrpcStream& stream);
  void close_all();

  std::size_t max_message_;
  std::vector<std::unique_ptr<std::shared_ptr<GrpcStream>>> streams_;

 private:
  void on_data(const std::shared_ptr<GrpcStream>& stream, protocol::Event& event);
};

class GrpcServer {
 public:
  // Sets the stream's callbacks, or finishes it (unimplemented: code 12).
  using OnCall = std::function<void(const std::shared_ptr<GrpcStream>&)>;

  [[nodiscard]] static Result<std::unique_ptr<GrpcServer>> listen(
      Loop& loop, const SocketAddress& address, ServerOptions options, OnCall on_call,
      std::size_t max_message = 16U << 20);
  ~GrpcServer();

  [[nodiscard]] const SocketAddress& address() const { return listener_->address(); }

 private:
  class Session;
  GrpcServer(Loop& loop, ServerOptions options, OnCall on_call, std::size_t max_message);

  Loop& loop_;
  ServerOptions options_;
  OnCall on_call_;
  std::size_t max_message_;
  std::unique_ptr<Listener> listener_;
  std::list<std::unique_ptr<Session>> sessions_;
};

// A client's connection to one server. Reconnecting is its owner's business.
class GrpcChannel final : HttpConnection::Owner, GrpcEndpoint {
 public:
  // `on_ready` once calls may be opened; `on_closed` with the reason when it is over, which is also
  // how a failed connect is told.
  GrpcChannel(Loop& loop, ClientOptions options, std::string authority,
              std::function<void()> on_ready, std::function<void(const std::string&)> on_closed,
              std::size_t max_message = 64U << 20);
  ~GrpcChannel();

  [[nodiscard]] std::shared_ptr<GrpcStream> open(const std::string& path);

 private:
  void on_ready(HttpConnection&) override { ready_(); }
  void on_event(HttpConnection&, protocol::Event& event) override { handle(event); }
  void on_closed(HttpConnection& connection) override;

  Loop& loop_;
  std::string authority_;
  std::function<void()> ready_;
  std::function<void(const std::string&)> closed_;
  std::unique_ptr<HttpConnection> connection_;
};

}  // namespace outrider::net
