// What one sidecar may hold: bytes on their way, and pieces of one destination.

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;

// What the applications have handed over and no client has taken: in sidecars and kernel buffers.
constexpr std::uint64_t most_on_the_way = 16 * mebibyte;

void limit(json& cluster, const json& threshold) {
  cluster["circuit_breakers"] = {{"thresholds", {threshold}}};
}

const Running::Change one_worker = [](proxy::Options& options) { options.workers = 1; };

// A number that has stopped growing.
std::uint64_t settled(const std::atomic<std::uint64_t>& value) {
  std::uint64_t last = value;
  int same = 0;
  CHECK(eventually([&] {
    const std::uint64_t now = value;
    same = now == last && now > 0 ? same + 1 : 0;
    last = now;
    return same >= 50;
  }));
  return last;
}

}  // namespace

TEST_CASE("a reader that stops makes the application stop, over HTTP/2 and HTTP/1.1") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    HttpClient h2(pair.entry());
    h2.keep_body = false;
    Call call = h2.stall("/bytes/67108864");
    const std::uint64_t held = settled(pair.app.sent);
    CHECK(held < (http2_app ? 3 * mebibyte : most_on_the_way));
    call.read_on();
    const Seen seen = call.result();
    CHECK(seen.ended);
    CHECK(seen.body_bytes == 64 * mebibyte);
    CHECK(seen.wrong_bytes == 0);
    const std::uint64_t before = pair.app.sent;
    RawClient h1(pair.entry(), 4096);
    h1.send(request_text("GET", "/bytes/67108864", "app"));
    REQUIRE(eventually([&] { return pair.app.sent > before; }));
    CHECK(settled(pair.app.sent) - before < most_on_the_way);
    const Answer answer = h1.read();
    CHECK(answer.whole);
    CHECK((answer.body == pattern(64 * mebibyte)));
  }
}

TEST_CASE("an application that stops reading makes the caller stop") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    Pair pair({.http2_app = http2_app});
    pair.app.reads = false;
    HttpClient h2(pair.entry());
    Call call = h2.start("POST", "/sum", {}, false);
    call.send(pattern(64 * mebibyte), true);
    REQUIRE(eventually([&] { return pair.app.received > 0; }));
    std::uint64_t last = 0;
    int same = 0;
    CHECK(eventually([&] {
      const std::uint64_t now = call.seen().drained;
      same = now == last && now > 0 ? same + 1 : 0;
      last = now;
      return same >= 50;
    }));
    CHECK(last < most_on_the_way);
    CHECK(pair.app.finished == 0);
    call.cancel();
    CHECK(eventually([&] { return pair.server.gauges("inbound|app").requests == 0; }));
    // Over HTTP/1.1 it does not even read that the connection has ended.
    if (http2_app) CHECK(eventually([&] { return pair.app.cancelled == 1; }));
  }
}

TEST_CASE("one stream whose reader has stopped holds up no other on the same connections") {
  Pair pair({.options = one_worker, .http2_app = true});
  HttpClient client(pair.entry());
  client.keep_body = false;
  std::vector<Call> stalled;
  for (int i = 0; i < 3; ++i) {
    stalled.push_back(client.stall("/bytes/67108864"));
  }
  (void)settled(pair.app.sent);
  for (int i = 0; i < 20; ++i) {
    const Seen seen = client.ask("GET", "/bytes/300000");
    REQUIRE(seen.ended);
    CHECK(seen.body_bytes == 300'000);
  }
  const Seen up = client.ask("POST", "/echo", {}, pattern(500'000));
  CHECK(up.ended);
  CHECK(up.body_bytes == 500'000);
  CHECK(pair.app.connections == 1);
  for (Call& call : stalled) call.cancel();
  CHECK(eventually([&] { return pair.app.cancelled == 3; }));
}

TEST_CASE("requests beyond maxRequests are refused at once, and said to be so") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) {
    speak_http2(cluster);
    limit(cluster, {{"max_requests", 3}});
  });
  HttpClient client(mesh.entry());
  std::vector<Call> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(client.start("GET", "/hang"));
  REQUIRE(eventually([&] { return app.requests == 3; }));
  const Seen refused = client.ask("GET", "/bytes/1");
  CHECK(refused.status == 503);
  CHECK(refused.field("x-envoy-overloaded") == "true");
  const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};
  CHECK(client.ask("POST", "/shop.S/Unary", grpc, "x").field("grpc-status") == "14");
  CHECK(mesh.sidecar.counts(1, "istio_requests_total", {"response_code=\"503\"", "response_flags=\"UO\""}));
  for (Call& call : calls) call.cancel();
  CHECK(eventually([&] { return mesh.sidecar.gauges("app").requests == 0; }));
  CHECK(client.ask("GET", "/bytes/1").status == 200);
  CHECK(app.requests == 4);
}

TEST_CASE("beyond maxConnections requests wait, and beyond the queue they are refused") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) {
    limit(cluster, {{"max_connections", 1}, {"max_pending_requests", 2}});
  }, one_worker);
  HttpClient client(mesh.entry());
  Call first = client.start("POST", "/echo", {}, false);
  REQUIRE(first.wait_head());
  Call second = client.start("GET", "/bytes/2");
  Call third = client.start("GET", "/bytes/3");
  REQUIRE(eventually([&] { return mesh.sidecar.gauges("app").pending == 2; }));
  const Seen refused = client.ask("GET", "/bytes/4");
  CHECK(refused.status == 503);
  CHECK(refused.field("x-envoy-overloaded") == "true");
  CHECK(app.connections == 1);
  first.send("done", true);
  CHECK(second.result().body == pattern(2));
  CHECK(third.result().body == pattern(3));
  CHECK(app.connections == 1);
  CHECK(eventually([&] { return mesh.sidecar.gauges("app") == Running::Gauges{1, 0, 0, 0}; }));
  app.close();
  CHECK(eventually([&] { return mesh.sidecar.gauges("app") == Running::Gauges{0, 0, 0, 0}; }));
}

TEST_CASE("a request that is cancelled in the queue leaves it") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) {
    limit(cluster, {{"max_connections", 1}, {"max_pending_requests", 1}});
  }, one_worker);
  HttpClient client(mesh.entry());
  Call first = client.start("GET", "/hang");
  REQUIRE(eventually([&] { return app.requests == 1; }));
  Call second = client.start("GET", "/bytes/2");
  REQUIRE(eventually([&] { return mesh.sidecar.gauges("app").pending == 1; }));
  second.cancel();
  CHECK(eventually([&] { return mesh.sidecar.gauges("app") == Running::Gauges{1, 0, 1, 0}; }));
  first.cancel();
  CHECK(client.ask("GET", "/bytes/3").status == 200);
  CHECK(app.requests == 2);
}

TEST_CASE("maxConnections of one still lets each endpoint and each worker have one") {
  App one, two;
  Single mesh({one.address(), two.address()}, [](json& cluster, json&) {
    limit(cluster, {{"max_connections", 1}});
  });
  for (int i = 0; i < 8; ++i) {
    RawClient client(mesh.entry());  // the next worker's turn, while the last one's idles
    CHECK(client.ask("GET", "/bytes/1").status == 200);
    CHECK(client.ask("GET", "/bytes/1").status == 200);
  }
  CHECK(one.requests == 8);
  CHECK(two.requests == 8);
}

TEST_CASE("connections are replaced after maxRequestsPerConnection, and no request notices") {
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    App app;
    Single mesh({app.address()}, [&](json& cluster, json&) {
      if (http2_app) speak_http2(cluster);
      auto& options = cluster["typed_extension_protocol_options"]
                             ["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
      if (!http2_app) {
        options = {{"@type", "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"},
                   {"explicit_http_config", {{"http_protocol_options", json::object()}}}};
      }
      options["common_http_protocol_options"] = {{"max_requests_per_connection", 10}};
    }, one_worker);
    HttpClient client(mesh.entry());
    for (int i = 0; i < 50; ++i) CHECK(client.ask("POST", "/echo", {}, "x").body == "x");
    CHECK(app.connections == 5);
    std::vector<Call> calls;
    for (int i = 0; i < 95; ++i) calls.push_back(client.start("GET", "/bytes/100"));
    for (Call& call : calls) CHECK(call.result().body_bytes == 100);
    CHECK(app.requests == 145);
    CHECK(app.connections >= 14);
    CHECK(eventually([&] { return mesh.sidecar.gauges("app").requests == 0; }));
  }
}

}  // namespace outrider::scenario
