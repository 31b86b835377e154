// One pair of sidecars with mutual TLS and HTTP/2 between them: whatever an application says
// arrives, and arrives unchanged.

#include <fmt/format.h>

#include <numeric>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {

constexpr std::size_t body_sizes[] = {0, 1, 1000, 16 * 1024, 65 * 1024, 300'000, 8 * 1024 * 1024};

TEST_CASE("a GET over HTTP/1.1 passes two sidecars, and its connection is kept") {
  Pair pair;
  RawClient client(pair.entry());
  for (int i = 0; i < 20; ++i) {
    const Answer answer = client.ask("GET", "/bytes/1000");
    REQUIRE(answer.whole);
    CHECK(answer.status == 200);
    CHECK(answer.body == pattern(1000));
    CHECK(answer.field("content-type") == "text/plain");
  }
  CHECK(pair.app.requests == 20);
  CHECK(pair.app.connections == 1);
}

TEST_CASE("bodies of any size arrive intact over HTTP/1.1") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    RawClient client(pair.entry());
    for (const std::size_t size : body_sizes) {
      CAPTURE(size);
      const std::string body = pattern(size);
      CHECK(client.ask("POST", "/sum", {}, body).body == fmt::format("{} ok", size));
      CHECK(client.ask_chunked("/sum", body, 7777).body == fmt::format("{} ok", size));
      const Answer down = client.ask("GET", fmt::format("/bytes/{}", size));
      CHECK(down.field("content-length") == std::to_string(size));
      CHECK(down.body == body);
      const Answer chunked = client.ask("GET", fmt::format("/chunked/{}", size));
      CHECK(chunked.whole);
      CHECK(chunked.body == body);
    }
  }
}

TEST_CASE("bodies of any size arrive intact over HTTP/2") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    HttpClient client(pair.entry());
    client.keep_body = false;
    for (const std::size_t size : body_sizes) {
      CAPTURE(size);
      const Seen up = client.ask("POST", "/sum", {}, pattern(size));
      CHECK(up.status == 200);
      const Seen down = client.ask("GET", fmt::format("/chunked/{}", size));
      CHECK(down.ended);
      CHECK(down.body_bytes == size);
      CHECK(down.wrong_bytes == 0);
      const Seen echo = client.ask("POST", "/echo", {}, pattern(size));
      CHECK(echo.ended);
      CHECK(echo.body_bytes == size);
      CHECK(echo.wrong_bytes == 0);
    }
    CHECK(pair.app.received == 2 * std::accumulate(std::begin(body_sizes), std::end(body_sizes), 0ULL));
  }
}

TEST_CASE("HEAD has the length of the body and none of it") {
  Pair pair;
  RawClient client(pair.entry());
  const Answer head = client.ask("HEAD", "/bytes/5000");
  CHECK(head.status == 200);
  CHECK(head.field("content-length") == "5000");
  CHECK(client.ask("GET", "/bytes/10").body == pattern(10));
  HttpClient h2(pair.entry());
  const Seen seen = h2.ask("HEAD", "/bytes/5000");
  CHECK(seen.ended);
  CHECK(seen.field("content-length") == "5000");
  CHECK(seen.body_bytes == 0);
}

TEST_CASE("answers that never carry a body carry none, and the connection goes on") {
  Pair pair;
  RawClient client(pair.entry());
  for (const int status : {204, 304}) {
    CHECK(client.ask("GET", fmt::format("/status/{}", status)).status == status);
    CHECK(client.ask("GET", "/bytes/3").body == pattern(3));
  }
  CHECK(client.informational == 0);
}

TEST_CASE("trailers pass both ways") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    HttpClient client(pair.entry());
    Call call = client.start("POST", "/echo", {{"te", "trailers"}}, false);
    call.send("one", false);
    call.send("two", false);
    call.trailers({{"x-sum", "6"}});
    const Seen seen = call.result();
    CHECK(seen.ended);
    CHECK(seen.body == "onetwo");
    CHECK(seen.trailer("x-sum") == "6");

    RawClient h1(pair.entry());
    const Answer answer = h1.ask_chunked("/echo", "body", 2, "TE: trailers\r\n", "X-Sum: 4\r\n");
    CHECK(answer.whole);
    CHECK(answer.body == "body");
    CHECK(answer.trailers == std::map<std::string, std::string>{{"x-sum", "4"}});
  }
}

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

TEST_CASE("gRPC: a unary call") {
  Pair pair({.http2_app = true});
  HttpClient client(pair.entry());
  const Seen seen = client.ask("POST", "/shop.S/Unary", grpc, grpc_message("hello"));
  CHECK(seen.status == 200);
  CHECK(seen.field("content-type") == "application/grpc");
  CHECK(seen.body == grpc_message("hello"));
  CHECK(seen.trailer("grpc-status") == "0");
}

TEST_CASE("gRPC: messages of a two-way stream pass one by one, before either side has ended") {
  Pair pair({.http2_app = true});
  HttpClient client(pair.entry());
  Call call = client.start("POST", "/shop.S/Chat", grpc, false);
  REQUIRE(call.wait_head());  // before any message
  std::size_t expected = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string message = grpc_message(std::string(static_cast<std::size_t>(i) * 100, 'm'));
    expected += message.size();
    call.send(message, false);
    REQUIRE(call.wait_for([&](const Seen& seen) { return seen.body_bytes == expected; }));
  }
  CHECK_FALSE(call.seen().ended);
  call.send("", true);
  const Seen seen = call.result();
  CHECK(seen.trailer("grpc-status") == "0");
  CHECK(seen.trailer("x-messages-bytes") == std::to_string(expected));
}

TEST_CASE("gRPC: a trailers-only answer stays one") {
  Pair pair({.http2_app = true});
  HttpClient client(pair.entry());
  const Seen seen = client.ask("POST", "/shop.S/Fail", grpc, grpc_message("x"));
  CHECK(seen.status == 200);
  CHECK(seen.field("grpc-status") == "14");
  CHECK(seen.body_bytes == 0);
  CHECK(seen.trailers.empty());
}

TEST_CASE("a hundred streams at once share one connection and do not mix") {
  Pair pair({.http2_app = true});
  HttpClient client(pair.entry());
  std::vector<Call> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(client.start("POST", "/echo", {}, false));
  for (std::size_t i = 0; i < calls.size(); ++i) calls[i].send(fmt::format("stream {}", i), false);
  REQUIRE(eventually([&] { return pair.app.requests == 100; }));
  for (Call& call : calls) call.send("!", true);
  for (std::size_t i = 0; i < calls.size(); ++i) CHECK(calls[i].result().body == fmt::format("stream {}!", i));
  CHECK(pair.app.connections <= 2);  // one a worker at most
}

}  // namespace outrider::scenario
