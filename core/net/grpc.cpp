#include "core/net/grpc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace outrider::net {

using protocol::Event;

void GrpcStream::send(std::string_view message) {
  if (!connection_ || finished_) return;
  if (server_ && !head_sent_) {
    head_sent_ = true;
    const auto head = protocol::make_head();
    head->status = 200;
    head->fields.add_static("content-type", "application/grpc");
    connection_->send_head(*stream_, *head, false);
  }
  const std::string frame = protocol::grpc_frame(message);
  queued_ += frame.size();
  connection_->send_data(*stream_, bytes_of(frame), false);
}

void GrpcStream::finish(const GrpcStatus& status) {
  if (!connection_ || finished_) return;
  finished_ = true;
  if (!server_) {
    connection_->send_data(*stream_, {}, true);
    return;
  }
  const auto head = protocol::make_head();
  if (!head_sent_) {
    head->status = 200;
    head->fields.add_static("content-type", "application/grpc");
  }
  head->fields.add("grpc-status", fmt::format("{}", status.code));
  if (!status.message.empty()) {
    head->fields.add("grpc-message", protocol::grpc_percent_encode(status.message));
  }
  if (head_sent_) {
    connection_->send_trailers(*stream_, head->fields);
  } else {
    head_sent_ = true;
    connection_->send_head(*stream_, *head, true);
  }
}

void GrpcStream::cancel() {
  if (!connection_) return;
  finished_ = cancelled_ = true;
  connection_->reset(*stream_, protocol::ErrorCode::Cancel);
}

std::shared_ptr<GrpcStream> GrpcEndpoint::begin(HttpConnection& connection,
                                                protocol::Stream& stream, bool server,
                                                std::string path) {
  auto call = std::make_shared<GrpcStream>();
  call->connection_ = &connection;
  call->stream_ = &stream;
  call->server_ = server;
  call->path_ = std::move(path);
  call->remote_ = connection.remote();
  if (connection.peer()) call->identity_ = connection.peer()->identity;
  call->reader_ = std::make_unique<protocol::GrpcReader>(max_message_);
  streams_.push_back(std::make_unique<std::shared_ptr<GrpcStream>>(call));
  stream.user = streams_.back().get();
  return call;
}

void GrpcEndpoint::close(GrpcStream& stream) {
  if (!stream.connection_) return;
  stream.connection_ = nullptr;
  stream.stream_ = nullptr;
  // The callbacks may hold the stream itself: dropped here, so that nothing lives in a circle.
  const auto closed = std::move(stream.on_closed);
  stream.on_message = nullptr;
  stream.on_half_close = nullptr;
  stream.on_closed = nullptr;
  if (closed) closed(stream.status_);
}

void GrpcEndpoint::half_close(GrpcStream& stream) {
  const auto on_half_close = stream.on_half_close;
  if (on_half_close && stream.open() && !stream.cancelled_) on_half_close();
}

void GrpcEndpoint::close_all() {
  const auto streams = std::move(streams_);
  streams_.clear();
  for (const auto& stream : streams) close(**stream);
}

void GrpcEndpoint::on_data(const std::shared_ptr<GrpcStream>& stream, Event& event) {
  stream->connection_->credit(*event.stream, event.data.size());
  if (stream->cancelled_ || (stream->server_ && stream->finished_)) return;
  std::vector<std::string> messages;
  if (auto fed = stream->reader_->feed(event.data, messages); !fed) {
    stream->status_ = {8, fed.error().message};
    if (stream->server_) {
      stream->finish(stream->status_);
    } else {
      stream->cancel();
    }
    return;
  }
  // Copied: a callback may end the call, which drops its callbacks.
  const auto on_message = stream->on_message;
  for (const std::string& message : messages) {
    if (!stream->open() || stream->cancelled_) return;
    if (on_message) on_message(message);
  }
  if (event.end_stream) half_close(*stream);
}

void GrpcEndpoint::handle(Event& event) {
  if (!event.stream || !event.stream->user) return;
  auto* entry = static_cast<std::shared_ptr<GrpcStream>*>(event.stream->user);
  const std::shared_ptr<GrpcStream> stream = *entry;
  switch (event.kind) {
    case Event::Kind::Data:
      on_data(stream, event);
      return;
    case Event::Kind::Head:
    case Event::Kind::Trailers: {
      const std::string_view code = event.head->fields.value(protocol::HeaderName::GrpcStatus);
      if (!code.empty()) {
        std::from_chars(code.data(), code.data() + code.size(), stream->status_.code);
        stream->status_.message =
            protocol::grpc_percent_decode(event.head->fields.value(protocol::HeaderName::GrpcMessage));
      } else if (event.kind == Event::Kind::Head && event.head->status != 200) {
        stream->status_ = {14, fmt::format("HTTP status {}", event.head->status)};
      }
      if (event.kind == Event::Kind::Trailers && stream->server_) half_close(*stream);
      return;
    }
    case Event::Kind::Drained:
      stream->queued_ -= std::min(event.bytes, stream->queued_);
      return;
    case Event::Kind::Reset:
      stream->status_ = {14, std::string(event.reason)};
      return;
    case Event::Kind::Closed:
      std::erase_if(streams_, [entry](const auto& s) { return s.get() == entry; });
      close(*stream);
      return;
    default:
      return;
  }
}

class GrpcServer::Session final : HttpConnection::Owner, GrpcEndpoint {
 public:
  Session(GrpcServer& server, int descriptor) : GrpcEndpoint(server.max_message_), server_(server) {
    connection_ = HttpConnection::accept(server.loop_, descriptor, server.options_, *this);
  }
  ~Session() {
    close_all();
    HttpConnection::discard(std::move(connection_));
  }

  std::list<std::unique_ptr<Session>>::iterator self;
  [[nodiscard]] bool alive() const { return connection_ != nullptr; }

 private:
  void on_ready(HttpConnection&) override {}

  void on_event(HttpConnection& connection, Event& event) override {
    if (event.kind != Event::Kind::Head || event.stream->user) {
      handle(event);
      return;
    }
    if (event.head->method != "POST" || !protocol::is_grpc(*event.head)) {
      const auto head = protocol::make_head();
      head->status = 415;
      connection.send_head(*event.stream, *head, true);
      return;
    }
    const auto call = begin(connection, *event.stream, true, std::string(event.head->path));
    server_.on_call_(call);
    if (event.end_stream) half_close(*call);
  }

  void on_closed(HttpConnection&) override {
    server_.loop_.retire(std::move(connection_));
    auto mine = std::move(*self);
    server_.sessions_.erase(self);
    server_.loop_.retire(std::move(mine));
  }

  GrpcServer& server_;
  std::unique_ptr<HttpConnection> connection_;
};

GrpcServer::GrpcServer(Loop& loop, ServerOptions options, OnCall on_call, std::size_t max_message)
    : loop_(loop), options_(std::move(options)), on_call_(std::move(on_call)), max_message_(max_message) {}

GrpcServer::~GrpcServer() = default;

Result<std::unique_ptr<GrpcServer>> GrpcServer::listen(Loop& loop, const SocketAddress& address,
                                                       ServerOptions options, OnCall on_call,
                                                       std::size_t max_message) {
  std::unique_ptr<GrpcServer> server(
      new GrpcServer(loop, std::move(options), std::move(on_call), max_message));
  auto listener = Listener::listen(loop, address, [s = server.get()](int descriptor) {
    auto session = std::make_unique<Session>(*s, descriptor);
    if (!session->alive()) return;
    s->sessions_.push_front(std::move(session));
    s->sessions_.front()->self = s->sessions_.begin();
  });
  if (!listener) return std::unexpected(listener.error());
  server->listener_ = std::move(*listener);
  return server;
}

GrpcChannel::GrpcChannel(Loop& loop, ClientOptions options, std::string authority,
                         std::function<void()> on_ready,
                         std::function<void(const std::string&)> on_closed, std::size_t max_message)
    : GrpcEndpoint(max_message),
      loop_(loop),
      authority_(std::move(authority)),
      ready_(std::move(on_ready)),
      closed_(std::move(on_closed)) {
  options.protocol = ClientOptions::Protocol::Http2;
  connection_ = HttpConnection::connect(loop, std::move(options), *this);
}

GrpcChannel::~GrpcChannel() {
  close_all();
  HttpConnection::discard(std::move(connection_));
}

std::shared_ptr<GrpcStream> GrpcChannel::open(const std::string& path) {
  const auto head = protocol::make_head();
  head->method = "POST";
  head->scheme = "http";
  // Kept: the head leaves at the end of the turn, when the caller's text may be gone.
  head->authority = head->fields.keep(authority_);
  head->path = head->fields.keep(path);
  head->fields.add_static("te", "trailers");
  head->fields.add_static("content-type", "application/grpc");
  head->fields.add_static("user-agent", "outrider/" OUTRIDER_VERSION);
  protocol::Stream* stream = connection_ ? connection_->open(*head, false, nullptr) : nullptr;
  return stream ? begin(*connection_, *stream, false, path) : nullptr;
}

void GrpcChannel::on_closed(HttpConnection& connection) {
  const std::string reason =
      connection.failure().empty() ? "the connection was closed" : connection.failure();
  loop_.retire(std::move(connection_));
  const auto closed = std::move(closed_);  // it may delete this channel
  closed(reason);
}

}  // namespace outrider::net
