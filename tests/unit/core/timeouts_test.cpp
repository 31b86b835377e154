// How long a peer may take: each of HttpConnection's timers, in time that the test moves by hand.

#include <unistd.h>

#include "tests/harness/certificates.hpp"
#include "tests/unit/core/http_peer.hpp"
#include "tests/unit/core/patience.hpp"
#include "tests/unit/core/raw_http2.hpp"

namespace outrider::test {
namespace {

using namespace std::chrono_literals;
using Protocol = ClientOptions::Protocol;
using protocol::Rejection;

// A peer of bare bytes: says what it is told to, reads only when it may.
class RawPeer final : net::TcpStream::Owner {
 public:
  RawPeer(Loop& loop, const Server& server, bool reads = true) : tcp_(loop, *this), reads_(reads) {
    REQUIRE(tcp_.connect(server.listener->address(), std::nullopt));
  }
  void send(std::string_view bytes) { REQUIRE(tcp_.try_write(bytes_of(bytes)) == bytes.size()); }
  void read() { tcp_.read(true); }

  bool connected = false, ended = false;
  std::string received;

 private:
  void on_connected() override {
    connected = true;
    if (reads_) tcp_.read(true);
  }
  void on_bytes(ByteView bytes) override { received += text_of(bytes); }
  void on_input_end(const char*) override { ended = true; }
  void on_writable() override {}

  net::TcpStream tcp_;
  const bool reads_;
};

struct Meeting {
  explicit Meeting(ServerOptions options = {}, Server::Answer answer = echo, bool reads = true)
      : server(loop, std::move(options), std::move(answer)), raw(loop, server, reads) {
    patience.run_until([&] { return raw.connected && !server.peers.empty(); });
  }
  // Sends, and waits until the loop has dealt with it.
  void send(std::string_view bytes) {
    raw.send(bytes);
    int turns = 0;
    patience.run_until([&] { return ++turns == 3; });
  }
  void pass(Duration time) {
    patience.advance(time);
    int turns = 0;
    patience.run_until([&] { return ++turns == 3; });
  }
  void expect_end(Rejection why) {
    patience.run_until([&] { return server.peers[0]->over && raw.ended; });
    CHECK(server.peers[0]->rejection == why);
  }
  [[nodiscard]] bool open() const { return !server.peers[0]->over && !raw.ended; }

  Loop loop;
  Patience patience{loop};
  Server server;
  RawPeer raw;
};

const std::string preface = std::string(raw::preface) + raw::frame(raw::Settings, 0, 0);
const std::vector<std::string> alpn = {"h2", "http/1.1"};

TEST_CASE("who says nothing after connecting is closed after the handshake's time") {
  Meeting meeting;
  meeting.pass(9s);
  CHECK(meeting.open());
  meeting.pass(2s);
  meeting.expect_end(Rejection::HandshakeTimeout);
  CHECK(meeting.raw.received.empty());
}

TEST_CASE("a TLS handshake that stops, and a preface that stops, are closed in the same time") {
  const std::string hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
  Authority authority;
  ServerOptions options;
  options.tls = std::make_shared<protocol::TlsContext>(
      protocol::TlsContext::server(authority.named("order"), protocol::Callers::Mesh, alpn).value());
  for (const std::string& begin : {hello, hello.substr(0, 1), preface.substr(0, 1), preface.substr(0, 23)}) {
    CAPTURE(begin.size());
    Meeting meeting(options);
    meeting.send(begin);
    meeting.pass(9s);
    CHECK(meeting.open());
    meeting.pass(2s);
    meeting.expect_end(Rejection::HandshakeTimeout);
  }
}

TEST_CASE("a head that trickles in is answered 408 when its time is up, the first or a later one") {
  for (const bool first : {true, false}) {
    CAPTURE(first);
    Meeting meeting;
    if (!first) {
      meeting.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      meeting.pass(30min);  // between requests there is time
      REQUIRE(meeting.open());
      REQUIRE(meeting.raw.received.starts_with("HTTP/1.1 200 "));
      meeting.raw.received.clear();
    }
    std::size_t sent = 0;
    for (const char byte : std::string_view("GET / HTTP/1.1\r\nhost: slowloris.example\r\n")) {
      if (!meeting.raw.received.empty()) break;
      meeting.send({&byte, 1});
      meeting.pass(1s);
      ++sent;
    }
    CHECK(sent <= 11);
    CHECK(meeting.raw.received.starts_with("HTTP/1.1 408 "));
    CHECK(meeting.server.peers[0]->refused == std::vector<int>{408});
    meeting.expect_end(Rejection::HeadTimeout);
  }
}

TEST_CASE("a head that began right behind a request has as much time") {
  Meeting meeting;
  meeting.send("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nho");
  meeting.pass(9s);
  CHECK(meeting.open());
  CHECK(meeting.raw.received.starts_with("HTTP/1.1 200 "));
  meeting.pass(2s);
  meeting.expect_end(Rejection::HeadTimeout);
}

TEST_CASE("an HTTP/2 head that is refused is over with its frame: the connection has all its time") {
  Meeting meeting;
  meeting.send(preface + raw::frame(raw::Settings, raw::ack, 0));
  const std::string pathless = raw::block({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}});
  meeting.send(raw::frame(raw::Headers, raw::end_stream | raw::end_headers, 1, pathless));
  CHECK(raw::answers(meeting.raw.received).resets.size() == 1);
  meeting.pass(11s);
  CHECK(meeting.open());
}

TEST_CASE("an HTTP/2 header block without END_HEADERS ends the connection when its time is up") {
  Meeting meeting;
  meeting.send(preface + raw::frame(raw::Settings, raw::ack, 0));
  meeting.send(raw::frame(raw::Headers, 0, 1, raw::block(raw::get)));
  meeting.pass(9s);
  CHECK(meeting.open());
  meeting.pass(2s);
  meeting.expect_end(Rejection::HeadTimeout);
  const auto answers = raw::answers(meeting.raw.received);
  REQUIRE(answers.goaways.size() == 1);
  CHECK(answers.goaways[0] == 11);  // ENHANCE_YOUR_CALM
}

TEST_CASE("SETTINGS without an ACK for a minute ends the connection with SETTINGS_TIMEOUT, an ACK in time does not") {
  for (const bool acknowledged : {true, false}) {
    CAPTURE(acknowledged);
    Meeting meeting;
    meeting.send(preface);
    meeting.pass(59s);
    CHECK(meeting.open());
    if (acknowledged) meeting.send(raw::frame(raw::Settings, raw::ack, 0));
    meeting.pass(2s);
    if (acknowledged) {
      CHECK(meeting.open());
      continue;
    }
    meeting.expect_end(Rejection::SettingsTimeout);
    const auto answers = raw::answers(meeting.raw.received);
    REQUIRE(answers.goaways.size() == 1);
    CHECK(answers.goaways[0] == 4);
  }
}

TEST_CASE("a peer that reads nothing of its answer for a minute is cut off, one that reads a little is not") {
  for (const bool reads : {true, false}) {
    CAPTURE(reads);
    const std::string body = body_of(20'000'000);
    Meeting meeting({}, [&](Peer& peer, Seen& seen) {
      peer.connection->send_head(*seen.stream, *response(200), false);
      peer.connection->send_data(*seen.stream, bytes_of(body), true);
    }, false);
    meeting.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    std::size_t quiet = 0, left = 0;  // until the kernel's buffers are full
    meeting.patience.run_until([&] {
      quiet = left == meeting.server.peers[0]->seen[0]->drained ? quiet + 1 : 0;
      left = meeting.server.peers[0]->seen[0]->drained;
      return left > 0 && quiet == 50;
    });
    meeting.pass(59s);
    CHECK_FALSE(meeting.server.peers[0]->over);
    if (reads) {
      meeting.raw.read();
      meeting.patience.run_until([&] { return meeting.server.peers[0]->seen[0]->drained > left; });
      meeting.pass(2s);
      CHECK_FALSE(meeting.server.peers[0]->over);
    } else {
      meeting.pass(2s);
      meeting.patience.run_until([&] { return meeting.server.peers[0]->over; });
      CHECK(meeting.server.peers[0]->rejection == Rejection::WriteStall);
      CHECK(meeting.server.peers[0]->seen[0]->resets == 1);
    }
  }
}

TEST_CASE("a connection without streams is closed after an hour, on either side, and is no fault") {
  Loop loop;
  Patience patience(loop);
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    Server server(loop, {}, echo);
    Client client(loop, server.to(protocol));
    patience.run_until([&] { return client.ready; });
    Seen& call = *client.call(*request("GET"));
    patience.run_until([&] { return call.closed == 1; });
    patience.advance(59min);
    CHECK_FALSE(client.over);
    patience.advance(2min);
    patience.run_until([&] { return client.over && server.peers[0]->over; });
    CHECK(client.failure.empty());
    CHECK(client.rejection == Rejection::None);
    CHECK(server.peers[0]->rejection == Rejection::None);
  }
}

TEST_CASE("a connection with a stream on it is not idle") {
  Loop loop;
  Patience patience(loop);
  Server server(loop, {}, [](Peer&, Seen&) {});
  Client client(loop, server.to(Protocol::Http2));
  patience.run_until([&] { return client.ready; });
  Seen& call = *client.call(*request("GET"));
  patience.run_until([&] { return !server.peers.empty() && !server.peers[0]->seen.empty(); });
  patience.advance(3h);
  CHECK_FALSE(client.over);
  echo(*server.peers[0], *server.peers[0]->seen[0]);
  patience.run_until([&] { return call.closed == 1; });
  CHECK(call.status == 200);
}

TEST_CASE("a connect that nobody answers fails after its time") {
  Loop loop;
  Patience patience(loop);
  std::vector<int> accepted;  // and never a word said
  auto silent = Listener::listen(loop, anywhere, [&](int descriptor) { accepted.push_back(descriptor); });
  REQUIRE(silent);
  Authority authority;
  ClientOptions to;
  to.to = (*silent)->address();
  to.tls = std::make_shared<protocol::TlsContext>(protocol::TlsContext::client(authority.named("gateway")).value());
  Client client(loop, to);
  patience.run_until([&] { return !accepted.empty(); });
  patience.advance(9s);
  CHECK_FALSE(client.over);
  patience.advance(2s);
  patience.run_until([&] { return client.over; });
  CHECK(client.connect_failed);
  CHECK(client.failure.find("within 10000 ms") != std::string::npos);
  for (const int descriptor : accepted) ::close(descriptor);
}

}  // namespace
}  // namespace outrider::test
