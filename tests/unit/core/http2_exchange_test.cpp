// Http2Codec against Http2Codec: whole messages, in memory.

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

TEST_CASE("a request and its response arrive as they were sent, and both ends are closed once") {
  Pair pair;
  Seen& call = *pair.client.open(*request("GET", "/a?b=c", {{"x-one", "1"}, {"x-two", ""}}), true);
  pair.run();
  Seen& served = pair.server.last();
  CHECK(served.method == "GET");
  CHECK(served.path == "/a?b=c");
  CHECK(served.authority == "shop.test");
  CHECK(served.fields == Fields{{"x-one", "1"}, {"x-two", ""}});
  CHECK(served.ended);
  CHECK(served.closed == 0);
  pair.server_codec.send_head(*served.stream, *response(200, {{"x-three", "3"}}), false);
  pair.server_codec.send_data(*served.stream, bytes_of("hello"), true);
  pair.run();
  CHECK(call.status == 200);
  CHECK(call.fields == Fields{{"x-three", "3"}});
  CHECK(call.body == "hello");
  CHECK(call.ended);
  CHECK(call.closed == 1);
  CHECK(served.closed == 1);
  CHECK(call.resets + served.resets == 0);
  CHECK(served.drained == 5);
  CHECK(pair.client_codec.open_streams() + pair.server_codec.open_streams() == 0);
}

TEST_CASE("what differs in every request is sent whole, but its name only once") {
  Pair pair;
  const auto bytes_of_request = [&](const char* id) {
    (void)pair.client.open(*request("GET", "/", {{"x-request-id", id}}), true);
    Buffer out;
    protocol::Events events;
    pair.client_codec.produce(out, 64 * 1024, events);
    pair.server.receive(out.view());
    CHECK(pair.server.last().fields == Fields{{"x-request-id", id}});
    return out.size();
  };
  const std::size_t frame_header = 9, pseudo_headers = 4, name_as_number = 2, lengths = 1;
  (void)bytes_of_request("11111111-1111-4111-8111-111111111111");
  CHECK(bytes_of_request("22222222-2222-4222-8222-222222222222") <= frame_header + pseudo_headers + name_as_number + lengths + 28);
  CHECK(bytes_of_request("33333333-3333-4333-8333-333333333333") <= frame_header + pseudo_headers + name_as_number + lengths + 28);
}

TEST_CASE("bodies larger than every window pass both ways, with trailers at both ends") {
  Pair pair({.head = {}, .stream_window = 4096, .connection_window = 8192});
  const std::string up = body_of(300'000), down = body_of(500'001);
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.client_codec.send_data(*call.stream, bytes_of(up), false);
  pair.client_codec.send_trailers(*call.stream, list_of({{"x-sum", "up"}}));
  pair.run();
  Seen& served = pair.server.last();
  CHECK(served.body == up);
  CHECK(served.trailers == Fields{{"x-sum", "up"}});
  CHECK(served.ended);
  CHECK(call.drained == up.size());
  pair.server_codec.send_head(*served.stream, *response(200), false);
  pair.server_codec.send_data(*served.stream, bytes_of(down), false);
  pair.server_codec.send_trailers(*served.stream, list_of({{"grpc-status", "0"}}));
  pair.run();
  CHECK(call.body == down);
  CHECK(call.trailers == Fields{{"grpc-status", "0"}});
  CHECK(call.closed == 1);
  CHECK(served.closed == 1);
  CHECK(served.drained == down.size());
}

TEST_CASE("both directions stream at the same time") {
  Pair pair({.head = {}, .stream_window = 4096, .connection_window = 4096});
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.run();
  Seen& served = pair.server.last();
  pair.server_codec.send_head(*served.stream, *response(200), false);
  const std::string piece = body_of(7'001);
  for (int i = 0; i < 20; ++i) {
    pair.client_codec.send_data(*call.stream, bytes_of(piece), i == 19);
    pair.server_codec.send_data(*served.stream, bytes_of(piece), i == 19);
    pair.run();
  }
  CHECK(served.body.size() == 20 * piece.size());
  CHECK(call.body == served.body);
  CHECK(call.closed == 1);
  CHECK(served.closed == 1);
}

TEST_CASE("trailers without a body follow the head, and a trailers-only response is one head") {
  Pair pair;
  Seen& first = *pair.client.open(*request("POST"), true);
  Seen& second = *pair.client.open(*request("POST"), true);
  pair.run();
  pair.server_codec.send_head(*pair.server.seen(0).stream, *response(200), false);
  pair.server_codec.send_trailers(*pair.server.seen(0).stream, list_of({{"grpc-status", "5"}}));
  pair.server_codec.send_head(*pair.server.seen(1).stream, *response(200, {{"grpc-status", "7"}}),
                              true);
  pair.run();
  CHECK(first.trailers == Fields{{"grpc-status", "5"}});
  CHECK(first.body.empty());
  CHECK(second.field("grpc-status") == "7");
  CHECK(second.ended);
  CHECK(first.closed + second.closed == 2);
}

TEST_CASE("what a response to HEAD, a 204 and a 304 would carry is not sent") {
  Pair pair;
  Seen& head = *pair.client.open(*request("HEAD"), true);
  Seen& no_content = *pair.client.open(*request("DELETE"), true);
  Seen& not_modified = *pair.client.open(*request("GET"), true);
  pair.run();
  const int statuses[] = {200, 204, 304};
  for (std::size_t i = 0; i < 3; ++i) {
    Stream& stream = *pair.server.seen(i).stream;
    const Fields fields = i == 1 ? Fields{} : Fields{{"content-length", "5"}};
    pair.server_codec.send_head(stream, *response(statuses[i], fields), false);
    pair.server_codec.send_data(stream, bytes_of("hello"), true);
  }
  pair.run();
  CHECK(head.status == 200);
  CHECK(head.field("content-length") == "5");
  for (Seen* seen : {&head, &no_content, &not_modified}) {
    CHECK(seen->body.empty());
    CHECK(seen->ended);
    CHECK(seen->resets == 0);
    CHECK(seen->closed == 1);
  }
}

TEST_CASE("informational responses come before the final one") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.run();
  Seen& served = pair.server.last();
  pair.server_codec.send_informational(*served.stream, *response(100));
  pair.server_codec.send_informational(*served.stream, *response(103, {{"link", "</a>"}}));
  pair.server_codec.send_informational(*served.stream, *response(101));  // means nothing in HTTP/2
  pair.run();
  CHECK(call.informational == std::vector<int>{100, 103});
  CHECK(call.heads == 0);
  pair.client_codec.send_data(*call.stream, {}, true);
  pair.server_codec.send_head(*served.stream, *response(200), true);
  pair.run();
  CHECK(call.status == 200);
  CHECK(call.closed == 1);
}

TEST_CASE("many streams share the connection, up to what the server allows") {
  Pair pair({.head = {}, .max_concurrent_streams = 100});
  std::vector<Seen*> calls;
  while (pair.client_codec.can_open()) calls.push_back(pair.client.open(*request("GET"), true));
  CHECK(calls.size() == 100);
  CHECK(pair.client.open(*request("GET"), true) == nullptr);
  pair.run();
  REQUIRE(pair.server.count() == 100);
  for (std::size_t i = 0; i < 100; ++i) {
    Stream& stream = *pair.server.seen(99 - i).stream;  // answered in any order
    pair.server_codec.send_head(stream, *response(200, {{"x-number", std::to_string(i)}}), false);
    pair.server_codec.send_data(stream, bytes_of(std::to_string(i)), true);
  }
  pair.run();
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(calls[99 - i]->body == std::to_string(i));
    CHECK(calls[99 - i]->closed == 1);
  }
  CHECK(pair.client_codec.can_open());
}

TEST_CASE("cookie crumbs are joined to one field") {
  Pair pair;
  pair.client.open(*request("GET", "/", {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}), true);
  pair.run();
  CHECK(pair.server.last().fields == Fields{{"x", "y"}, {"cookie", "a=1; b=2"}});
}

TEST_CASE("connection-specific fields of a message do not enter HTTP/2, te: trailers does") {
  Pair pair;
  const Fields hop = {{"connection", "close"},
                      {"keep-alive", "timeout=5"},
                      {"proxy-connection", "close"},
                      {"transfer-encoding", "chunked"},
                      {"upgrade", "websocket"},
                      {"host", "other.test"},
                      {"te", "gzip"},
                      {"x-kept", "1"}};
  Fields with_te = hop;
  with_te.emplace_back("te", "trailers");
  Seen& call = *pair.client.open(*request("GET", "/", with_te), true);
  pair.run();
  Seen& served = pair.server.last();
  CHECK(served.fields == Fields{{"x-kept", "1"}, {"te", "trailers"}});
  CHECK(served.authority == "shop.test");
  pair.server_codec.send_head(*served.stream, *response(200, hop), true);
  pair.run();
  CHECK(call.fields == Fields{{"x-kept", "1"}});
  CHECK(call.closed == 1);
}

TEST_CASE("trailers never speak of framing or identity") {
  Pair pair;
  Seen& call = *pair.client.open(*request("POST"), false);
  pair.client_codec.send_trailers(*call.stream, list_of({{"authorization", "Basic x"},
                                                         {"x-forwarded-for", "1.2.3.4"},
                                                         {"x-envoy-peer-metadata", "x"},
                                                         {"x-sum", "1"}}));
  pair.run();
  CHECK(pair.server.last().trailers == Fields{{"x-sum", "1"}});
}

TEST_CASE("heads of nearly 64 KiB pass whole in both directions") {
  Pair pair;
  Fields large;
  for (int i = 0; i < 60; ++i) large.emplace_back("x-" + std::to_string(i), std::string(1000, 'v'));
  Seen& call = *pair.client.open(*request("GET", "/", large), true);
  pair.run();
  REQUIRE(pair.server.count() == 1);
  CHECK(pair.server.last().fields == large);
  pair.server_codec.send_head(*pair.server.last().stream, *response(200, large), true);
  pair.run();
  CHECK(call.fields == large);
}

TEST_CASE("a head larger than the peer takes is not held back here: the peer answers 431") {
  Pair pair;
  Seen& call = *pair.client.open(
      *request("GET", "/", {{"x", std::string(50'000, 'v')}, {"y", std::string(50'000, 'v')}}),
      true);
  pair.run();
  CHECK(call.status == 431);
  CHECK(call.closed == 1);
  CHECK(pair.server.count() == 0);
}

TEST_CASE("a head that nobody would take breaks its stream off at once") {
  Pair pair;
  const Fields huge = {{"x", std::string(300'000, 'v')}};
  Seen& call = *pair.client.open(*request("GET", "/", huge), true);
  Seen& next = *pair.client.open(*request("GET"), true);
  pair.run();
  CHECK(call.resets == 1);
  CHECK(call.unprocessed);
  CHECK(call.closed == 1);
  REQUIRE(pair.server.count() == 1);
  pair.server_codec.send_head(*pair.server.last().stream, *response(200, huge), true);
  pair.run();
  CHECK(next.resets == 1);  // not left to wait
  CHECK(next.code == ErrorCode::InternalError);
  CHECK(next.closed == 1);
}

}  // namespace
}  // namespace outrider::test
