// Reliability 4.2: races between a request and the end of its connection, halves that end apart,
// resets before and behind a head, interim answers.

#include <fmt/format.h>

#include "tests/harness/access_log.hpp"
#include "tests/harness/raw_server.hpp"

namespace outrider::scenario {
namespace {

enum FrameType : std::uint8_t { Data, Headers, Priority, Rst, Settings, Push, Ping, GoAway, Window };

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xff);
  return bytes;
}

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  std::string bytes = number(static_cast<std::uint32_t>(payload.size())).substr(1);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  return bytes + number(stream) + std::string(payload);
}

// ":status: 200" by its index in HPACK's static table, END_STREAM and END_HEADERS.
std::string ok(std::uint32_t stream) { return frame(Headers, 5, stream, "\x88"); }

struct Frame {
  std::uint8_t type = 0, flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};

std::uint32_t word(std::string_view bytes) {
  std::uint32_t value = 0;
  for (char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// The HTTP/2 server's side of a connection's beginning.
bool greet(RawServer::Peer& peer) {
  std::string preface;
  return peer.read(24, preface) && peer.send(frame(Settings, 0, 0));
}

bool next_frame(RawServer::Peer& peer, Frame& into) {
  std::string head;
  into = {};
  if (!peer.read(9, head)) return false;
  into.type = static_cast<std::uint8_t>(head[3]);
  into.flags = static_cast<std::uint8_t>(head[4]);
  into.stream = word(std::string_view(head).substr(5)) & 0x7fffffff;
  return peer.read(word(std::string_view(head)) >> 8, into.payload);
}

// The next one of that type.
bool next_frame(RawServer::Peer& peer, FrameType type, Frame& into) {
  while (next_frame(peer, into)) {
    if (into.type == type) return true;
  }
  return false;
}

std::function<void(json&, json&)> speaking_http2() {
  return [](json& cluster, json&) { speak_http2(cluster); };
}

const Running::Change one_worker = [](proxy::Options& options) { options.workers = 1; };

}  // namespace

TEST_CASE("streams above a GOAWAY's last id are tried once more elsewhere, POST too; those below run on") {
  std::atomic<int> processed{0};
  RawServer server([&](RawServer::Peer& peer) {
    if (!greet(peer)) return;
    Frame got;
    if (peer.number > 0) {
      while (next_frame(peer, Headers, got)) {
        ++processed;
        peer.send(ok(got.stream));
      }
      return;
    }
    for (int i = 0; i < 4; ++i) {
      if (!next_frame(peer, Headers, got)) return;
    }
    ++processed;  // the first one only
    peer.send(frame(GoAway, 0, 0, number(1) + number(0)));
    peer.send(ok(1));
    CHECK_FALSE(next_frame(peer, Headers, got));  // no new streams, and the end when none is left
  });
  Single mesh({server.address()}, speaking_http2(), one_worker);
  HttpClient client(mesh.entry());
  std::vector<Call> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(client.start("POST", "/"));
  for (Call& call : calls) CHECK(call.result().status == 200);
  CHECK(processed == 4);
  CHECK(server.connections == 2);
  CHECK(eventually([&] { return server.ended == 1; }));
}

TEST_CASE("a second GOAWAY in a row is no longer the mesh's to repair: the caller hears of it") {
  AccessLog log;
  std::atomic<int> heads{0};
  RawServer server([&](RawServer::Peer& peer) {
    Frame got;
    if (!greet(peer) || !next_frame(peer, Headers, got)) return;
    ++heads;
    peer.send(frame(GoAway, 0, 0, number(0) + number(0)));
    (void)next_frame(peer, Headers, got);
  });
  Single mesh({server.address()}, speaking_http2(), log.on());
  const Answer answer = RawClient(mesh.entry()).ask("POST", "/", {}, "x");
  CHECK(answer.status == 503);
  CHECK(heads == 2);
  CHECK(log.line().flags == "UR");
  CHECK(log.line().details == "upstream_reset_before_response_started{remote_refused_stream_reset}");
}

TEST_CASE("a connection error of the application's is no proof of anything: nothing is repeated") {
  AccessLog log;
  std::atomic<int> heads{0};
  RawServer server([&](RawServer::Peer& peer) {
    Frame got;
    if (!greet(peer) || !next_frame(peer, Headers, got)) return;
    ++heads;
    peer.send(frame(GoAway, 0, 0, number(1) + number(2)));  // it was processed: last id 1
  });
  Single mesh({server.address()}, speaking_http2(), log.on());
  HttpClient client(mesh.entry());
  const Seen seen = client.ask("POST", "/", {{"content-type", "application/grpc"}}, grpc_message("x"));
  CHECK(seen.field("grpc-status") == "14");
  CHECK(heads == 1);
  CHECK(log.line().flags == "UC");
}

TEST_CASE("an answer with END_STREAM and RST_STREAM(NO_ERROR) behind it is whole, and the upload stops") {
  RawServer server([&](RawServer::Peer& peer) {
    Frame got;
    if (!greet(peer) || !next_frame(peer, Headers, got)) return;
    peer.send(ok(got.stream) + frame(Rst, 0, got.stream, number(0)));
    (void)next_frame(peer, Headers, got);
  });
  Single mesh({server.address()}, speaking_http2());
  HttpClient client(mesh.entry());
  Call call = client.start("POST", "/", {}, false);
  call.send(pattern(1000), false);
  REQUIRE(call.wait_for([](const Seen& seen) { return seen.closed; }));
  CHECK(call.seen().status == 200);
  CHECK(call.seen().ended);
}

TEST_CASE("either half of a stream may end first: the other goes on as long as it likes") {
  Pair pair({.http2_app = true});
  HttpClient client(pair.entry());
  client.keep_body = false;
  // The request's half has ended long before the answer's.
  const Seen down = client.ask("POST", "/bytes/3000000", {}, "x");
  CHECK(down.ended);
  CHECK(down.body_bytes == 3'000'000);
  CHECK(down.wrong_bytes == 0);
  // The answer's head is there before the request's body, which ends last.
  Call up = client.start("POST", "/echo", {}, false);
  REQUIRE(up.wait_head());
  up.send(pattern(300'000), false);
  REQUIRE(up.wait_for([](const Seen& seen) { return seen.body_bytes == 300'000; }));
  CHECK_FALSE(up.seen().ended);
  up.trailers({{"x-last", "1"}});
  const Seen over = up.result();
  CHECK(over.ended);
  CHECK(over.trailer("x-last") == "1");
}

TEST_CASE("an HTTP/1.1 connection whose request was broken off is closed, and not used again") {
  std::atomic<int> closed{0};
  RawServer server([&](RawServer::Peer& peer) {
    std::string head;
    if (!peer.read_head(head)) return;
    if (head.starts_with("GET /hang")) {
      if (peer.ended()) ++closed;
      return;
    }
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    (void)peer.read_head(head);
  });
  Single mesh({server.address()}, {}, one_worker);
  HttpClient client(mesh.entry());
  Call call = client.start("GET", "/hang");
  REQUIRE(eventually([&] { return server.connections == 1; }));
  call.cancel();
  CHECK(eventually([&] { return closed == 1; }));
  CHECK(client.ask("GET", "/").status == 200);
  CHECK(server.connections == 2);
}

TEST_CASE("interim answers reach callers in order, before the final one, over HTTP/1.1 and HTTP/2") {
  RawServer server([](RawServer::Peer& peer) {
    for (std::string head; peer.read_head(head);) {
      peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  Single mesh({server.address()});
  RawClient h1(mesh.entry());
  const Answer answer = h1.ask("GET", "/");
  CHECK(answer.status == 200);
  CHECK(answer.body == "ok");
  CHECK(h1.informational == 2);
  HttpClient h2(mesh.entry());
  const Seen seen = h2.ask("GET", "/");
  CHECK(seen.status == 200);
  CHECK(seen.body == "ok");
  CHECK(seen.informational == 2);
}

TEST_CASE("a head with a reset right behind it, in one write, is seen before the reset") {
  RawServer server([](RawServer::Peer& peer) {
    Frame got;
    if (!greet(peer)) return;
    while (next_frame(peer, Headers, got)) {
      peer.send(frame(Headers, 4, got.stream, "\x88") + frame(Data, 0, got.stream, "half") +
                frame(Rst, 0, got.stream, number(2)));
    }
  });
  AccessLog log;
  Single mesh({server.address()}, speaking_http2(), log.on());
  HttpClient client(mesh.entry());
  const Seen seen = client.start("GET", "/").result();
  CHECK(seen.status == 200);
  CHECK(seen.reset);
  CHECK(seen.code == protocol::ErrorCode::InternalError);
  CHECK_FALSE(seen.ended);
  RawClient h1(mesh.entry());
  h1.send(request_text("GET", "/", "app"));
  const std::string text = h1.read_to_end();
  CHECK(text.starts_with("HTTP/1.1 200 "));
  CHECK_FALSE(text.ends_with("0\r\n\r\n"));
  for (const LogLine& line : log.lines(2)) {
    CHECK(line.flags == "UR");
    CHECK(line.status == 200);
  }
}

TEST_CASE("UPE: an answer that is no HTTP message is a 502 over HTTP/2 too, and its connection goes on") {
  AccessLog log;
  RawServer server([](RawServer::Peer& peer) {
    Frame got;
    if (!greet(peer)) return;
    for (int answers = 0; next_frame(peer, Headers, got); ++answers) {
      const std::string no_status("\0\1a\1b", 5);
      peer.send(answers == 0 ? frame(Headers, 5, got.stream, no_status) : ok(got.stream));
    }
  });
  Single mesh({server.address()}, speaking_http2(), log.on());
  RawClient client(mesh.entry());
  CHECK(client.ask("GET", "/").status == 502);
  CHECK(log.line().flags == "UPE");
  CHECK(log.line().details == "upstream_reset_before_response_started{protocol_error}");
  CHECK(client.ask("GET", "/").status == 200);
  CHECK(server.connections == 1);
}

TEST_CASE("UPE: an answer that breaks HTTP/1.1 is a 502, and its caller's next request is served") {
  AccessLog log;
  RawServer server([](RawServer::Peer& peer) {
    std::string head;
    if (!peer.read_head(head)) return;
    peer.send(head.starts_with("GET /bad") ? "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"
                                           : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    (void)peer.read_head(head);
  });
  Single mesh({server.address()}, {}, log.on());
  RawClient client(mesh.entry());
  const Answer answer = client.ask("GET", "/bad");
  CHECK(answer.status == 502);
  CHECK(answer.whole);
  CHECK(log.line().flags == "UPE");
  CHECK(log.line().details == "upstream_reset_before_response_started{protocol_error}");
  CHECK(client.ask("GET", "/good").status == 200);
}

}  // namespace outrider::scenario
