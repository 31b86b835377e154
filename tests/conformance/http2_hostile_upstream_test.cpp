// A sidecar before HTTP/2 servers of ill will (H2-29, H2-38): the limits are those towards clients, the
// caller gets an answer in any case, and the other upstream of the same sidecar is not touched.

#include "tests/harness/frame_peer.hpp"
#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

using namespace std::chrono_literals;

std::string ok(bool end) { return raw::headers(1, {{":status", "200"}}, end); }

struct Hostility {
  std::string name;
  std::string before;  // once the request has come
  std::string unit;    // then these
  int most;            // how many the sidecar takes; 0: it may answer in any way, but its caller
  const char* reason;
};

const Hostility hostilities[] = {
    {"PING", {}, raw::frame(raw::Ping, 0, 0, "12345678"), 1500, "http2_control_flood"},
    {"SETTINGS", {}, raw::frame(raw::Settings, 0, 0), 1500, "http2_control_flood"},
    {"WINDOW_UPDATE", {}, raw::frame(raw::Window, 0, 0, raw::number(1)), 1500, "http2_control_flood"},
    {"1xx", {}, raw::headers(1, {{":status", "103"}}, false), 1500, "http2_control_flood"},
    {"DATA without data", ok(false), raw::frame(raw::Data, 0, 1), 140, "http2_empty_frames"},
    {"a window that overflows",
     raw::frame(raw::Window, 0, 0, raw::number(0x7fffffff)),
     {},
     1,
     "http2_protocol_error"},
    {"CONTINUATION", raw::frame(raw::Headers, 0, 1, "\x88"), raw::frame(raw::Continuation, 0, 1), 20,
     "http2_header_flood"},
    {"an HPACK bomb",
     {},
     raw::headers_of(
         1, "\x88\x40" + raw::text("x") + raw::text(std::string(3900, 'v')) + std::string(15'000, '\xbe'),
         false),
     20,
     "http2_header_flood"},
    {"HEADERS after the end", ok(true), raw::headers(1, {{":status", "200"}}), 20, "http2_ended_stream"},
    {"a push that was not allowed",
     {},
     raw::frame(raw::Push, raw::end_headers, 1, raw::number(2) + "\x88"),
     20,
     "http2_protocol_error"},
};

TEST_CASE(
    "H2-38: a server's flood ends its connection within its limit and is counted; its caller gets an "
    "answer") {
  for (const Hostility& hostility : hostilities) {
    CAPTURE(hostility.name);
    std::atomic<int> units{0};
    FrameServer server([&](FramePeer& peer) {
      peer.send(hostility.before);
      units = peer.units_until_end([&](std::uint32_t) { return hostility.unit; }, hostility.most);
    });
    Single mesh({server.address()}, [](json& cluster, json&) { speak_http2(cluster); });
    HttpClient client(mesh.entry());
    const Seen seen = [&] {
      Call call = client.start("GET", "/");
      CHECK(call.wait_over());
      return call.seen();
    }();
    CHECK((seen.status == 502 || seen.status == 503 || seen.status == 200));
    CHECK(mesh.sidecar.counts(1, "outrider_rejections_total",
                              {"side=\"upstream\"", std::string("reason=\"") + hostility.reason + "\""}));
    CHECK(units <= hostility.most);
    CHECK(eventually([&] { return mesh.sidecar.gauges("app") == Running::Gauges{0, 0, 0, 0}; }));
  }
}

TEST_CASE(
    "H2-29: an answer that is none is a 502 or 503 for the caller, its stream is reset, and the reason "
    "counted") {
  const std::string answers[] = {raw::headers(1, {{":status", "100"}}),
                                 raw::headers(1, {{":status", "101"}}, false),
                                 raw::headers(1, {{":status", "0"}}),
                                 raw::headers(1, {{":status", "99"}}),
                                 raw::headers(1, {{":status", "1000"}}),
                                 raw::headers(1, {{":status", "abc"}}),
                                 raw::headers(1, {{"x", "y"}}),
                                 raw::headers(1, {{":status", "200"}, {"connection", "close"}}),
                                 raw::headers(1, {{":status", "200"}, {"content-length", "5"}})};
  for (const std::string& answer : answers) {
    CAPTURE(answer);
    std::atomic<bool> reset{false};
    FrameServer server([&](FramePeer& peer) {
      peer.send(answer);
      reset = peer.await([](const auto& heard) { return heard.resets.size() == 1; });
    });
    Single mesh({server.address()}, [](json& cluster, json&) { speak_http2(cluster); });
    HttpClient client(mesh.entry());
    const Seen seen = client.ask("GET", "/");
    CHECK((seen.status == 502 || seen.status == 503));
    CHECK(eventually([&] { return reset.load(); }));
    CHECK(mesh.sidecar.counts(1, "outrider_rejections_total",
                              {"side=\"upstream\"", "reason=\"http2_malformed_message\""}));
  }
}

TEST_CASE("H2-38: a server that allows no stream lets requests wait for their timeout, no longer") {
  FrameServer server([](FramePeer&) {}, raw::setting(raw::max_concurrent_streams, 0));
  Single mesh({server.address()}, [](json& cluster, json& route) {
    speak_http2(cluster);
    route["route"]["timeout"] = "5s";
  });
  HttpClient client(mesh.entry());
  for (int i = 0; i < 2; ++i) {
    Call call = client.start("GET", "/");
    REQUIRE(eventually([&] { return mesh.sidecar.gauges("app").requests == 1; }));
    mesh.sidecar.advance(6s);
    CHECK(call.result().status == 504);
  }
  CHECK(mesh.sidecar.counts(2, "istio_requests_total", {"response_code=\"504\"", "response_flags=\"UT\""}));
}

TEST_CASE(
    "H2-38: a server whose GOAWAY takes no request at all is given up after the attempts that are allowed") {
  FrameServer server(
      [](FramePeer& peer) { peer.send(raw::frame(raw::GoAway, 0, 0, raw::number(0) + raw::number(0))); });
  Single mesh({server.address()}, [](json& cluster, json&) { speak_http2(cluster); });
  HttpClient client(mesh.entry());
  const Seen seen = client.ask("GET", "/");
  CHECK(seen.status == 503);
  CHECK(server.connections == 2);  // the first try, and one to spare for what a GOAWAY refuses
}

}  // namespace
}  // namespace outrider::scenario
