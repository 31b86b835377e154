// What one HTTP/2 peer may cost: the limits of Http2Gate and Http2Codec, one by one, in memory. Each
// names the row of the attack catalogue; tests/conformance holds whole sidecars against them.

#include "core/protocol/http2_codec.hpp"
#include "tests/unit/core/met.hpp"

namespace outrider::test {
namespace {

using protocol::Http2Codec;
using protocol::Rejection;
using protocol::Role;
using raw::Answers;

std::string rapid_reset(std::uint32_t i) {
  return raw::headers(odd(i), raw::get) + raw::frame(raw::Rst, 0, odd(i), raw::number(8));
}

void expect_end(Met& met, Rejection why) {
  REQUIRE(met.side.violations.size() == 1);
  CHECK(protocol::token(met.side.violations[0]) == protocol::token(why));
  CHECK_FALSE(met.codec.wants_input());
}

TEST_CASE("H2-01: a peer that resets what it asks for is sent away after 500 such requests") {
  Met server(Role::Server);
  CHECK(server.units(rapid_reset, 1500) <= 501);
  expect_end(server, Rejection::ResetFlood);
  CHECK(server.codec.open_streams() <= 1);
}

TEST_CASE("H2-02: 30 resets a second are served for a minute and longer") {
  Met server(Role::Server);
  for (std::uint32_t second = 0; second < 120; ++second) {
    for (std::uint32_t i = 0; i < 30; ++i) server.send(rapid_reset(second * 30 + i));
    REQUIRE(server.codec.wants_input());
    server.codec.pass(1);
  }
  CHECK(server.side.count() == 3600);
  CHECK(server.side.violations.empty());
}

TEST_CASE("H2-01: resets after whole answers are no flood, however many they are") {
  Met server(Role::Server);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    server.send(raw::headers(odd(i), raw::get, false));
    server.codec.send_head(*server.side.last().stream, *response(200), true);
    server.side.produce_all();
    server.send(raw::frame(raw::Rst, 0, odd(i), raw::number(0)));
  }
  CHECK(server.side.count() == 2000);
  CHECK(server.side.violations.empty());
}

TEST_CASE("H2-05, H2-06, H2-11, H2-12, H2-16, H2-21: a peer that makes us reset 100 streams is sent away") {
  const std::function<std::string(std::uint32_t)> units[] = {
      [](std::uint32_t i) {
        return raw::headers(odd(i), raw::get) + raw::frame(raw::Window, 0, odd(i), raw::number(0x7fffffff));
      },
      [](std::uint32_t i) {
        return raw::headers(odd(i), raw::with(raw::get, {{"content-length", "1"}}), false) +
               raw::frame(raw::Data, raw::end_stream, odd(i), "12");
      },
      [](std::uint32_t i) { return raw::headers_of(odd(i), {}); },
      [](std::uint32_t i) {
        return raw::headers(odd(i), raw::with(raw::get, {{"", ""}}));
      },
      [](std::uint32_t i) {
        return raw::headers(odd(i), raw::with(raw::get, {{"Upper", "x"}}));
      },
      [](std::uint32_t i) {
        return raw::headers(odd(i), raw::with(raw::get, Fields(500, {"host", "shop.test"})));
      }};
  for (const auto& unit : units) {
    Met server(Role::Server);
    CHECK(server.units(unit, 1500) == 100);
    expect_end(server, Rejection::BrokenStreams);
    CHECK(server.side.rejections.size() == 100);
  }
}

TEST_CASE(
    "H2-16: streams beyond the number that we allow are refused, and a peer that goes on is sent away") {
  // Before it has acknowledged our SETTINGS, it may not know the number: RST_STREAM.
  Http2Codec early(Role::Server, {});
  Side side(early);
  side.receive(std::string(raw::preface) + raw::frame(raw::Settings, 0, 0));
  std::uint32_t i = 0;
  for (; i < 1500 && !early.finished(); ++i) {
    side.receive(raw::headers(odd(i), raw::get));
    side.produce_all();
  }
  CHECK(i == 1100);
  CHECK(side.count() == 100);
  CHECK(side.rejections.size() == 1000);
  CHECK(side.violations == std::vector{Rejection::BrokenStreams});
  // After, it does: the connection.
  Met late(Role::Server);
  CHECK(late.units([](std::uint32_t n) { return raw::headers(odd(n), raw::get); }, 1500) == 101);
  expect_end(late, Rejection::ProtocolError);
  CHECK(late.side.count() == 100);
}

TEST_CASE("H2-09, H2-10: PING or SETTINGS whose answers are not read end the connection at 500") {
  for (const std::string& unit : {raw::frame(raw::Ping, 0, 0, "12345678"), raw::frame(raw::Settings, 0, 0)}) {
    Met server(Role::Server);
    int sent = 0;
    while (server.codec.wants_input() && sent < 1500) {
      server.side.receive(unit);
      ++sent;
    }
    CHECK(sent <= 502);
    expect_end(server, Rejection::AckFlood);
  }
}

TEST_CASE(
    "H2-09, H2-10, H2-15, H2-36: frames that move no request forward end the connection after 1,000, from "
    "either side") {
  for (const Role role : {Role::Server, Role::Client}) {
    const std::uint32_t last = role == Role::Client ? 0x7fffffff : 0;
    const std::string units[] = {raw::frame(raw::Ping, 0, 0, "12345678"),
                                 raw::frame(raw::Ping, raw::ack, 0, "12345678"),
                                 raw::frame(raw::Settings, 0, 0),
                                 raw::frame(raw::Window, 0, 0, raw::number(1)),
                                 raw::frame(raw::Priority, 0, 7, raw::number(3) + "\x10"),
                                 raw::frame(raw::GoAway, 0, 0, raw::number(last) + raw::number(0)),
                                 raw::frame(static_cast<raw::Type>(0xfa), 0, 0),
                                 raw::frame(static_cast<raw::Type>(10), 0, 0)};
    for (const std::string& unit : units) {
      CAPTURE(static_cast<int>(unit[3]));
      Met met(role);
      if (role == Role::Server) met.send(raw::headers(1, raw::get, false));
      CHECK(met.units([&](std::uint32_t) { return unit; }, 1500) <= 1001);
      expect_end(met, Rejection::ControlFlood);
    }
  }
}

TEST_CASE("H2-15: with requests, data or time between them such frames are welcome") {
  const std::string ping = raw::frame(raw::Ping, 0, 0, "12345678");
  Met server(Role::Server);
  for (std::uint32_t i = 0; i < 100; ++i) {
    std::string pings;
    for (int j = 0; j < 90; ++j) pings += ping;
    server.send(pings + raw::headers(odd(i), raw::get));
    server.codec.send_head(*server.side.last().stream, *response(200), true);
  }
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 90; ++j) server.send(ping);
    server.codec.pass(1);
  }
  CHECK(server.side.violations.empty());
  CHECK(server.side.count() == 100);
}

TEST_CASE(
    "H2-11: 100 DATA frames in a row without data end the connection, padding is no data; from either side") {
  for (const Role role : {Role::Server, Role::Client}) {
    for (const std::string& unit :
         {raw::frame(raw::Data, 0, 1), raw::frame(raw::Data, 8, 1, std::string("\3\0\0\0", 4))}) {
      Met met(role);
      met.send(role == Role::Server ? raw::headers(1, raw::get, false)
                                    : raw::headers(1, {{":status", "200"}}, false));
      CHECK(met.units([&](std::uint32_t) { return unit; }, 1500) == 101);
      expect_end(met, Rejection::EmptyFrames);
    }
  }
}

// A large entry in the dynamic table, and many references to it.
std::string bomb(const std::string& name, const std::string& value, std::size_t references) {
  return raw::block(raw::get) + '\x40' + raw::text(name) + raw::text(value) + std::string(references, '\xbe');
}

TEST_CASE(
    "H2-19, H2-20: header blocks that unpack to megabytes are answered 431, and end the connection after 4 "
    "MiB") {
  struct Case {
    std::string block;
    int most;
    std::size_t answered;  // at least; the first does not get to its end
  };
  const Case cases[] = {{bomb("x", std::string(3900, 'v'), 15'000), 1, 0}, {bomb("cookie", "a", 16'000), 8, 1}};
  for (const Case& entry : cases) {
    Met server(Role::Server);
    CHECK(server.units([&](std::uint32_t i) { return raw::headers_of(odd(i), entry.block); }, 100) <=
          entry.most);
    expect_end(server, Rejection::HeaderFlood);
    CHECK(server.side.count() == 0);
    CHECK(server.side.refused.size() >= entry.answered);
  }
}

TEST_CASE("H2-19: heads that are too large end the connection after 100, fewer in a second do not") {
  Fields many = raw::get;
  for (int i = 0; i < 97; ++i) many.emplace_back("x", "v");
  Met fast(Role::Server), slow(Role::Server);
  const auto unit = [&](std::uint32_t i) { return raw::headers(odd(i), many); };
  CHECK(fast.units(unit, 1500) == 101);
  expect_end(fast, Rejection::HeaderFlood);
  for (std::uint32_t i = 0; i < 300; ++i) {
    slow.send(unit(i));
    if (i % 10 == 9) slow.codec.pass(1);
  }
  CHECK(slow.side.refused.size() == 300);
  CHECK(slow.side.violations.empty());
}

TEST_CASE("H2-22: a header block that HPACK forbids ends the connection with COMPRESSION_ERROR") {
  const std::string good = raw::block(raw::get);
  const std::string cases[] = {
      "\x3f\xe1\xff\xff\xff\x0f" + good,                       // a table of 4 GiB
      good + "\x20",                                           // a size update that does not begin the block
      std::string("\x80", 1),                                  // index 0
      good + "\xfe",                                           // an index beyond the table
      good + std::string("\x00\x01x\x82\xff\xff", 6),          // Huffman: padding of more than 7 bits
      good + std::string("\x00\x01x\x84\xff\xff\xff\xff", 8),  // Huffman: EOS
      good + "\x7f\xff\xff\xff\xff\xff\x7f",                   // an integer of more than 5 bytes
      good + '\x40' + raw::text("x") + raw::text(std::string(70'000, 'v')),  // one field beyond 64 KiB
  };
  for (const std::string& block : cases) {
    CAPTURE(block.substr(0, 100));
    Met server(Role::Server);
    const Answers answers = server.send(raw::headers_of(1, block));
    REQUIRE(answers.goaways.size() == 1);
    CHECK(answers.goaways[0] == 9);
    expect_end(server, Rejection::CompressionError);
    CHECK(server.side.count() == 0);
  }
}

TEST_CASE(
    "H2-30: a request on a stream that was passed over ends the connection, trailers on an open one do not") {
  Met server(Role::Server);
  CHECK(
      server
          .send(raw::headers(5, raw::get, false) + raw::headers(9, raw::get) + raw::headers(5, {{"t", "1"}}))
          .goaways.empty());
  const Answers answers = server.send(raw::headers(7, raw::get));
  REQUIRE(answers.goaways.size() == 1);
  CHECK(answers.goaways[0] == 1);
  expect_end(server, Rejection::ProtocolError);
  CHECK(server.side.count() == 2);
}

TEST_CASE("H2-30: after the last stream id there is no other") {
  Met server(Role::Server);
  CHECK(server.send(raw::headers(0x7fffffff, raw::get)).goaways.empty());
  CHECK(server.side.count() == 1);
  server.send(raw::headers(0x7ffffffd, raw::get));
  expect_end(server, Rejection::ProtocolError);
  CHECK(server.side.count() == 1);
}

TEST_CASE(
    "H2-07: DATA or HEADERS after the sender has ended its stream end the connection with STREAM_CLOSED, "
    "from either side") {
  for (const Role role : {Role::Server, Role::Client}) {
    for (const bool by_reset : {false, true}) {
      for (const bool data : {false, true}) {
        Met met(role);
        const Fields fields = role == Role::Server ? raw::get : Fields{{":status", "200"}};
        met.send(raw::headers(1, fields, !by_reset));
        if (by_reset) met.send(raw::frame(raw::Rst, 0, 1, raw::number(8)));
        const Answers answers =
            met.send(data ? raw::frame(raw::Data, 0, 1, "late") : raw::headers(1, fields));
        REQUIRE(answers.goaways.size() == 1);
        CHECK(answers.goaways[0] == 5);
        expect_end(met, Rejection::EndedStream);
      }
    }
  }
}

TEST_CASE("H2-07: what was on its way when we reset a stream is no fault") {
  Met server(Role::Server);
  server.send(raw::headers(1, raw::get, false));
  server.codec.reset(*server.side.last().stream, ErrorCode::Cancel);
  server.side.produce_all();
  CHECK(server.send(raw::frame(raw::Data, 0, 1, "late") + raw::headers(1, {{"t", "1"}})).goaways.empty());
  CHECK(server.side.violations.empty());
  server.send(raw::headers(3, raw::get));
  CHECK(server.side.count() == 2);
}

TEST_CASE(
    "H2-29: 100 informational answers pass, one more breaks the stream off, and a flood ends the "
    "connection") {
  const std::string early = raw::headers(1, {{":status", "103"}}, false);
  Met few(Role::Client);
  for (int i = 0; i < 100; ++i) few.send(early);
  few.send(raw::headers(1, {{":status", "200"}}));
  CHECK(few.call->informational.size() == 100);
  CHECK(few.call->ended);
  Met many(Role::Client);
  CHECK(many.units([&](std::uint32_t) { return early; }, 10'000) <= 1001);
  CHECK(many.call->resets == 1);
  CHECK(many.call->informational.size() == 100);
  expect_end(many, Rejection::ControlFlood);
}

TEST_CASE("H2-38: a server that allows no stream is left when nothing is under way to it") {
  Met client(Role::Client);
  client.send(raw::headers(1, {{":status", "200"}}));
  CHECK_FALSE(client.codec.finished());
  client.send(raw::frame(raw::Settings, 0, 0, raw::setting(raw::max_concurrent_streams, 0)));
  CHECK_FALSE(client.codec.can_open());
  CHECK(client.codec.finished());
}

TEST_CASE("H2-35: windows that SETTINGS make negative, and large again, lose nothing of a body") {
  Met server(Role::Server);
  server.send(raw::headers(1, raw::get));
  Stream& stream = *server.side.last().stream;
  server.codec.send_head(stream, *response(200), false);
  server.codec.send_data(stream, bytes_of(body_of(200'000)), true);
  std::size_t got = raw::answers(server.side.produce_all()).data;
  CHECK(got == 65'535);
  const auto window = [&](std::uint32_t size) {
    return server.send(raw::frame(raw::Settings, 0, 0, raw::setting(raw::initial_window_size, size)) +
                       raw::frame(raw::Window, 0, 0, raw::number(100'000)));
  };
  CHECK(window(0).data == 0);
  CHECK(window(65'535).data == 0);
  got += window(265'535).data;
  CHECK(got == 200'000);
  CHECK(server.side.violations.empty());
}

TEST_CASE("a refusal by nghttp2 itself is told with the rule that was broken") {
  Met server(Role::Server);
  server.send(raw::frame(raw::Data, 0, 0, "x"));
  expect_end(server, Rejection::ProtocolError);
  CHECK(server.side.told.starts_with("the peer broke the HTTP/2 protocol: DATA"));
  Met other(Role::Server);
  other.send(raw::headers(1, raw::with(raw::get, {{"connection", "close"}})));
  REQUIRE(other.side.rejections.size() == 1);
  CHECK(other.side.rejections[0] == Rejection::MalformedMessage);
}

}  // namespace
}  // namespace outrider::test
