// What callers see, and what is counted, when something on the way gives up.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

// The sidecar has counted one request with that code and flag.
bool counted(Running& sidecar, int code, const std::string& flag) {
  return sidecar.counts(1, "istio_requests_total",
                        {fmt::format("response_code=\"{}\"", code),
                         fmt::format("response_flags=\"{}\"", flag)});
}

TEST_CASE("a caller that cancels its HTTP/2 stream cancels it at the application") {
  Pair pair({.http2_app = true});
  HttpClient client(pair.entry());
  Call call = client.start("GET", "/hang");
  REQUIRE(eventually([&] { return pair.app.requests == 1; }));
  call.cancel();
  CHECK(eventually([&] { return pair.app.cancelled == 1; }));
  CHECK(client.ask("GET", "/bytes/5").ended);  // the connections live on
  CHECK(pair.app.connections == 1);
  CHECK(counted(pair.client, 0, "DC"));
}

TEST_CASE("a caller that closes its HTTP/1.1 connection cancels its request at the application") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    RawClient client(pair.entry());
    client.send(request_text("GET", "/hang", "app"));
    REQUIRE(eventually([&] { return pair.app.requests == 1; }));
    client.close();
    CHECK(eventually([&] { return pair.app.cancelled == 1; }));
  }
}

TEST_CASE("a caller that goes away in the middle of an upload leaves nothing behind") {
  Pair pair;
  {
    RawClient client(pair.entry());
    client.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 100000\r\n\r\n" + pattern(30'000));
    REQUIRE(eventually([&] { return pair.app.received == 30'000; }));
    client.reset();
  }
  CHECK(eventually([&] { return pair.app.cancelled == 1; }));
  CHECK(eventually([&] { return pair.client.gauges("app").requests == 0; }));
  CHECK(eventually([&] { return pair.server.gauges("inbound|app").requests == 0; }));
  CHECK(pair.app.finished == 0);
}

TEST_CASE("an application that dies in the middle of a body never looks like one that has finished") {
  for (const bool http2_app : {false, true}) {
    for (const char* path : {"/break/body", "/reset/body"}) {
      CAPTURE(http2_app);
      CAPTURE(path);
      Pair pair({.http2_app = http2_app});
      HttpClient h2(pair.entry());
      const Seen seen = h2.start("GET", path).result();
      CHECK(seen.status == 200);
      CHECK(seen.reset);
      CHECK_FALSE(seen.ended);
      CHECK(seen.code == protocol::ErrorCode::InternalError);
      RawClient h1(pair.entry());
      const Answer answer = h1.ask("GET", path);
      CHECK_FALSE((answer.whole && answer.status == 200));
      CHECK((answer.whole || h1.ended()));
    }
  }
}

TEST_CASE("an application that dies after a caller has read some of its answer cuts that answer, visibly") {
  for (const bool http2_app : {false, true}) {
    for (const char* path : {"/bytes/100000000", "/chunked/100000000"}) {
      CAPTURE(http2_app);
      Pair pair({.http2_app = http2_app});
      HttpClient h2(pair.entry());
      h2.keep_body = false;
      Call call = h2.start("GET", path);
      REQUIRE(call.wait_for([](const Seen& seen) { return seen.body_bytes > 0; }));
      RawClient h1(pair.entry(), 4096);
      h1.send(request_text("GET", path, "app"));
      REQUIRE(eventually([&] { return pair.app.requests == 2; }));
      pair.app.close();
      const Seen seen = call.result();
      CHECK(seen.reset);
      CHECK_FALSE(seen.ended);
      CHECK(seen.wrong_bytes == 0);
      const Answer answer = h1.read();
      CHECK_FALSE((answer.whole && answer.status == 200));
      CHECK(h1.ended());
    }
  }
}

TEST_CASE("an application that breaks off before it answers makes a 503 that says so") {
  struct Row {
    const char* path;
    bool http2_app;
    const char* flag;
  };
  for (const Row& row : {Row{"/break", false, "UC"}, Row{"/break", true, "UC"}, Row{"/reset", false, "UC"},
                         Row{"/reset", true, "UR"}}) {
    CAPTURE(row.path);
    CAPTURE(row.http2_app);
    Pair pair({.http2_app = row.http2_app});
    RawClient client(pair.entry());
    const Answer answer = client.ask("POST", row.path, {}, "body");
    CHECK(answer.status == 503);
    CHECK(answer.whole);
    CHECK(answer.body.find("before headers") != std::string::npos);
    CHECK(counted(pair.server, 503, row.flag));
    // For the caller's sidecar it is an answer like any other.
    CHECK(counted(pair.client, 503, "-"));
    CHECK(client.ask("GET", "/bytes/1").status == 200);
  }
}

TEST_CASE("a destination where nobody listens is a 503 with flag UF, for gRPC an UNAVAILABLE") {
  Single mesh({nobody()});
  RawClient client(mesh.entry());
  const Answer answer = client.ask("GET", "/");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("refused") != std::string::npos);
  CHECK(counted(mesh.sidecar, 503, "UF"));
  HttpClient h2(mesh.entry());
  const Seen seen = h2.ask("POST", "/shop.S/Unary", grpc, grpc_message("x"));
  CHECK(seen.ended);
  CHECK(seen.status == 200);
  CHECK(seen.field("grpc-status") == "14");
  CHECK(seen.field("content-type") == "application/grpc");
  CHECK_FALSE(seen.field("grpc-message").empty());
  CHECK(seen.body_bytes == 0);
}

TEST_CASE("the route's timeout makes a 504 with flag UT and takes the request back") {
  App app;
  Single mesh({app.address()}, [](json&, json& route) { route["route"]["timeout"] = "0.1s"; });
  RawClient client(mesh.entry());
  const Answer answer = client.ask("GET", "/hang");
  CHECK(answer.status == 504);
  CHECK(answer.whole);
  CHECK(eventually([&] { return app.cancelled == 1; }));
  CHECK(counted(mesh.sidecar, 504, "UT"));
  HttpClient h2(mesh.entry());
  CHECK(h2.ask("POST", "/hang", grpc).field("grpc-status") == "14");
}

TEST_CASE("the route's timeout cuts an answer that has begun, visibly") {
  App app;
  Single mesh({app.address()}, [](json&, json& route) { route["route"]["timeout"] = "0.2s"; });
  HttpClient h2(mesh.entry());
  const Seen seen = h2.start("POST", "/echo", {}, true).result();
  CHECK(seen.ended);  // in time
  Call slow = h2.stall("/bytes/100000000");
  const Seen cut = slow.result();
  CHECK(cut.status == 200);
  CHECK(cut.reset);
  CHECK(eventually([&] { return app.cancelled == 1; }));
}

TEST_CASE("a caller's own grpc-timeout ends its call with DEADLINE_EXCEEDED") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json& route) {
    speak_http2(cluster);
    route["route"].erase("timeout");
    route["route"]["max_stream_duration"] = {{"grpc_timeout_header_max", "0s"}};
  });
  HttpClient h2(mesh.entry());
  Fields fields = grpc;
  fields.emplace_back("grpc-timeout", "100m");
  const Seen seen = h2.start("POST", "/hang", fields).result();
  CHECK(seen.field("grpc-status") == "4");
  CHECK(eventually([&] { return app.cancelled == 1; }));
}

TEST_CASE("each failure of a gRPC call is a trailers-only answer with its own status") {
  const json deny = {{"action", "DENY"},
                     {"policies",
                      {{"closed", {{"permissions", {{{"any", true}}}}, {"principals", {{{"any", true}}}}}}}}};
  Pair pair({.server = [&](std::vector<json>& resources) { add_rbac(resources[0], deny); }, .http2_app = true});
  HttpClient h2(pair.entry());
  const Seen denied = h2.ask("POST", "/shop.S/Unary", grpc, grpc_message("x"));
  CHECK(denied.ended);
  CHECK(denied.status == 200);
  CHECK(denied.field("grpc-status") == "7");
  CHECK(denied.body_bytes == 0);
  CHECK(pair.app.requests == 0);
  RawClient h1(pair.entry());
  const Answer answer = h1.ask("GET", "/bytes/5");
  CHECK(answer.status == 403);
  CHECK(answer.body == "RBAC: access denied");
}

TEST_CASE("an answer that comes before the request has ended reaches the caller whole") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    HttpClient h2(pair.entry());
    Call call = h2.start("POST", "/early", {}, false);
    call.send(pattern(1000), false);
    REQUIRE(call.wait_for([](const Seen& seen) { return seen.ended; }));
    CHECK(call.seen().body == "early");
    CHECK(call.wait_for([](const Seen& seen) { return seen.closed; }));  // nobody waits for the rest
    RawClient h1(pair.entry());
    h1.send("POST /early HTTP/1.1\r\nHost: app\r\nContent-Length: 10000000\r\n\r\n" + pattern(1000));
    const Answer answer = h1.read();
    CHECK(answer.whole);
    CHECK(answer.body == "early");
    CHECK(eventually([&] { return pair.client.gauges("app").requests == 0; }));
    CHECK(eventually([&] { return pair.server.gauges("inbound|app").requests == 0; }));
  }
}

TEST_CASE("streams that a GOAWAY leaves standing finish, and the next ones take a new connection") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); });
  HttpClient h2(mesh.entry());
  Call standing = h2.start("POST", "/echo", {}, false);
  REQUIRE(standing.wait_head());
  for (int i = 0; i < 5; ++i) {
    const Seen seen = h2.ask("GET", "/goaway");
    CHECK(seen.status == 200);
    CHECK(seen.body == "bye");
  }
  standing.send("still here", true);
  CHECK(standing.result().body == "still here");
  CHECK(app.connections >= 5);
}

}  // namespace outrider::scenario
