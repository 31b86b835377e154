// Whole sidecars against HTTP/2 clients of ill will: each attack is closed in time and has its counter,
// a well-behaved caller beside it notices nothing, and nothing is left behind. The exact limits are in
// tests/unit/core/http2_limits_test.cpp.

#include "tests/harness/frame_peer.hpp"
#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

using namespace std::chrono_literals;

std::uint32_t odd(std::uint32_t i) { return 2 * i + 1; }

Fields get(const std::string& path) {
  return {{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "app"}};
}

// One sidecar before an HTTP/2 application, and a caller who only wants to be served.
struct Attacked {
  Attacked() : mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); }) {}

  [[nodiscard]] double refusals(const std::string& reason) {
    return sample(mesh.sidecar.metrics(), "outrider_rejections_total",
                  {"side=\"downstream\"", "reason=\"" + reason + "\""});
  }
  // The sidecar is as it was: it serves, and holds nothing of the attacker.
  void expect_calm() {
    CHECK(canary.ask("GET", "/bytes/100").status == 200);
    CHECK(eventually([&] { return mesh.sidecar.gauges("app").requests == 0; }));
    CHECK(eventually([&] { return app.requests == app.finished + app.cancelled || app.open <= 2; }));
  }

  App app;
  Single mesh;
  HttpClient canary{mesh.entry()};
};

struct Flood {
  std::string name;
  std::function<std::string(std::uint32_t)> unit;
  const char* reason;
  int most = 1500;
  std::string before{};
};

std::string ping() { return raw::frame(raw::Ping, 0, 0, "12345678"); }

// A large entry in the dynamic table, and references to it.
std::string bomb(const std::string& name, const std::string& value, std::size_t references) {
  return raw::block(get("/hang")) + '\x40' + raw::text(name) + raw::text(value) +
         std::string(references, '\xbe');
}

const Flood floods[] = {
    {"H2-01: rapid reset",
     [](std::uint32_t i) {
       return raw::headers(odd(i), get("/hang")) + raw::frame(raw::Rst, 0, odd(i), raw::number(8));
     },
     "http2_reset_flood"},
    {"H2-05: made-you-reset by a window that overflows",
     [](std::uint32_t i) {
       return raw::headers(odd(i), get("/hang")) +
              raw::frame(raw::Window, 0, odd(i), raw::number(0x7fffffff));
     },
     "http2_broken_streams", 140},
    {"H2-06: made-you-reset by a body longer than its content-length",
     [](std::uint32_t i) {
       return raw::headers(odd(i), raw::with(get("/hang"), {{"content-length", "1"}}), false) +
              raw::frame(raw::Data, raw::end_stream, odd(i), "12");
     },
     "http2_broken_streams", 140},
    {"H2-09: PING, the answers read", [](std::uint32_t) { return ping(); }, "http2_control_flood"},
    {"H2-10: SETTINGS", [](std::uint32_t) { return raw::frame(raw::Settings, 0, 0); }, "http2_control_flood"},
    {"H2-11: DATA without data", [](std::uint32_t) { return raw::frame(raw::Data, 0, 1); },
     "http2_empty_frames", 140, raw::headers(1, get("/hang"), false)},
    {"H2-11: HEADERS without fields", [](std::uint32_t i) { return raw::headers_of(odd(i), {}); },
     "http2_broken_streams", 140},
    {"H2-12: names without a letter",
     [](std::uint32_t i) {
       return raw::headers(odd(i), raw::with(get("/hang"), {{"", ""}}));
     },
     "http2_broken_streams", 140},
    {"H2-15: PRIORITY churn",
     [](std::uint32_t i) {
       return raw::frame(raw::Priority, 0, odd(i % 50 + 1), raw::number(odd(i % 49 + 60)) + "\x10");
     },
     "http2_control_flood"},
    {"H2-16: malformed requests",
     [](std::uint32_t i) {
       return raw::headers(odd(i), raw::with(get("/hang"), {{"Upper", "x"}}));
     },
     "http2_broken_streams", 140},
    {"H2-19: HPACK bomb",
     [](std::uint32_t i) { return raw::headers_of(odd(i), bomb("x", std::string(3900, 'v'), 15'000)); },
     "http2_header_flood", 20},
    {"H2-20: cookie crumbs",
     [](std::uint32_t i) { return raw::headers_of(odd(i), bomb("cookie", "a", 16'000)); },
     "http2_header_flood", 20},
    {"H2-21: host, again and again",
     [](std::uint32_t i) { return raw::headers_of(odd(i), bomb("host", "app", 15'000)); },
     "http2_broken_streams", 140},
    {"H2-36: GOAWAY",
     [](std::uint32_t) { return raw::frame(raw::GoAway, 0, 0, raw::number(0) + raw::number(0)); },
     "http2_control_flood", 1500, raw::headers(1, get("/hang"))},
    {"H2-31: frames of unknown types",
     [](std::uint32_t) { return raw::frame(static_cast<raw::Type>(0xfa), 0xff, 1, "x"); },
     "http2_control_flood"},
};

TEST_CASE(
    "every flood of the catalogue ends its connection within its limit, is counted, and disturbs nobody") {
  Attacked attacked;
  for (const Flood& flood : floods) {
    CAPTURE(flood.name);
    const double before = attacked.refusals(flood.reason);
    {
      FramePeer attacker(attacked.mesh.entry());
      attacker.send(flood.before);
      CHECK(attacker.units_until_end(flood.unit, flood.most) <= flood.most);
    }
    CHECK(eventually([&] { return attacked.refusals(flood.reason) == before + 1; }));
    attacked.expect_calm();
  }
}

TEST_CASE("H2-09, H2-10: a client that asks for answers and reads none is gone after 500 of them") {
  Attacked attacked;
  for (const std::string& unit : {ping(), raw::frame(raw::Settings, 0, 0)}) {
    const double before = attacked.refusals("http2_ack_flood");
    FramePeer attacker(attacked.mesh.entry());
    std::string all;
    for (int i = 0; i < 1500; ++i) all += unit;
    attacker.send(all);
    CHECK(attacker.ended());
    CHECK(eventually([&] {
      return attacked.refusals("http2_ack_flood") + attacked.refusals("http2_control_flood") == before + 1;
    }));
    attacked.expect_calm();
  }
}

TEST_CASE("H2-01, H2-05: what is broken off in the turn in which it came costs no connection upstream") {
  for (const auto& [type, payload] : {std::pair{raw::Rst, raw::number(8)}, std::pair{raw::Window, raw::number(0x7fffffff)}}) {
    App app;
    Single mesh({app.address()});
    FramePeer attacker(mesh.entry());
    REQUIRE(attacker.ping());
    std::string burst;
    for (std::uint32_t i = 0; i < 20; ++i) {
      burst += raw::headers(odd(i), get("/hang")) + raw::frame(type, 0, odd(i), payload);
    }
    attacker.send(burst);
    REQUIRE(attacker.ping());
    CHECK(app.connections == 0);
    attacker.send(raw::headers(odd(20), get("/bytes/1")));
    CHECK(attacker.await([](const raw::Answers& heard) { return heard.headers == 1; }));
    CHECK(app.connections == 1);
  }
}

struct Refusal {
  std::string name;
  std::string bytes;
  const char* reason;
  std::uint32_t code;  // of the GOAWAY; 0: there is none
};

std::string thirty_three_settings() {
  std::string entries;
  for (int i = 0; i < 33; ++i) entries += raw::setting(raw::initial_window_size, 65'535);
  return raw::frame(raw::Settings, 0, 0, entries);
}

std::string continuations(std::size_t count, std::string_view each) {
  std::string bytes = raw::frame(raw::Headers, raw::end_stream, 1, raw::block(get("/hang")).substr(0, 1));
  for (std::size_t i = 0; i < count; ++i) bytes += raw::frame(raw::Continuation, 0, 1, each);
  return bytes;
}

const Refusal refusals[] = {
    {"H2-04: WINDOW_UPDATE of nothing on a stream",
     raw::headers(1, get("/hang")) + raw::frame(raw::Window, 0, 1, raw::number(0)), "http2_protocol_error",
     1},
    {"H2-07: DATA after END_STREAM", raw::headers(1, get("/hang")) + raw::frame(raw::Data, 0, 1, "x"),
     "http2_ended_stream", 5},
    {"H2-07: HEADERS after END_STREAM", raw::headers(1, get("/hang")) + raw::headers(1, {{"t", "1"}}),
     "http2_ended_stream", 5},
    {"H2-08: PRIORITY of a wrong length",
     raw::headers(1, get("/hang")) + raw::frame(raw::Priority, 0, 1, "1234"), "http2_protocol_error", 6},
    {"H2-08: PRIORITY on itself", raw::frame(raw::Priority, 0, 1, raw::number(1) + "\x10"),
     "http2_protocol_error", 1},
    {"H2-10: SETTINGS of 33 entries", thirty_three_settings(), "http2_protocol_error", 11},
    {"H2-17: CONTINUATION without content", continuations(9, ""), "http2_header_flood", 0},
    {"H2-17: CONTINUATION of one byte", continuations(9, "x"), "http2_header_flood", 0},
    {"H2-17: CONTINUATION of 11 KiB", continuations(9, std::string(11 * 1024, 'x')), "http2_header_flood", 0},
    {"H2-22: an index that is not in the table", raw::headers_of(1, "\xfe"), "http2_compression_error", 9},
    {"H2-30: an even stream", raw::headers(2, get("/hang")), "http2_protocol_error", 1},
    {"H2-30: a stream that was passed over", raw::headers(5, get("/hang")) + raw::headers(3, get("/hang")),
     "http2_protocol_error", 1},
    {"H2-31: DATA on stream 0", raw::frame(raw::Data, 0, 0, "x"), "http2_protocol_error", 1},
    {"H2-31: padding as long as its frame",
     raw::headers(1, get("/hang"), false) + raw::frame(raw::Data, 8, 1, "\x02x"), "http2_protocol_error", 1},
    {"H2-31: a frame of 16,385 bytes",
     raw::headers(1, get("/hang"), false) + raw::frame(raw::Data, 0, 1, std::string(16'385, 'x')),
     "http2_protocol_error", 6},
    {"H2-31: PUSH_PROMISE from a client", raw::frame(raw::Push, raw::end_headers, 1, raw::number(2)),
     "http2_protocol_error", 1},
};

TEST_CASE(
    "what RFC 9113 forbids a connection ends it with the code of the RFC, and is counted by its reason") {
  Attacked attacked;
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.name);
    const double before = attacked.refusals(refusal.reason);
    {
      FramePeer attacker(attacked.mesh.entry());
      attacker.send(refusal.bytes);
      CHECK(attacker.ended());
      const auto& goaways = attacker.heard().goaways;
      CHECK((goaways.empty() ? 0 : goaways[0]) == refusal.code);
    }
    CHECK(eventually([&] { return attacked.refusals(refusal.reason) == before + 1; }));
    attacked.expect_calm();
  }
}

TEST_CASE(
    "H2-24 to H2-28: malformed requests are reset and counted, and the application never hears of them") {
  Attacked attacked;
  attacked.expect_calm();
  const int known = attacked.app.requests;
  const std::string nul("a\0b", 3);
  const Fields cases[] = {
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "app"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", ""}, {":authority", "app"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/\r\nx: y"}, {":authority", "app"}},
      raw::with(get("/echo"), {{":status", "200"}}),
      raw::with(get("/echo"), {{":color", "red"}}),
      raw::with({{"x", "y"}}, get("/echo")),
      raw::with(get("/echo"), {{"a b", "x"}}),
      raw::with(get("/echo"), {{"a", "x\r\ny: z"}}),
      raw::with(get("/echo"), {{"a", nul}}),
      raw::with(get("/echo"), {{"connection", "close"}}),
      raw::with(get("/echo"), {{"transfer-encoding", "chunked"}}),
      raw::with(get("/echo"), {{"te", "gzip"}}),
      raw::with(get("/echo"), {{"host", "other"}}),
      raw::with(get("/echo"), {{"content-length", "5"}}),
      raw::with(get("/echo"), {{"content-length", "+5"}}),
      raw::with(get("/echo"), {{"content-length", "0"}, {"content-length", "0"}})};
  FramePeer attacker(attacked.mesh.entry());
  double refused = 0;
  for (const Fields& fields : cases) {
    CAPTURE(fields.back().first);
    CAPTURE(fields.back().second);
    attacker.send(raw::headers(odd(static_cast<std::uint32_t>(refused)), fields));
    refused += 1;
    CHECK(attacker.await(
        [&](const auto& heard) { return heard.resets.size() == static_cast<std::size_t>(refused); }));
    CHECK(eventually([&] { return attacked.refusals("http2_malformed_message") == refused; }));
  }
  CHECK(attacked.app.requests == known);
  attacked.expect_calm();
}

TEST_CASE("H2-28: trailers with pseudo headers or without an end break their request off, and are counted") {
  Attacked attacked;
  FramePeer attacker(attacked.mesh.entry());
  const std::string trailers[] = {raw::headers(1, {{":path", "/"}}), raw::headers(3, {{"x", "y"}}, false)};
  for (std::uint32_t i = 0; i < 2; ++i) {
    attacker.send(raw::headers(odd(i), get("/hang"), false) + raw::frame(raw::Data, 0, odd(i), "x") +
                  trailers[i]);
    CHECK(attacker.await([&](const auto& heard) { return heard.resets.size() == i + 1; }));
  }
  CHECK(eventually([&] { return attacked.refusals("http2_malformed_message") == 2; }));
  CHECK(eventually([&] { return attacked.app.cancelled == attacked.app.requests; }));
  attacked.expect_calm();
}

TEST_CASE(
    "H2-03: 100 requests and their 100 resets in one segment reach the application 64 a turn at most, and "
    "leave it") {
  Attacked attacked;
  FramePeer attacker(attacked.mesh.entry());
  std::string segment;
  for (std::uint32_t i = 0; i < 100; ++i) segment += raw::headers(odd(i), get("/hang"));
  for (std::uint32_t i = 0; i < 100; ++i) segment += raw::frame(raw::Rst, 0, odd(i), raw::number(8));
  attacker.send(segment);
  CHECK(attacker.ping());
  CHECK(eventually([&] { return attacked.app.requests == attacked.app.cancelled; }));
  attacked.expect_calm();
}

TEST_CASE("H2-05: a stream that its client has reset counts against the limit until it is over upstream") {
  Attacked attacked;
  attacked.expect_calm();
  const int known = attacked.app.requests;
  FramePeer attacker(attacked.mesh.entry());
  std::string waiting, reset;
  for (std::uint32_t i = 0; i < 60; ++i) waiting += raw::headers(odd(i), get("/hang"));
  attacker.send(waiting);
  REQUIRE(eventually([&] { return attacked.app.requests == known + 60; }));
  for (std::uint32_t i = 60; i < 110; ++i) {
    reset += raw::headers(odd(i), get("/hang")) + raw::frame(raw::Rst, 0, odd(i), raw::number(8));
  }
  attacker.send(reset);  // one segment, one turn: 40 find room beside the 60
  CHECK(attacker.ping());
  CHECK(attacked.refusals("http2_too_many_streams") == 10);
  reset.clear();
  for (std::uint32_t i = 110; i < 150; ++i) {
    reset += raw::headers(odd(i), get("/hang")) + raw::frame(raw::Rst, 0, odd(i), raw::number(8));
  }
  attacker.send(reset);  // those before are over by now
  CHECK(attacker.ping());
  CHECK(attacked.refusals("http2_too_many_streams") == 10);
  CHECK(attacker.heard().goaways.empty());
}

TEST_CASE("H2-02: 30 resets a second for a minute are served") {
  Attacked attacked;
  FramePeer peer(attacked.mesh.entry());
  for (std::uint32_t second = 0; second < 60; ++second) {
    for (std::uint32_t i = 0; i < 30; ++i) {
      const std::uint32_t id = odd(second * 30 + i);
      peer.send(raw::headers(id, get("/hang")) + raw::frame(raw::Rst, 0, id, raw::number(8)));
    }
    REQUIRE(peer.ping());
    attacked.mesh.sidecar.advance(1s);
  }
  CHECK(attacked.refusals("http2_reset_flood") == 0);
  CHECK(peer.heard().goaways.empty());
  attacked.expect_calm();
}

TEST_CASE(
    "H2-13, H2-34: answers that nobody gives a window for hold no more than they are, and end with the idle "
    "time") {
  for (const std::uint32_t window : {0U, 1U}) {
    CAPTURE(window);
    Attacked attacked;
    FramePeer attacker(attacked.mesh.entry(), raw::setting(raw::initial_window_size, window));
    for (std::uint32_t i = 0; i < 100; ++i) attacker.send(raw::headers(odd(i), get("/bytes/10000000")));
    CHECK(attacker.await([](const auto& heard) { return heard.headers == 100; }));
    CHECK(attacker.await([&](const auto& heard) { return heard.data == 100 * window; }));
    // Each stream holds its window upstream and what is on its way, not the 10 MB.
    CHECK(attacked.app.sent < 100ULL * 1024 * 1024);
    attacked.mesh.sidecar.advance(6min);
    CHECK(attacker.await([](const auto& heard) { return heard.resets.size() == 100; }));
    attacked.expect_calm();
  }
}

TEST_CASE("H2-36: a client that has said GOAWAY may still have its answers") {
  Attacked attacked;
  FramePeer peer(attacked.mesh.entry());
  peer.send(raw::headers(1, get("/bytes/5")) +
            raw::frame(raw::GoAway, 0, 0, raw::number(0) + raw::number(0)));
  CHECK(peer.await([](const auto& heard) { return heard.data == 5; }));
  attacked.expect_calm();
}

TEST_CASE("H2-23: a header table of 0, then of 4 GiB, changes no answer") {
  Attacked attacked;
  FramePeer peer(attacked.mesh.entry());
  std::size_t answers = 0;
  for (const std::uint32_t size : {0U, 0xffffffffU, 4096U}) {
    peer.send(raw::frame(raw::Settings, 0, 0, raw::setting(raw::header_table_size, size)) +
              raw::headers(odd(static_cast<std::uint32_t>(answers)), get("/bytes/5")));
    ++answers;
    CHECK(peer.await([&](const auto& heard) { return heard.data == 5 * answers; }));
  }
  CHECK(peer.heard().goaways.empty());
}

TEST_CASE("H2-37: CONNECT is refused, with and without a protocol, and the application never hears of it") {
  Attacked attacked;
  attacked.expect_calm();
  const int known = attacked.app.requests;
  FramePeer peer(attacked.mesh.entry());
  peer.send(raw::headers(1, {{":method", "CONNECT"}, {":authority", "app:80"}}));
  CHECK(peer.await([](const auto& heard) { return heard.headers == 1; }));
  peer.send(raw::headers(3, raw::with({{":method", "CONNECT"}, {":protocol", "websocket"}},
                                      {{":scheme", "http"}, {":path", "/"}, {":authority", "app"}})));
  CHECK(peer.await([](const auto& heard) { return heard.resets.size() >= 1; }));
  CHECK(attacked.app.requests == known);
  attacked.expect_calm();
}

TEST_CASE("H2-32: a preface that is none ends the connection without a word, and is counted") {
  Attacked attacked;
  RawClient client(attacked.mesh.entry());
  client.send("INVALID CONNECTION PREFACE\r\n\r\n");
  CHECK(client.ended());
  CHECK(eventually([&] { return attacked.refusals("bad_preface") == 1; }));
  attacked.expect_calm();
}

}  // namespace
}  // namespace outrider::scenario
