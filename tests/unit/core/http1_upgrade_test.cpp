// Upgrades in memory: what is held, what passes, and how a tunnel ends.

#include "core/protocol/http1_codec.hpp"
#include "core/protocol/http1_head.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::Http1Codec;
using protocol::Role;

const std::string asked = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const std::string taken = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

struct End {
  explicit End(Role role) : codec(role, {}), side(codec) {}
  Http1Codec codec;
  Side side;
};

protocol::HeadPtr answer(int status) {
  auto head = protocol::make_head();
  head->status = status;
  return head;
}

protocol::HeadPtr upgrade_request() {
  auto head = protocol::make_head();
  head->method = "GET";
  head->path = "/chat";
  head->authority = "a";
  head->upgrade = "websocket";
  head->fields.add("content-length", "0");
  return head;
}

}  // namespace

TEST_CASE("an upgrade is one protocol, asked for by Connection, on HTTP/1.1, without a body") {
  const std::pair<const char*, const char*> rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "websocket"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, UPGRADE\r\nUpgrade: WebSocket\r\n\r\n", "WebSocket"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n", "a, b"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", "websocket"},
      {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", ""},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n", ""},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", ""},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\n", ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
  };
  for (const auto& [block, upgrade] : rows) {
    CAPTURE(block);
    auto head = protocol::make_head();
    REQUIRE(protocol::parse_request_head(block, {}, *head).has_value());
    CHECK(head->upgrade == upgrade);
  }
}

TEST_CASE("a server holds what follows an upgrade until it has answered 101, then passes it, and stops at 64 KiB") {
  End server(Role::Server);
  server.side.credits = false;
  server.side.receive(asked + "early");
  Seen& call = server.side.last();
  CHECK_FALSE(call.ended);
  CHECK(call.body.empty());
  server.side.receive(std::string(70'000, 'x'));
  CHECK(call.body.empty());
  CHECK_FALSE(server.codec.wants_input());
  server.codec.send_head(*call.stream, *answer(101), false);
  CHECK(server.side.produce_all() == taken);
  CHECK(call.body == "early" + std::string(70'000, 'x'));
  CHECK_FALSE(server.codec.wants_input());
  server.codec.credit(*call.stream, call.body.size());
  CHECK(server.codec.wants_input());
  server.codec.send_data(*call.stream, bytes_of("HTTP/1.1 200 OK\r\n\r\n"), false);
  CHECK(server.side.produce_all() == "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(call.drained == 19);
}

TEST_CASE("any other answer ends the connection, and what was held is never read") {
  End server(Role::Server);
  server.side.receive(asked + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.codec.send_head(*server.side.last().stream, *answer(401), true);
  CHECK(server.side.produce_all() == "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  CHECK(server.side.count() == 1);
  CHECK(server.side.last().closed == 1);
  CHECK(server.codec.finished());
}

TEST_CASE("a client asks, and the bytes behind the 101 are the tunnel's; behind any other answer the connection ends") {
  End client(Role::Client);
  Seen& call = *client.side.open(*upgrade_request(), false);
  CHECK(client.side.produce_all() == "GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  client.side.receive("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\nhello");
  CHECK(call.status == 101);
  CHECK(call.body == "hello");
  client.codec.send_data(*call.stream, bytes_of("data"), false);
  CHECK(client.side.produce_all() == "data");
  CHECK_FALSE(client.codec.can_open());

  End refused(Role::Client);
  Seen& other = *refused.side.open(*upgrade_request(), false);
  refused.side.produce_all();
  refused.side.receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  refused.side.produce_all();
  CHECK(other.body == "ok");
  CHECK(other.ended);
  CHECK(other.closed == 1);
  CHECK(refused.codec.finished());
}

TEST_CASE("each half of a tunnel ends for itself, and with the second one the connection does") {
  for (const bool peer_first : {true, false}) {
    CAPTURE(peer_first);
    End server(Role::Server);
    server.side.receive(asked);
    Seen& call = server.side.last();
    server.codec.send_head(*call.stream, *answer(101), false);
    server.side.produce_all();
    CHECK_FALSE(server.codec.half_closed());
    const auto hear = [&] {
      server.side.end_of_input();
      CHECK(call.ended);
      CHECK(call.resets == 0);
    };
    const auto say = [&] {
      server.codec.send_data(*call.stream, bytes_of("end"), true);
      CHECK_FALSE(server.codec.half_closed());
      CHECK(server.side.produce_all() == "end");
    };
    peer_first ? hear() : say();
    CHECK(server.codec.half_closed() == !peer_first);
    CHECK_FALSE(server.codec.finished());
    CHECK(call.closed == 0);
    if (!peer_first) {
      server.side.receive("still here");
      CHECK(call.body == "still here");
    }
    peer_first ? say() : hear();
    server.side.produce_all();
    CHECK(call.closed == 1);
    CHECK(call.resets == 0);
    CHECK(server.codec.finished());
  }
}

TEST_CASE("a tunnel that is cut off is a reset, whichever half is over") {
  for (const bool half : {true, false}) {
    CAPTURE(half);
    End server(Role::Server);
    server.side.receive(asked);
    Seen& call = server.side.last();
    server.codec.send_head(*call.stream, *answer(101), false);
    if (half) server.codec.send_data(*call.stream, bytes_of("end"), true);
    server.side.produce_all();
    server.side.abandon();
    CHECK(call.resets == 1);
    CHECK(call.closed == 1);
  }
}

TEST_CASE("who closes before the answer to an upgrade has given up") {
  End server(Role::Server);
  server.side.receive(asked + "early");
  server.side.end_of_input();
  CHECK(server.side.last().resets == 1);
  CHECK(server.side.last().body.empty());
}

}  // namespace outrider::test
