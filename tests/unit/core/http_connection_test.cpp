// HttpConnection on real sockets of one loop: plaintext and TLS, both protocols, and their ends.

#include "tests/harness/certificates.hpp"
#include "tests/unit/core/http_peer.hpp"
#include "tests/unit/core/patience.hpp"

namespace outrider::test {
namespace {

using Protocol = ClientOptions::Protocol;
using protocol::TlsContext;

const std::vector<std::string> both = {"h2", "http/1.1"};

struct Tls {
  Authority authority;
  std::shared_ptr<const TlsContext> server = std::make_shared<TlsContext>(
      TlsContext::server(authority.named("order"), protocol::Callers::Mesh, both).value());
  std::shared_ptr<const TlsContext> client =
      std::make_shared<TlsContext>(TlsContext::client(authority.named("gateway")).value());
};

void expect_echo(Loop& loop, Patience& patience, ClientOptions options,
                 protocol::HttpVersion version) {
  Client client(loop, std::move(options));
  patience.run_until([&] { return client.ready || client.over; });
  REQUIRE(client.ready);
  CHECK(client.connection->version() == version);
  const std::string body = body_of(3'000'000);
  Seen& large = *client.call(*request("POST", "/large"), body);
  patience.run_until([&] { return large.closed == 1; });
  CHECK(large.status == 200);
  CHECK(large.body == body);
  CHECK(large.drained == body.size());
  Seen& small = *client.call(*request("GET", "/small"));
  patience.run_until([&] { return small.closed == 1; });
  CHECK(small.field("x-path") == "/small");
  CHECK(small.resets + large.resets == 0);
}

TEST_CASE("requests and large bodies pass over HTTP/1, HTTP/2, and both over mutual TLS") {
  Loop loop;
  Patience patience(loop);
  Tls tls;
  Server plain(loop, {}, echo);
  ServerOptions secure;
  secure.tls = tls.server;
  Server mutual(loop, secure, [](Peer& peer, Seen& seen) {
    if (peer.connection->secure())
      CHECK(peer.connection->peer()->identity == "spiffe://cluster.local/ns/shop/sa/gateway");
    echo(peer, seen);
  });
  expect_echo(loop, patience, plain.to(Protocol::Http1), protocol::HttpVersion::Http11);
  expect_echo(loop, patience, plain.to(Protocol::Http2), protocol::HttpVersion::Http2);
  ClientOptions options = mutual.to(Protocol::ByAlpn);
  options.tls = tls.client;
  options.alpn = {"h2"};
  expect_echo(loop, patience, options, protocol::HttpVersion::Http2);
  options.alpn = {"http/1.1"};
  expect_echo(loop, patience, options, protocol::HttpVersion::Http11);
  expect_echo(loop, patience, mutual.to(Protocol::Http2),
              protocol::HttpVersion::Http2);  // permissive
}

TEST_CASE("a connection that rests gives its buffers back, takes them again for the next request, and ends when it may") {
  Loop loop;
  Patience patience(loop);
  Tls tls;
  ServerOptions secure;
  secure.tls = tls.server;
  secure.timeouts.idle = std::chrono::seconds(60);
  Server mutual(loop, secure, echo);
  for (const char* alpn : {"h2", "http/1.1"}) {
    ClientOptions options = mutual.to(Protocol::ByAlpn);
    options.tls = tls.client;
    options.alpn = {alpn};
    Client client(loop, options);
    patience.run_until([&] { return client.ready; });
    for (int i = 0; i < 3; ++i) {
      patience.advance(std::chrono::seconds(20));
      const std::string body = body_of(100'000);
      Seen& call = *client.call(*request("POST", "/again"), body);
      patience.run_until([&] { return call.closed == 1; });
      CHECK(call.body == body);
    }
    patience.advance(std::chrono::seconds(61));
    patience.run_until([&] { return client.over; });
  }
}

TEST_CASE("the next connection to a server resumes the session of the one before, as the same caller") {
  Loop loop;
  Patience patience(loop);
  Tls tls;
  ServerOptions secure;
  secure.tls = tls.server;
  Server mutual(loop, secure, [](Peer& peer, Seen& seen) {
    CHECK(peer.connection->peer()->identity == "spiffe://cluster.local/ns/shop/sa/gateway");
    echo(peer, seen);
  });
  protocol::TlsTicket ticket;
  ClientOptions options = mutual.to(Protocol::ByAlpn);
  options.tls = tls.client;
  options.alpn = {"h2"};
  options.ticket = &ticket;
  for (const bool resumed : {false, true, true}) {
    Client client(loop, options);
    patience.run_until([&] { return client.ready || client.over; });
    REQUIRE(client.ready);
    CHECK(client.connection->resumed() == resumed);
    CHECK(client.connection->peer()->identity == "spiffe://cluster.local/ns/shop/sa/order");
    Seen& call = *client.call(*request("GET", "/small"));
    patience.run_until([&] { return call.closed == 1; });
  }
}

TEST_CASE("a body that nobody reads stays with its sender, and goes on when it is read") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    Loop loop;
    Patience patience(loop);
    const std::string body = body_of(8'000'000);
    Server server(loop, {}, [&](Peer& peer, Seen& seen) {
      peer.connection->send_head(*seen.stream, *response(200), false);
      peer.connection->send_data(*seen.stream, bytes_of(body), true);
    });
    Client client(loop, server.to(protocol));
    client.credits = false;
    patience.run_until([&] { return client.ready; });
    Seen& call = *client.call(*request("GET"));
    patience.run_until([&] { return call.body.size() >= 64 * 1024; });
    std::size_t quiet = 0, size = 0;  // turns without a byte
    patience.run_until([&] {
      quiet = size == call.body.size() ? quiet + 1 : 0;
      size = call.body.size();
      return quiet == 20;
    });
    CHECK(call.body.size() <= 64 * 1024 + 64 * 1024);
    client.credits = true;
    client.connection->credit(*call.stream, call.uncredited);
    patience.run_until([&] { return call.closed == 1; });
    CHECK(call.body == body);
  }
}

TEST_CASE("a refused connection is told by on_closed, after connect() has returned") {
  Loop loop;
  Patience patience(loop);
  SocketAddress nobody;
  {
    auto listener = Listener::listen(loop, anywhere, [](int) {});
    nobody = (*listener)->address();
  }
  ClientOptions options;
  options.to = nobody;
  Client refused(loop, options);
  CHECK_FALSE(refused.over);
  options.to = {"not an address", 1};
  Client impossible(loop, options);
  CHECK_FALSE(impossible.over);
  options.to = nobody;
  options.from = SocketAddress{"192.0.2.1", 0};  // no interface has it
  Client unbindable(loop, options);
  patience.run_until([&] { return refused.over && impossible.over && unbindable.over; });
  CHECK(refused.connect_failed);
  CHECK(refused.failure.find("refused") != std::string::npos);
  CHECK(impossible.connect_failed);
  CHECK(impossible.failure.find("not an address") != std::string::npos);
  CHECK(unbindable.connect_failed);
  CHECK_FALSE(refused.ready);
}

TEST_CASE("a server whose certificate is wrong is a failed connect that says so") {
  Loop loop;
  Patience patience(loop);
  Tls tls, stranger;
  ServerOptions secure;
  secure.tls = stranger.server;
  Server server(loop, secure, echo);
  ClientOptions options = server.to(Protocol::ByAlpn);
  options.tls = tls.client;
  options.alpn = both;
  Client client(loop, options);
  patience.run_until([&] { return client.over; });
  CHECK(client.connect_failed);
  CHECK_FALSE(client.ready);
  CHECK(client.failure.starts_with("TLS: "));
}

TEST_CASE("plaintext under mutual TLS is refused in its own words: 403, and GOAWAY") {
  Loop loop;
  Patience patience(loop);
  Tls tls;
  ServerOptions strict;
  strict.tls = tls.server;
  strict.plaintext = false;
  strict.plaintext_refusal = "this service takes mutual TLS only";
  Server server(loop, strict, [](Peer&, Seen&) { FAIL("no request may come through"); });
  Client http1(loop, server.to(Protocol::Http1)), http2(loop, server.to(Protocol::Http2));
  http1.when_ready = [&] { http1.call(*request("GET")); };
  http2.when_ready = [&] { http2.call(*request("GET")); };
  patience.run_until([&] { return http1.over && http2.over; });
  REQUIRE(http1.seen.size() + http2.seen.size() == 2);
  Seen& first = *http1.seen[0];
  Seen& second = *http2.seen[0];
  CHECK(first.status == 403);
  CHECK(first.body == "this service takes mutual TLS only\n");
  CHECK(http2.goaways == 1);
  CHECK(second.heads == 0);
  CHECK(second.resets == 1);
  CHECK(second.closed == 1);
  for (const auto& peer : server.peers) CHECK(peer->seen.empty());
}

TEST_CASE("malformed bytes are answered 400, and the connection ends on both sides") {
  Loop loop;
  Patience patience(loop);
  Server server(loop, {}, echo);
  Client client(loop, server.to(Protocol::Http1));
  patience.run_until([&] { return client.ready; });
  Seen& call = *client.call(*request("GET", "/\x80"));
  patience.run_until([&] { return client.over && server.peers[0]->over; });
  CHECK(call.status == 400);
  CHECK(server.peers[0]->refused == std::vector<int>{400});
}

TEST_CASE("a client that goes away cancels its requests at the server") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    Loop loop;
    Patience patience(loop);
    Server server(loop, {}, [](Peer&, Seen&) {});  // never answers
    auto client = std::make_unique<Client>(loop, server.to(protocol));
    patience.run_until([&] { return client->ready; });
    client->call(*request("GET"));
    patience.run_until([&] { return !server.peers.empty() && !server.peers[0]->seen.empty(); });
    client.reset();
    patience.run_until([&] { return server.peers[0]->over; });
    CHECK(server.peers[0]->seen[0]->resets == 1);
    CHECK(server.peers[0]->seen[0]->closed == 1);
  }
}

TEST_CASE("a TLS connection that ends without close_notify was cut off; a proper end is none") {
  for (const bool cut : {true, false}) {
    Loop loop;
    Patience patience(loop);
    Tls tls;
    ServerOptions secure;
    secure.tls = tls.server;
    Server server(loop, secure, echo);
    ClientOptions options = server.to(Protocol::ByAlpn);
    options.tls = tls.client;
    options.alpn = {"http/1.1"};
    auto client = std::make_unique<Client>(loop, options);
    patience.run_until([&] { return client->ready; });
    Seen& call = *client->call(*request("GET"));
    patience.run_until([&] { return call.closed == 1; });
    if (cut) {
      client.reset();
    } else {
      client->connection->drain();
    }
    patience.run_until([&] { return server.peers[0]->over; });
    CHECK(server.peers[0]->failure == (cut ? "the TLS connection was cut off" : ""));
  }
}

TEST_CASE("drain() lets what is under way finish, then both sides close without a failure") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    Loop loop;
    Patience patience(loop);
    Server server(loop, {}, [](Peer&, Seen&) {});
    Client client(loop, server.to(protocol));
    patience.run_until([&] { return client.ready; });
    Seen& call = *client.call(*request("GET"));
    patience.run_until([&] { return !server.peers.empty() && !server.peers[0]->seen.empty(); });
    Peer& peer = *server.peers[0];
    peer.connection->drain();
    echo(peer, *peer.seen[0]);
    patience.run_until([&] { return client.over && peer.over; });
    CHECK(call.status == 200);
    CHECK(call.resets == 0);
    CHECK(client.failure.empty());
    CHECK(peer.failure.empty());
  }
}

TEST_CASE("an answer in the middle of an upload reaches the uploader") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    Loop loop;
    Patience patience(loop);
    Server server(loop, {}, echo);
    Client client(loop, server.to(protocol));
    patience.run_until([&] { return client.ready; });
    Seen& call = *client.call(*request("POST"), body_of(20'000'000));
    patience.run_until([&] { return !server.peers.empty() && !server.peers[0]->seen.empty(); });
    Peer& peer = *server.peers[0];
    peer.credits = false;
    peer.connection->send_head(*peer.seen[0]->stream, *response(413), false);
    peer.connection->send_data(*peer.seen[0]->stream, bytes_of("too much"), true);
    patience.run_until([&] { return call.closed == 1; });
    CHECK(call.status == 413);
    CHECK(call.body == "too much");
    CHECK(call.resets == 0);
  }
}

TEST_CASE("a reset ends even a connection whose peer reads nothing") {
  Loop loop;
  Patience patience(loop);
  Server server(loop, {}, [](Peer& peer, Seen& seen) {
    peer.connection->send_head(*seen.stream, *response(200), false);
    peer.connection->send_data(*seen.stream, bytes_of(body_of(20'000'000)), false);
  });
  Client client(loop, server.to(Protocol::Http1));
  client.credits = false;
  patience.run_until([&] { return client.ready; });
  client.call(*request("GET"));
  patience.run_until([&] { return client.seen[0]->body.size() > 0; });
  Peer& peer = *server.peers[0];
  REQUIRE(peer.seen[0]->stream);
  peer.connection->reset(*peer.seen[0]->stream, ErrorCode::Cancel);
  patience.run_until([&] { return peer.seen[0]->closed == 1 && peer.over; });
}

TEST_CASE("abort() closes once, with its reason, and breaks off what is open") {
  Loop loop;
  Patience patience(loop);
  Server server(loop, {}, [](Peer&, Seen&) {});
  Client client(loop, server.to(Protocol::Http2));
  patience.run_until([&] { return client.ready; });
  Seen& call = *client.call(*request("GET"));
  client.connection->abort("the test is bored");
  CHECK_FALSE(client.over);
  patience.run_until([&] { return client.over; });
  CHECK(client.failure == "the test is bored");
  CHECK(call.resets == 1);
  CHECK(call.closed == 1);
}

TEST_CASE("a port in use, and one that needs privileges, are told in words") {
  Loop loop;
  auto first = Listener::listen(loop, anywhere, [](int) {});
  REQUIRE(first);
  const SocketAddress taken = (*first)->address();
  const auto second = Listener::listen(loop, taken, [](int) {});
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find(taken.text()) != std::string::npos);
  CHECK(second.error().message.find("the port is in use") != std::string::npos);
  const auto foreign = Listener::listen(loop, {"192.0.2.1", 0}, [](int) {});
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().message.find("no interface") != std::string::npos);
}

}  // namespace
}  // namespace outrider::test
