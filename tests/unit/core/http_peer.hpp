#pragma once
// Owners of HttpConnections for tests: a client that records what it sees of each call, and a
// server that answers by a function.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/net/http_connection.hpp"
#include "core/net/listener.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {

using net::ClientOptions;
using net::HttpConnection;
using net::Listener;
using net::Loop;
using net::ServerOptions;

inline const SocketAddress anywhere{"127.0.0.1", 0};

// What both sides do with events: one Seen a stream.
class Peer : public HttpConnection::Owner {
 public:
  explicit Peer(Loop& loop) : loop_(loop) {}
  virtual ~Peer() { HttpConnection::discard(std::move(connection)); }

  std::unique_ptr<HttpConnection> connection;
  std::vector<std::unique_ptr<Seen>> seen;
  std::function<void(Seen&)> on_end;  // a message is whole
  std::function<void()> when_ready;
  bool ready = false, over = false, credits = true;
  int goaways = 0;
  std::vector<int> refused;
  std::string failure;
  protocol::Rejection rejection = protocol::Rejection::None;
  bool connect_failed = false;

  Seen* call(const Head& head, std::string_view body = {}) {
    seen.push_back(std::make_unique<Seen>());
    Seen& call = *seen.back();
    call.stream = connection->open(head, body.empty(), &call);
    if (!call.stream) return nullptr;
    if (!body.empty()) connection->send_data(*call.stream, bytes_of(body), true);
    return &call;
  }

  void on_ready(HttpConnection&) override {
    ready = true;
    if (when_ready) when_ready();
  }
  void on_event(HttpConnection& c, Event& event) override {
    CHECK(&c == connection.get());
    if (event.kind == Event::Kind::GoAway) ++goaways;
    if (event.kind == Event::Kind::Refused) refused.push_back(event.status);
    if (!event.stream) return;
    if (!event.stream->user) {
      REQUIRE(event.kind == Event::Kind::Head);
      seen.push_back(std::make_unique<Seen>());
      seen.back()->stream = event.stream;
      event.stream->user = seen.back().get();
    }
    Seen& s = *static_cast<Seen*>(event.stream->user);
    CHECK(s.closed == 0);
    if (event.kind == Event::Kind::Head) {
      s.method = event.head->method;
      s.path = event.head->path;
      s.status = event.head->status;
      s.fields = fields_of(event.head->fields);
    } else if (event.kind == Event::Kind::Data) {
      s.body += text_of(event.data);
      s.uncredited += event.data.size();
      if (credits) c.credit(*event.stream, event.data.size());
    } else if (event.kind == Event::Kind::Reset) {
      ++s.resets;
      s.code = event.code;
    } else if (event.kind == Event::Kind::Drained) {
      s.drained += event.bytes;
    } else if (event.kind == Event::Kind::Closed) {
      ++s.closed;
      s.stream = nullptr;
    }
    if (event.end_stream) {
      s.ended = true;
      if (on_end) on_end(s);
    }
  }
  void on_closed(HttpConnection& c) override {
    CHECK_FALSE(over);
    over = true;
    failure = c.failure();
    rejection = c.rejection();
    connect_failed = c.connect_failed();
    for (const auto& s : seen) CHECK((s->stream == nullptr || !connection));
    loop_.retire(std::move(connection));
  }

 protected:
  Loop& loop_;
};

class Client final : public Peer {
 public:
  Client(Loop& loop, ClientOptions options) : Peer(loop) {
    connection = HttpConnection::connect(loop, std::move(options), *this);
  }
};

// Accepts on a port of the kernel's choice.
class Server {
 public:
  using Answer = std::function<void(Peer&, Seen&)>;

  Server(Loop& loop, ServerOptions options, Answer answer) {
    auto made = Listener::listen(loop, anywhere, [this, &loop, options, answer](int descriptor) {
      auto peer = std::make_unique<Peer>(loop);
      peer->on_end = [answer, p = peer.get()](Seen& seen) { answer(*p, seen); };
      peer->connection = HttpConnection::accept(loop, descriptor, options, *peer);
      if (peer->connection) peers.push_back(std::move(peer));
    });
    REQUIRE(made);
    listener = std::move(*made);
  }
  [[nodiscard]] ClientOptions to(
      ClientOptions::Protocol protocol = ClientOptions::Protocol::Http1) const {
    ClientOptions options;
    options.to = listener->address();
    options.protocol = protocol;
    return options;
  }

  std::unique_ptr<Listener> listener;
  std::vector<std::unique_ptr<Peer>> peers;
};

// Answers with the request's own body.
inline void echo(Peer& peer, Seen& seen) {
  peer.connection->send_head(*seen.stream, *response(200, {{"x-path", seen.path}}),
                             seen.body.empty());
  if (!seen.body.empty()) peer.connection->send_data(*seen.stream, bytes_of(seen.body), true);
}

}  // namespace outrider::test
