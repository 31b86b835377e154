// Http2Codec against Http2Codec: streams and connections that end before they are over.

#include "core/protocol/http2_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::Http2Codec;
using protocol::Http2Limits;
using protocol::Role;

struct Pair {
  explicit Pair(Http2Limits limits = {})
      : client_codec(Role::Client, limits), server_codec(Role::Server, limits) {
    pump(client, server);
  }
  void run() { pump(client, server); }

  Http2Codec client_codec, server_codec;
  Side client{client_codec}, server{server_codec};
};

TEST_CASE(
    "a client's reset reaches the server with its code, and closes both ends without an echo") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.run();
  Seen& served = pair.server.last();
  pair.server_codec.send_head(*served.stream, *response(200), false);
  pair.server_codec.send_data(*served.stream, bytes_of(body_of(200'000)), false);
  pair.client_codec.reset(*call.stream, ErrorCode::Cancel);
  pair.run();
  CHECK(served.resets == 1);
  CHECK(served.code == ErrorCode::Cancel);
  CHECK(served.closed == 1);
  CHECK(call.resets == 0);  // its owner knows
  CHECK(call.closed == 1);
}

TEST_CASE(
    "a server's reset reaches the client with its code; only REFUSED_STREAM proves innocence") {
  for (const ErrorCode code :
       {ErrorCode::InternalError, ErrorCode::RefusedStream, ErrorCode::NoError}) {
    Pair pair;
    Seen& call = *pair.client.open(*request("GET"), true);
    pair.run();
    pair.server_codec.reset(*pair.server.last().stream, code);
    pair.run();
    CHECK(call.resets == 1);
    CHECK(call.code == code);
    CHECK(call.unprocessed == (code == ErrorCode::RefusedStream));
    CHECK(call.closed == 1);
    CHECK(pair.server.last().resets == 0);
    CHECK(pair.server.last().closed == 1);
  }
}

TEST_CASE("a reset right behind a head lets the head out first, and 1xx before it, but never a clean end") {
  for (const bool whole : {false, true}) {
    for (const int interim : {0, 2}) {
      CAPTURE(whole);
      CAPTURE(interim);
      Pair pair;
      Seen& call = *pair.client.open(*request("POST"), true);
      pair.run();
      Seen& served = pair.server.last();
      for (int i = 0; i < interim; ++i) pair.server_codec.send_informational(*served.stream, *response(103));
      pair.server_codec.send_head(*served.stream, *response(200), false);
      pair.server_codec.send_data(*served.stream, bytes_of("some of it"), whole);
      pair.server_codec.reset(*served.stream, ErrorCode::InternalError);
      pair.run();
      CHECK(call.status == 200);
      CHECK(call.informational.size() == static_cast<std::size_t>(interim));
      CHECK(call.resets == 1);
      CHECK(call.code == ErrorCode::InternalError);
      CHECK_FALSE(call.ended);
      CHECK(call.closed == 1);
      CHECK(served.closed == 1);
      CHECK(served.resets == 0);
      CHECK(pair.server_codec.open_streams() == 0);
    }
  }
}

TEST_CASE("a connection that ends tells which requests were still here: nobody acted on those") {
  Pair pair;
  Seen& left = *pair.client.open(*request("POST"), false);
  pair.run();
  Seen& queued = *pair.client.open(*request("POST"), true);
  pair.client.abandon();
  CHECK(left.resets == 1);
  CHECK_FALSE(left.unprocessed);
  CHECK(queued.resets == 1);
  CHECK(queued.unprocessed);
}

TEST_CASE("a request cancelled before it left is never seen by the server, and is closed") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.client_codec.send_data(*call.stream, bytes_of("x"), false);
  pair.client_codec.reset(*call.stream, ErrorCode::Cancel);
  pair.run();
  CHECK(call.closed == 1);
  CHECK(call.resets == 0);
  CHECK(pair.server.count() == 0);
  CHECK(pair.client_codec.open_streams() == 0);
}

TEST_CASE("calls on a stream that was reset do nothing") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.run();
  Stream& served = *pair.server.last().stream;
  pair.server_codec.reset(served, ErrorCode::InternalError);
  pair.server_codec.send_informational(served, *response(100));
  pair.server_codec.send_head(served, *response(200), false);
  pair.server_codec.send_data(served, bytes_of("x"), true);
  pair.server_codec.send_trailers(served, list_of({{"a", "b"}}));
  pair.server_codec.reset(served, ErrorCode::Cancel);
  pair.run();
  CHECK(call.heads == 0);
  CHECK(call.informational.empty());
  CHECK(call.code == ErrorCode::InternalError);
}

TEST_CASE("an answer before the request is whole reaches the client whole, which then may stop") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.client_codec.send_data(*call.stream, bytes_of("half"), false);
  pair.run();
  Seen& served = pair.server.last();
  pair.server_codec.send_head(*served.stream, *response(413), false);
  pair.server_codec.send_data(*served.stream, bytes_of(body_of(100'000)), true);
  pair.run();
  CHECK(call.status == 413);
  CHECK(call.body == body_of(100'000));
  CHECK(call.ended);
  CHECK(call.resets == 0);
  CHECK(call.closed == 1);
  CHECK(served.resets == 0);
  CHECK(served.closed == 1);
  CHECK(pair.server_codec.open_streams() == 0);
}

TEST_CASE("a draining server takes the streams of one round trip more, lets all finish, and ends") {
  Pair pair;
  Seen& early = *pair.client.open(*request("GET", "/early"), true);
  pair.run();
  pair.server_codec.drain();
  Seen& crossing =
      *pair.client.open(*request("GET", "/crossing"), true);  // knows nothing of it yet
  pair.run();
  CHECK(pair.client.goaways == 1);
  CHECK_FALSE(pair.client_codec.can_open());
  CHECK(pair.client.open(*request("GET"), true) == nullptr);
  REQUIRE(pair.server.count() == 2);
  CHECK_FALSE(pair.server_codec.finished());
  for (std::size_t i = 0; i < 2; ++i) {
    pair.server_codec.send_head(*pair.server.seen(i).stream, *response(200), true);
  }
  pair.run();
  CHECK(early.status == 200);
  CHECK(crossing.status == 200);
  CHECK(early.resets + crossing.resets == 0);
  CHECK(pair.server_codec.finished());
  CHECK(pair.client_codec.finished());
}

TEST_CASE("a request that crosses the final GOAWAY is refused as unprocessed and never announced") {
  Pair pair;
  pair.server_codec.drain();
  const std::string warning = pair.server.produce_all();  // GOAWAY and PING
  pair.client.receive(warning);
  const std::string ack = pair.client.produce_all();
  // A client of another make goes on opening streams until the last GOAWAY: build its HEADERS
  // apart.
  Http2Codec other_codec(Role::Client, {});
  Side other(other_codec);
  other.receive("");
  other.open(*request("GET"), true);
  const std::string first_bytes = other.produce_all();
  const std::string headers = first_bytes.substr(first_bytes.find("PRI") == 0 ? 24 : 0);
  pair.server.receive(ack + headers);
  CHECK(pair.server.count() == 0);
  CHECK(pair.server.refused.empty());
}

TEST_CASE("an idle draining server and an idle draining client are finished") {
  Pair pair;
  pair.server_codec.drain();
  pair.run();
  CHECK(pair.server_codec.finished());
  Pair other;
  other.client_codec.drain();
  CHECK(other.client_codec.finished());
  CHECK_FALSE(other.client_codec.can_open());
}

TEST_CASE("a request that a GOAWAY overtakes in the queue is reported as unprocessed") {
  Pair pair;
  Seen& call = *pair.client.open(*request("GET"), true);  // not produced yet
  pair.server_codec.terminate(ErrorCode::NoError);
  pair.client.receive(pair.server.produce_all());
  pair.run();
  CHECK(call.resets == 1);
  CHECK(call.unprocessed);
  CHECK(call.closed == 1);
  CHECK(pair.server.count() == 0);
}

TEST_CASE("abandon() breaks every open stream off once, and the codec is silent afterwards") {
  Pair pair;
  Seen& waiting = *pair.client.open(*request("GET"), true);
  Seen& sending = *pair.client.open(*request("POST"), false);
  pair.run();
  Seen& unsent = *pair.client.open(*request("GET"), true);
  pair.client_codec.send_data(*sending.stream, bytes_of("more"), false);
  pair.client.abandon();
  pair.server.abandon();
  for (Seen* seen : {&waiting, &sending, &unsent}) {
    CHECK(seen->resets == 1);
    CHECK(seen->closed == 1);
  }
  CHECK(pair.client_codec.finished());
  CHECK(pair.client.produce_all().empty());
  CHECK(pair.client_codec.open_streams() == 0);
  for (std::size_t i = 0; i < pair.server.count(); ++i) {
    CHECK(pair.server.seen(i).resets == 1);
    CHECK(pair.server.seen(i).closed == 1);
  }
  pair.client.abandon();  // a second time changes nothing
}

TEST_CASE("a response that is whole is not broken off by the end of its connection") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.run();
  Seen& served = pair.server.last();
  pair.server_codec.send_head(*served.stream, *response(200), true);
  // The bytes of the response alone, without the RST_STREAM that follows.
  pair.client.receive(pair.server.produce(9));
  pair.client.end_of_input();
  CHECK(call.ended);
  CHECK(call.resets == 0);
  CHECK(call.closed == 1);
}

TEST_CASE("terminate() says why by GOAWAY and finishes") {
  Pair pair;
  Seen& call = *pair.client.open(*request("GET"), true);
  pair.run();
  pair.server_codec.terminate(ErrorCode::InadequateSecurity);
  pair.run();
  CHECK(pair.client.goaways == 1);
  CHECK(pair.server_codec.finished());
  pair.server.abandon();
  pair.client.end_of_input();
  CHECK(call.resets == 1);
  CHECK(call.closed == 1);
}

TEST_CASE("bytes that are not HTTP/2 end a connection and break nothing") {
  for (const std::string_view junk :
       {"GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", "\0\0\0\0\0\0"}) {
    Http2Codec codec(Role::Server, {});
    Side side(codec);
    side.receive(std::string(junk) + std::string(100, 'x'));
    side.produce_all();
    CHECK(codec.finished());
    CHECK(side.count() == 0);
  }
}

}  // namespace
}  // namespace outrider::test
