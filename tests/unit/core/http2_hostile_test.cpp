// Http2Codec against peers of ill will: the cases of the attack catalogue that a codec answers.

#include "core/base/random.hpp"
#include "core/protocol/http2_codec.hpp"
#include "tests/unit/core/met.hpp"

namespace outrider::test {
namespace {

using protocol::Http2Codec;
using protocol::Role;
using raw::Answers;

struct Server : Met {
  Server() : Met(Role::Server) {}
};
struct Client : Met {
  Client() : Met(Role::Client) {}
};

TEST_CASE("the hand-written request is a good one") {
  Server server;
  CHECK(server.send(raw::headers(1, raw::get)).resets.empty());
  REQUIRE(server.side.count() == 1);
  CHECK(server.side.last().authority == "shop.test");
}

TEST_CASE("malformed requests are reset, and their owner never hears of them (H2-24 to H2-27)") {
  const std::string nul("a\0b", 3);
  const Fields cases[] = {
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},  // no authority, no host
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}},
      {{":method", "GET"}, {":path", "/"}, {":authority", "a"}},
      {{":scheme", "http"}, {":path", "/"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", ""}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "a"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/ HTTP/1.1"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/\r\nx: y"}, {":authority", "a"}},
      {{":method", "G T"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a\r\nb"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "user@a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a,b"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a:99999"}},
      raw::with(raw::get, {{":method", "GET"}}),
      raw::with(raw::get, {{":status", "200"}}),
      raw::with(raw::get, {{":color", "red"}}),
      raw::with({{"x", "y"}}, raw::get),
      raw::with(raw::get, {{"Upper", "x"}}),
      raw::with(raw::get, {{"a b", "x"}}),
      raw::with(raw::get, {{"a:b", "x"}}),
      raw::with(raw::get, {{"a\r\nb", "x"}}),
      raw::with(raw::get, {{"", "x"}}),
      raw::with(raw::get, {{"a", "x\r\ny: z"}}),
      raw::with(raw::get, {{"a", "x\ny"}}),
      raw::with(raw::get, {{"a", nul}}),
      raw::with(raw::get, {{"connection", "close"}}),
      raw::with(raw::get, {{"keep-alive", "1"}}),
      raw::with(raw::get, {{"proxy-connection", "close"}}),
      raw::with(raw::get, {{"transfer-encoding", "chunked"}}),
      raw::with(raw::get, {{"upgrade", "x"}}),
      raw::with(raw::get, {{"te", "gzip"}}),
      raw::with(raw::get, {{"host", "other.test"}}),
      raw::with(raw::get, {{"host", "shop.test"}, {"host", "shop.test"}}),
      raw::with(raw::get, {{"content-length", "5"}}),  // and no body
      raw::with(raw::get, {{"content-length", "-1"}}),
      raw::with(raw::get, {{"content-length", "+5"}}),
      raw::with(raw::get, {{"content-length", "0"}, {"content-length", "0"}}),
      raw::with(raw::get, {{"content-length", "99999999999999999999"}}),
  };
  for (const Fields& fields : cases) {
    CAPTURE(fields.back().first);
    CAPTURE(fields.back().second);
    Server server;
    const Answers answers = server.send(raw::headers(1, fields));
    CHECK(answers.resets.size() + answers.goaways.size() >= 1);
    CHECK(server.side.count() == 0);
    CHECK(server.codec.open_streams() == 0);
  }
}

TEST_CASE("a body that is not what content-length says breaks the stream off") {
  for (const std::string_view body : {"1234", "123456"}) {
    Server server;
    server.send(raw::headers(1, raw::with(raw::get, {{"content-length", "5"}}), false));
    REQUIRE(server.side.count() == 1);
    server.send(raw::frame(raw::Data, raw::end_stream, 1, body));
    CHECK_FALSE(server.side.last().ended);
    CHECK(server.side.last().resets == 1);
    CHECK(server.side.last().closed == 1);
  }
}

Fields many(std::size_t count) {
  Fields fields;
  for (std::size_t i = 0; i < count; ++i) fields.emplace_back("x-" + std::to_string(i), "v");
  return fields;
}

TEST_CASE(
    "96 fields pass; 97, or 64 KiB, are answered 431 without a stream; the next request is "
    "served") {
  Server server;
  server.send(raw::headers(1, raw::with(raw::get, many(96))));
  CHECK(server.side.count() == 1);
  const Fields cases[] = {
      raw::with(raw::get, many(97)), raw::with(raw::get, {{"x", std::string(64 * 1024, 'v')}}),
      raw::with(raw::get, Fields(200, {"cookie", "a"})), raw::with(raw::get, many(1000))};
  std::uint32_t id = 3;
  for (const Fields& fields : cases) {
    for (const bool ends : {true, false}) {
      const std::size_t refused = server.side.refused.size();
      const Answers answers = server.send(raw::headers(id, fields, ends));
      CHECK(answers.headers == 1);
      CHECK(answers.goaways.empty());
      REQUIRE(server.side.refused.size() == refused + 1);
      CHECK(server.side.refused.back() == 431);
      CHECK(server.side.count() == 1);
      if (!ends) server.send(raw::frame(raw::Data, raw::end_stream, id, "late"));
      id += 2;
    }
  }
  server.send(raw::headers(id, raw::get));
  CHECK(server.side.count() == 2);
  CHECK(server.codec.open_streams() == 2);
}

TEST_CASE(
    "trailers without an end, with pseudo headers, or 97 of them break the stream off (H2-28)") {
  const std::string cases[] = {raw::headers(1, {{"x", "y"}}, false),
                               raw::headers(1, {{":path", "/"}}), raw::headers(1, many(97))};
  for (const std::string& trailers : cases) {
    Server server;
    server.send(raw::headers(1, raw::get, false) + raw::frame(raw::Data, 0, 1, "x"));
    REQUIRE(server.side.count() == 1);
    server.send(trailers);
    CHECK(server.side.last().resets == 1);
    CHECK(server.side.last().closed == 1);
    CHECK_FALSE(server.side.last().ended);
  }
}

TEST_CASE("what an upstream may not answer breaks its stream off (H2-29)") {
  const std::string cases[] = {
      raw::headers(1, {{":status", "100"}}),
      raw::headers(1, {{":status", "101"}}, false),
      raw::headers(1, {{":status", "099"}}),
      raw::headers(1, {{":status", "999"}}),
      raw::headers(1, {{":status", "1000"}}),
      raw::headers(1, {{":status", "abc"}}),
      raw::headers(1, {{":status", ""}}),
      raw::headers(1, {{"x", "y"}}),
      raw::headers(1, raw::with({{":status", "200"}}, many(97))),
      raw::headers(1, {{":status", "200"}, {"content-length", "5"}}),
      raw::headers(1, {{":status", "200"}, {"content-length", "2"}}, false) +
          raw::frame(raw::Data, raw::end_stream, 1, "123"),
      raw::headers(1, {{":status", "200"}, {"connection", "close"}}),
      raw::headers(1, {{":status", "200"}}, false) + raw::headers(1, {{":status", "200"}}),
  };
  for (const std::string& bytes : cases) {
    CAPTURE(bytes);
    Client client;
    client.send(bytes);
    CHECK_FALSE(client.call->ended);
    CHECK(client.call->resets == 1);
    CHECK_FALSE(client.call->unprocessed);
    CHECK(client.call->closed == 1);
  }
}

TEST_CASE("a peer that resets, or is reset, without end is sent away (H2-01, H2-05)") {
  Server rapid;
  bool gone = false;
  std::uint32_t id = 1;
  for (; id < 2 * 3000 && !gone; id += 2) {
    rapid.send(raw::headers(id, raw::get) + raw::frame(raw::Rst, 0, id, raw::number(8)));
    gone = rapid.codec.finished();
  }
  CHECK(gone);
  CHECK(id / 2 <= 1500);
  Server made;
  for (id = 1, gone = false; id < 2 * 3000 && !gone; id += 2) {
    made.send(raw::headers(id, raw::get) + raw::frame(raw::Window, 0, id, raw::number(0x7fffffff)));
    gone = made.codec.finished();
  }
  CHECK(gone);
  CHECK(id / 2 <= 110);
}

TEST_CASE(
    "floods of empty DATA, PING, SETTINGS and CONTINUATION end the connection (H2-09 to H2-17)") {
  const auto ends = [](const std::string& before, const std::string& unit, int most) {
    Server server;
    server.side.receive(before);
    for (int i = 0; i < most; ++i) {
      server.side.receive(unit);  // nothing is read by the peer: nothing is produced
      if (server.codec.finished()) return true;
      if (i % 50 == 49 && raw::answers(server.side.produce(1)).goaways.size() == 1) return true;
    }
    return !raw::answers(server.side.produce_all()).goaways.empty() || server.codec.finished();
  };
  CHECK(ends(raw::headers(1, raw::get, false), raw::frame(raw::Data, 0, 1), 150));
  CHECK(ends({}, raw::frame(raw::Settings, 0, 0), 1500));
  CHECK(ends(raw::frame(raw::Headers, 0, 1, raw::block(raw::get)),
             raw::frame(raw::Continuation, 0, 1), 20));
  Server pinged;
  int pings = 0;
  for (; pings < 3000 && !pinged.codec.finished(); ++pings)
    pinged.side.receive(raw::frame(raw::Ping, 0, 0, "12345678"));
  CHECK(pings <= 1100);
}

TEST_CASE("broken frames end the connection with the code of their RFC") {
  struct Case {
    std::string bytes;
    std::uint32_t code;
  };
  const Case cases[] = {
      {raw::frame(raw::Data, 0, 0, "x"), 1},
      {raw::frame(raw::Headers, raw::end_headers, 2, raw::block(raw::get)), 1},
      {raw::frame(raw::Ping, 0, 0, "short"), 6},
      {raw::frame(raw::Window, 0, 0, raw::number(0)), 1},
      {raw::frame(raw::Headers, raw::end_headers | raw::end_stream, 1, "\xff\xff\xff\xff\xff\xff"),
       9},
      {raw::frame(raw::Push, raw::end_headers, 1, raw::number(2)), 1},
      {raw::frame(raw::Settings, 0, 0, "12345"), 6},
  };
  for (const Case& entry : cases) {
    Server server;
    const Answers answers = server.send(entry.bytes);
    REQUIRE(answers.goaways.size() == 1);
    CHECK(answers.goaways[0] == entry.code);
    CHECK(server.codec.finished());
  }
}

TEST_CASE("random bytes and mutated conversations never break the rules of events") {
  Random random(7);
  const std::string good = std::string(raw::preface) + raw::frame(raw::Settings, 0, 0) +
                           raw::headers(1, raw::with(raw::get, {{"x", "y"}}), false) +
                           raw::frame(raw::Data, 0, 1, "hello") + raw::headers(1, {{"t", "1"}}) +
                           raw::headers(3, raw::get) + raw::frame(raw::Rst, 0, 3, raw::number(8));
  for (int i = 0; i < 3000; ++i) {
    Http2Codec codec(Role::Server, {});
    Side side(codec);
    std::string bytes = good;
    for (std::uint64_t change = 0; change <= random.below(4); ++change) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t take = std::min<std::size_t>(rest.size(), 1 + random.below(40));
      side.receive(rest.substr(0, take));
      rest.remove_prefix(take);
      for (std::size_t s = 0; s < side.count(); ++s) {
        if (side.seen(s).stream && side.seen(s).ended)
          codec.send_head(*side.seen(s).stream, *response(200), true);
      }
      side.produce();
    }
    side.end_of_input();
    for (std::size_t s = 0; s < side.count(); ++s) CHECK(side.seen(s).closed == 1);
  }
}

}  // namespace
}  // namespace outrider::test
