// Streams on which nothing moves (flag SI), in time that the test moves: before and after the head,
// with a window that never opens, as the listener and as the route have it.

#include <fmt/format.h>

#include "tests/harness/access_log.hpp"

namespace outrider::scenario {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

// An outbound sidecar whose listener has this stream_idle_timeout, before an HTTP/2 application.
struct Idling {
  explicit Idling(const std::string& listener_idle, const std::string& route_idle = {})
      : sidecar("client",
                [&] {
                  json to = cluster("app", {app.address()});
                  speak_http2(to);
                  json all = route("app");
                  if (!route_idle.empty()) all["route"]["idle_timeout"] = route_idle;
                  json entry = outbound("outbound", virtual_host({all}));
                  entry["filter_chains"][0]["filters"][0]["typed_config"]["stream_idle_timeout"] = listener_idle;
                  return std::vector<json>{entry, to};
                }(),
                nullptr, log.on()) {}
  [[nodiscard]] SocketAddress entry() { return sidecar.at("outbound"); }

  AccessLog log;
  App app;
  Running sidecar;
};

// Afterwards SETTINGS are exchanged: an ACK on its way would be too late when time is moved.
void settle(HttpClient& client) { REQUIRE(client.ask("GET", "/bytes/1").status == 200); }

// Whether the log holds a line with these.
bool logged(const AccessLog& log, std::size_t lines, int status, const std::string& details) {
  for (const LogLine& line : log.lines(lines)) {
    if (line.status == status && line.flags == "SI" && line.details == details) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("SI: an application that does not answer for so long makes a 504, for gRPC an UNAVAILABLE") {
  Idling mesh("300s");
  HttpClient client(mesh.entry());
  settle(client);
  Call plain = client.start("GET", "/hang");
  Call call = client.start("POST", "/hang", grpc);
  REQUIRE(eventually([&] { return mesh.app.requests == 3; }));
  mesh.sidecar.advance(seconds(299));
  CHECK(client.ask("GET", "/bytes/1").status == 200);
  CHECK(plain.seen().status == 0);
  mesh.sidecar.advance(seconds(2));
  CHECK(plain.result().status == 504);
  CHECK(call.result().field("grpc-status") == "14");
  CHECK(eventually([&] { return mesh.app.cancelled == 2; }));
  CHECK(logged(mesh.log, 4, 504, "stream_idle_timeout"));
}

TEST_CASE("SI: a caller that does not end its request makes a 408, over HTTP/2 and HTTP/1.1") {
  Idling mesh("300s");
  HttpClient client(mesh.entry());
  settle(client);
  Call call = client.start("POST", "/sum", {}, false);
  call.send("half", false);
  REQUIRE(eventually([&] { return mesh.app.received == 4; }));
  mesh.sidecar.advance(seconds(301));
  CHECK(call.result().status == 408);
  CHECK(eventually([&] { return mesh.app.cancelled == 1; }));
  CHECK(logged(mesh.log, 2, 408, "stream_idle_timeout{request}"));
  RawClient h1(mesh.entry());
  h1.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhalf");
  REQUIRE(eventually([&] { return mesh.app.received == 8; }));
  mesh.sidecar.advance(seconds(301));
  CHECK(h1.read().status == 408);
}

TEST_CASE("SI: an answer that stops in its middle is cut, visibly") {
  Idling mesh("300s");
  HttpClient client(mesh.entry());
  Call call = client.start("POST", "/echo", {}, false);
  call.send("some", false);
  REQUIRE(call.wait_for([](const Seen& seen) { return seen.body == "some"; }));
  RawClient h1(mesh.entry());
  h1.send("POST /echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n");
  CHECK(h1.read(true).status == 200);
  mesh.sidecar.advance(seconds(301));
  const Seen seen = call.result();
  CHECK(seen.status == 200);
  CHECK(seen.reset);
  CHECK_FALSE(seen.ended);
  CHECK_FALSE(h1.read_to_end().ends_with("0\r\n\r\n"));
  CHECK(logged(mesh.log, 2, 200, "stream_idle_timeout"));
}

TEST_CASE("a stream on which something moves now and then is no idle one") {
  Idling mesh("300s");
  HttpClient client(mesh.entry());
  Call call = client.start("POST", "/echo", {}, false);
  for (std::uint64_t i = 1; i <= 5; ++i) {
    call.send("x", false);
    REQUIRE(call.wait_for([&](const Seen& seen) { return seen.body_bytes == i; }));
    mesh.sidecar.advance(seconds(200));
  }
  call.send("end", true);
  CHECK(call.result().body == "xxxxxend");
}

TEST_CASE("the route's idle_timeout counts instead of the listener's, and 0 there means none") {
  Idling tight("300s", "10s");
  HttpClient client(tight.entry());
  Call call = client.start("GET", "/hang");
  REQUIRE(eventually([&] { return tight.app.requests == 1; }));
  tight.sidecar.advance(seconds(11));
  CHECK(call.result().status == 504);

  Idling none("10s", "0s");
  HttpClient patient(none.entry());
  Call held = patient.start("GET", "/hang");
  REQUIRE(eventually([&] { return none.app.requests == 1; }));
  none.sidecar.advance(std::chrono::hours(5));
  CHECK(patient.ask("GET", "/bytes/1").status == 200);
  CHECK(held.seen().status == 0);
  CHECK(none.app.cancelled == 0);
}

TEST_CASE("SI: an answer of the proxy's own that its caller does not take is given up as well") {
  Idling mesh("300s");
  auto options = HttpClient::http2();
  options.limits.stream_window = 0;
  HttpClient client(mesh.entry(), options);
  Call call = client.start("GET", "/hang");
  REQUIRE(eventually([&] { return mesh.app.requests == 1; }));
  mesh.sidecar.advance(seconds(301));
  REQUIRE(call.wait_head());
  CHECK(call.seen().status == 504);
  CHECK_FALSE(call.seen().ended);
  mesh.sidecar.advance(seconds(301));
  CHECK(call.result().reset);
}

TEST_CASE("without any limit a stream may idle for ever, but a reader that takes nothing for 5 minutes is cut") {
  Idling mesh("0s");
  HttpClient client(mesh.entry());
  client.keep_body = false;
  Call bidi = client.start("POST", "/echo", {}, false);
  bidi.send("x", false);
  REQUIRE(bidi.wait_for([](const Seen& seen) { return seen.body_bytes == 1; }));
  Call stalled = client.stall("/bytes/100000000");
  REQUIRE(stalled.wait_for([](const Seen& seen) { return seen.body_bytes >= 256 * 1024; }));
  REQUIRE(client.ask("GET", "/bytes/1").status == 200);
  mesh.sidecar.advance(minutes(5) + seconds(1));
  const Seen cut = stalled.result();
  CHECK(cut.reset);
  CHECK(cut.wrong_bytes == 0);
  CHECK(eventually([&] { return mesh.app.cancelled == 1; }));
  bidi.send("y", true);
  CHECK(bidi.result().body_bytes == 2);
}

}  // namespace outrider::scenario
