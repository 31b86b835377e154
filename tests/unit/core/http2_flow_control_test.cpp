// Http2Codec against Http2Codec: flow control is backpressure, and no credit is ever lost.

#include "core/protocol/http2_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::Http2Codec;
using protocol::Http2Limits;
using protocol::Role;

constexpr Http2Limits small{.head = {}, .stream_window = 4096, .connection_window = 8192};

struct Pair {
  explicit Pair(Http2Limits limits)
      : client_codec(Role::Client, limits), server_codec(Role::Server, limits) {
    pump(client, server);
  }
  void run() { pump(client, server); }
  Seen& call(std::string_view body, bool end) {
    Seen& seen = *client.open(*request("POST"), false);
    client_codec.send_data(*seen.stream, bytes_of(body), end);
    return seen;
  }
  void answer(Seen& served, std::string_view body, bool end) {
    server_codec.send_head(*served.stream, *response(200), false);
    server_codec.send_data(*served.stream, bytes_of(body), end);
  }

  Http2Codec client_codec, server_codec;
  Side client{client_codec}, server{server_codec};
};

TEST_CASE("nobody receives more of a stream than its window before it credits") {
  Pair pair(small);
  pair.server.credits = false;
  Seen& call = pair.call(body_of(100'000), true);
  pair.run();
  Seen& served = pair.server.last();
  CHECK(served.body.size() == 4096);
  CHECK(call.drained == 4096);
  pair.server.credit(served, 3000);
  pair.run();
  CHECK(served.body.size() == 7096);
  CHECK(call.drained == 7096);
}

TEST_CASE("streams that nobody reads hold no other stream, however many they are") {
  Pair pair(small);
  pair.server.credits = false;
  std::vector<Seen*> stalled;
  for (int i = 0; i < 20; ++i) stalled.push_back(&pair.call(body_of(50'000), true));
  pair.run();
  for (std::size_t i = 0; i < 20; ++i) CHECK(pair.server.seen(i).body.size() == 4096);
  pair.server.credits = true;
  Seen& lively = pair.call(body_of(200'000), true);
  pair.run();
  Seen& served = pair.server.last();
  CHECK(served.body.size() == 200'000);
  pair.answer(served, "done", true);
  pair.run();
  CHECK(lively.body == "done");
  for (std::size_t i = 0; i < 20; ++i) {  // and they go on when they are read at last
    Seen& slow = pair.server.seen(i);
    pair.server.credit(slow, slow.uncredited);
  }
  pair.run();
  for (std::size_t i = 0; i < 20; ++i) CHECK(pair.server.seen(i).body == body_of(50'000));
}

TEST_CASE("a client that stops reading one response goes on reading the others") {
  Pair pair(small);
  pair.client.credits = false;
  Seen& slow = pair.call("", true);
  pair.run();
  pair.answer(pair.server.last(), body_of(100'000), true);
  pair.run();
  CHECK(slow.body.size() == 4096);
  pair.client.credits = true;
  for (int i = 0; i < 10; ++i) {
    Seen& quick = pair.call("", true);
    pair.run();
    pair.answer(pair.server.last(), body_of(20'000), true);
    pair.run();
    CHECK(quick.body.size() == 20'000);
  }
  pair.client.credit(slow, slow.uncredited);
  pair.run();
  CHECK(slow.body == body_of(100'000));
}

// Every way in which a stream can end with received bytes that nobody has credited yet.
enum class Ending { Whole, ClientResets, ServerResets, ServerAnswersEarly, CreditsLate };

TEST_CASE("2,000 streams of 64 KiB on one connection lose none of its window, however they end") {
  Pair pair(small);
  const std::string body = body_of(64 * 1024);
  constexpr Ending endings[] = {Ending::Whole, Ending::ClientResets, Ending::ServerResets,
                                Ending::ServerAnswersEarly, Ending::CreditsLate};
  for (int i = 0; i < 2000; ++i) {
    const Ending ending = endings[i % 5];
    pair.server.credits = pair.client.credits = ending == Ending::Whole;
    Seen& call = pair.call(body, true);
    pair.run();
    Seen& served = pair.server.last();
    switch (ending) {
      case Ending::Whole:
        pair.answer(served, body, true);
        break;
      case Ending::ClientResets:
        pair.answer(served, body, false);
        pair.run();
        pair.client_codec.reset(*call.stream, ErrorCode::Cancel);
        break;
      case Ending::ServerResets:
        pair.answer(served, body, false);
        pair.run();
        pair.server_codec.reset(*served.stream, ErrorCode::InternalError);
        break;
      case Ending::ServerAnswersEarly:
        pair.client.credits = true;
        pair.answer(served, body, true);
        break;
      case Ending::CreditsLate:
        while (!served.ended) {
          pair.server.credit(served, served.uncredited);
          pair.run();
        }
        pair.answer(served, body, true);
        pair.run();
        while (!call.ended) {
          pair.client.credit(call, call.uncredited);
          pair.run();
        }
        break;
    }
    pair.run();
    REQUIRE(call.closed == 1);
    REQUIRE(served.closed == 1);
    if (ending == Ending::Whole || ending == Ending::CreditsLate) {
      REQUIRE(served.body == body);
      REQUIRE(call.body == body);
    }
    call.body = served.body = {};
  }
  pair.server.credits = pair.client.credits = true;
  Seen& last = pair.call(body, true);
  pair.run();
  pair.answer(pair.server.last(), body, true);
  pair.run();
  CHECK(pair.server.last().body == body);
  CHECK(last.body == body);
  CHECK(pair.client_codec.open_streams() + pair.server_codec.open_streams() == 0);
}

TEST_CASE("produce() stops near its limit and goes on where it stopped") {
  Pair pair({.head = {}, .stream_window = 1 << 20, .connection_window = 1 << 20});
  Seen& first = pair.call(body_of(100'000), true);
  Seen& second = pair.call(body_of(100'000), true);
  std::size_t rounds = 0;
  for (std::string part = pair.client.produce(1000); !part.empty();
       part = pair.client.produce(1000)) {
    CHECK(part.size() < 1000 + 16 * 1024 + 9 + 1000);
    pair.server.receive(part);
    ++rounds;
  }
  CHECK(rounds > 10);
  CHECK(pair.server.seen(0).body == body_of(100'000));
  CHECK(pair.server.seen(1).body == body_of(100'000));
  CHECK(first.drained + second.drained == 200'000);
}

TEST_CASE("a stream that is reset while its frame waits for room is not written any more") {
  Pair pair({.head = {}, .stream_window = 1 << 20, .connection_window = 1 << 20});
  Seen& call = pair.call(body_of(100'000), true);
  pair.server.receive(pair.client.produce(1));  // HEADERS; a DATA frame is packed and waits
  REQUIRE(pair.server.count() == 1);
  pair.server_codec.reset(*pair.server.last().stream, ErrorCode::Cancel);
  pair.client.receive(pair.server.produce_all());
  CHECK(call.closed == 1);
  pair.run();
  CHECK(pair.server.last().body.empty());
  Seen& next = pair.call("next", true);
  pair.run();
  CHECK(pair.server.last().body == "next");
  CHECK(next.drained == 4);
}

TEST_CASE("the bytes of a connection may arrive in any pieces") {
  Http2Codec client_codec(Role::Client, small), server_codec(Role::Server, small);
  Side client(client_codec), server(server_codec);
  const auto trickle = [&] {
    while (true) {
      const std::string there = client.produce(), back = server.produce();
      for (char c : there) server.receive(std::string(1, c));
      for (char c : back) client.receive(std::string(1, c));
      if (there.empty() && back.empty()) return;
    }
  };
  Seen& call = *client.open(*request("POST", "/", {{"x-long", std::string(3000, 'x')}}), false);
  client_codec.send_data(*call.stream, bytes_of(body_of(10'000)), false);
  client_codec.send_trailers(*call.stream, list_of({{"x-sum", "1"}}));
  trickle();
  Seen& served = server.last();
  CHECK(served.body == body_of(10'000));
  CHECK(served.trailers == Fields{{"x-sum", "1"}});
  server_codec.send_head(*served.stream, *response(200), false);
  server_codec.send_data(*served.stream, bytes_of(body_of(9'999)), true);
  trickle();
  CHECK(call.body == body_of(9'999));
  CHECK(call.closed == 1);
}

}  // namespace
}  // namespace outrider::test
