// Reliability 4.1, second half: how long, how often and where a request is tried, and what is left
// of it when its caller has gone.

#include <fmt/format.h>

#include <random>

#include "proxy/policy/deadline.hpp"
#include "tests/harness/access_log.hpp"

namespace outrider::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

struct Asked {
  std::string on = "5xx";
  int times = 1;
  std::string per_try = "0s";
  std::string timeout = "0s";
  std::string pause = "0.001s";
  bool http2_app = true;
};

std::function<void(json&, json&)> retrying(const Asked& asked) {
  return [=](json& cluster, json& route) {
    if (asked.http2_app) speak_http2(cluster);
    json policy = retry(asked.on, asked.times);
    policy["per_try_timeout"] = asked.per_try;
    policy["retry_back_off"] = {{"base_interval", asked.pause}, {"max_interval", asked.pause}};
    route["route"]["retry_policy"] = policy;
    route["route"]["timeout"] = asked.timeout;
  };
}

// Nothing of any request is held any more.
bool idle(Running& sidecar, const std::string& cluster = "app") {
  return eventually([&] {
    const auto now = sidecar.gauges(cluster);
    return now.pending == 0 && now.requests == 0 && now.retries == 0;
  });
}

bool backing_off(Running& sidecar) {
  return eventually([&] { return sidecar.gauges("app").retries == 1; });
}

}  // namespace

TEST_CASE("the route's timeout covers all tries and the pauses between them") {
  AccessLog log;
  App app;
  Single mesh({app.address()}, retrying({.times = 5, .per_try = "3s", .timeout = "10s"}), log.on());
  HttpClient client(mesh.entry());
  Call call = client.start("GET", "/hang");
  for (int tries = 1; tries <= 3; ++tries) {
    REQUIRE(eventually([&] { return app.requests == tries; }));
    mesh.sidecar.advance(seconds(3));
  }
  REQUIRE(eventually([&] { return app.requests == 4; }));
  mesh.sidecar.advance(seconds(1));  // perTryTimeout is more than what is left: ignored
  CHECK(call.result().status == 504);
  CHECK(eventually([&] { return app.cancelled == 4; }));
  CHECK(app.requests == 4);
  CHECK(log.line().flags == "UT");
  CHECK(log.line().details == "response_timeout");
  CHECK(idle(mesh.sidecar));
}

TEST_CASE("a perTryTimeout that is not below the route's timeout is ignored") {
  for (const char* per_try : {"2s", "5s"}) {
    CAPTURE(per_try);
    AccessLog log;
    App app;
    Single mesh({app.address()}, retrying({.times = 3, .per_try = per_try, .timeout = "2s"}), log.on());
    HttpClient client(mesh.entry());
    Call call = client.start("GET", "/hang");
    REQUIRE(eventually([&] { return app.requests == 1; }));
    mesh.sidecar.advance(seconds(2));
    CHECK(call.result().status == 504);
    CHECK(app.requests == 1);
    CHECK(log.line().flags == "UT");
    CHECK(log.line().details == "response_timeout");
  }
}

TEST_CASE("neither perTryTimeout nor the route's timeout runs while the caller still sends") {
  App app;
  Single mesh({app.address()}, retrying({.times = 1, .per_try = "3s", .timeout = "100s"}));
  HttpClient client(mesh.entry());
  Call call = client.start("POST", "/hang", {}, false);
  REQUIRE(eventually([&] { return app.requests == 1; }));
  mesh.sidecar.advance(seconds(99));
  call.send("x", true);
  REQUIRE(eventually([&] { return app.finished == 1; }));
  CHECK(app.requests == 1);
  CHECK(app.cancelled == 0);
  mesh.sidecar.advance(seconds(3));
  REQUIRE(eventually([&] { return app.requests == 2; }));
  mesh.sidecar.advance(seconds(3));
  CHECK(call.result().status == 504);
}

TEST_CASE("a gRPC caller's deadline runs from its request's head, and what is left of it goes on") {
  AccessLog log;
  App app;
  Single mesh({app.address()}, retrying({.times = 1, .timeout = "100s"}), log.on());
  HttpClient client(mesh.entry());
  Fields fields = grpc;
  fields.emplace_back("grpc-timeout", "10S");
  Call call = client.start("POST", "/hang", fields, false);  // never whole
  REQUIRE(eventually([&] { return app.requests == 1; }));
  mesh.sidecar.advance(seconds(10));
  const Seen seen = call.result();
  CHECK(seen.status == 200);
  CHECK(seen.field("grpc-status") == "4");
  CHECK(eventually([&] { return app.cancelled == 1; }));
  CHECK(log.line().flags == "UT");
  CHECK(log.line().details == "client_deadline_exceeded");
}

TEST_CASE("grpc-timeout goes on less what has passed, and never grows, whatever the route allows") {
  App app;
  Single mesh({app.address()}, retrying({.on = "unavailable", .times = 1, .timeout = "90s"}));
  HttpClient client(mesh.entry());
  const auto forwarded = [&](const std::string& asked) {
    Fields fields = {{"content-type", "application/grpc"}, {"grpc-timeout", asked}};
    const Seen seen = client.ask("POST", "/headers", fields);
    const std::size_t at = seen.body.find("grpc-timeout: ");
    REQUIRE(at != std::string::npos);
    const auto line = seen.body.substr(at + 14, seen.body.find('\n', at) - at - 14);
    return proxy::parse_grpc_timeout(line).value_or(Duration::max());
  };
  CHECK(forwarded("50S") <= seconds(50));
  CHECK(forwarded("50S") > seconds(10));
  CHECK(forwarded("3000S") <= seconds(90));  // the route gives 90 s
}

TEST_CASE("a caller that asks for more time than the route gives gets what the route gives") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json& route) {
    speak_http2(cluster);
    route["route"]["timeout"] = "5s";
  });
  HttpClient client(mesh.entry());
  Fields fields = grpc;
  fields.emplace_back("grpc-timeout", "1H");
  Call call = client.start("POST", "/hang", fields, true);
  REQUIRE(eventually([&] { return app.requests == 1; }));
  mesh.sidecar.advance(seconds(5));
  CHECK(call.result().field("grpc-status") == "14");
}

TEST_CASE("Retry-After is waited for, up to five seconds; who asks for more gets no other try") {
  App app;
  Single mesh({app.address()}, retrying({.times = 1}));
  HttpClient client(mesh.entry());
  Call call = client.start("GET", "/status/503?retry-after=5");
  REQUIRE(backing_off(mesh.sidecar));
  CHECK(app.requests == 1);
  mesh.sidecar.advance(milliseconds(5010));
  CHECK(call.result().status == 503);
  CHECK(app.requests == 2);

  const Seen later = client.ask("GET", "/status/503?retry-after=6");
  CHECK(later.status == 503);
  CHECK(later.field("retry-after") == "6");
  CHECK(app.requests == 3);
}

TEST_CASE("grpc-retry-pushback-ms postpones a try or forbids it, and grpc-previous-rpc-attempts passes") {
  App app;
  Single mesh({app.address()}, retrying({.on = "unavailable", .times = 1}));
  HttpClient client(mesh.entry());
  for (const char* forbids : {"-1", "never"}) {
    app.requests = 0;
    const Seen seen = client.ask("POST", fmt::format("/shop.S/Fail/14?grpc-retry-pushback-ms={}", forbids), grpc);
    CHECK(seen.field("grpc-status") == "14");
    CHECK(seen.field("grpc-retry-pushback-ms") == forbids);
    CHECK(app.requests == 1);
  }
  app.requests = 0;
  Call call = client.start("POST", "/shop.S/Fail/14?grpc-retry-pushback-ms=4000", grpc);
  REQUIRE(backing_off(mesh.sidecar));
  CHECK(app.requests == 1);
  mesh.sidecar.advance(milliseconds(4010));
  CHECK(call.result().field("grpc-status") == "14");
  CHECK(app.requests == 2);
  Fields fields = grpc;
  fields.emplace_back("grpc-previous-rpc-attempts", "3");
  CHECK(client.ask("POST", "/headers", fields).body.find("grpc-previous-rpc-attempts: 3\n") != std::string::npos);
}

TEST_CASE("another try goes to an endpoint that was not tried yet; when all were, the answer says URX") {
  AccessLog log;
  App first, second, good;
  Single mesh({first.address(), second.address(), good.address()}, retrying({.times = 2}), log.on());
  HttpClient client(mesh.entry());
  first.fail_next(1'000'000);
  second.fail_next(1'000'000);
  for (int i = 0; i < 30; ++i) REQUIRE(client.ask("GET", "/bytes/1").status == 200);
  CHECK(good.requests == 30);
  CHECK(first.requests <= 30);
  CHECK(second.requests <= 30);
  good.fail_next(1'000'000);
  const int before = first.requests + second.requests + good.requests;
  CHECK(client.ask("GET", "/bytes/1").status == 503);
  CHECK(first.requests + second.requests + good.requests == before + 3);
  CHECK(log.lines(31).back().flags == "URX");
}

TEST_CASE("a caller that leaves ends its try at once, and a pause too: nothing of it is left") {
  for (const bool http2 : {true, false}) {
    for (const bool pausing : {true, false}) {
      CAPTURE(http2);
      CAPTURE(pausing);
      AccessLog log;
      App app;
      Single mesh({app.address()}, retrying({.times = 3, .pause = "3600s", .http2_app = http2}), log.on());
      HttpClient h2(mesh.entry());
      RawClient h1(mesh.entry());
      const std::string path = pausing ? "/status/503" : "/hang";
      std::optional<Call> call;
      if (http2) {
        call = h2.start("GET", path);
      } else {
        h1.send(request_text("GET", path, "app"));
      }
      REQUIRE(eventually([&] { return app.requests == 1; }));
      if (pausing) REQUIRE(backing_off(mesh.sidecar));
      call ? call->cancel() : h1.close();
      CHECK(idle(mesh.sidecar));
      if (!pausing) CHECK(eventually([&] { return app.cancelled == 1; }));
      mesh.sidecar.advance(std::chrono::hours(2));
      CHECK(app.requests == 1);
      CHECK(log.line().flags == "DC");
      CHECK(log.line().details == "downstream_remote_disconnect");
      CHECK(log.line().status == 0);
    }
  }
}

TEST_CASE("whatever mix of ends requests come to, every gauge is zero afterwards") {
  const char* const paths[] = {"/bytes/10", "/status/503", "/break", "/reset", "/refuse", "/hang",
                               "/goaway",   "/reset/body", "/last",  "/status/409", "/goaway/refuse"};
  for (const bool http2_app : {false, true}) {
    CAPTURE(http2_app);
    App first, second;
    Single mesh({first.address(), second.address(), nobody()},
                retrying({.on = "5xx,retriable-4xx", .times = 2, .http2_app = http2_app}));
    std::mt19937 random(7);
    for (int round = 0; round < amount(5, 100); ++round) {
      HttpClient client(mesh.entry());
      std::vector<Call> calls;
      for (int i = 0; i < 50; ++i) {
        const char* path = paths[random() % std::size(paths)];
        const bool whole = random() % 3 != 0;
        calls.push_back(client.start("POST", path, {}, false));
        if (whole) calls.back().send("body", true);
        if (random() % 4 == 0) calls.back().cancel();
      }
      for (Call& call : calls) {
        if (random() % 2 == 0) call.cancel();
      }
      client.abort();
    }
    CHECK(idle(mesh.sidecar));
    CHECK(mesh.sidecar.ask([](proxy::Sidecar& sidecar) {
      std::uint32_t active = 0;
      for (const auto& endpoint : sidecar.world()->snapshot->cluster("app")->endpoints) {
        active += endpoint.state->active_requests;
      }
      return active == 0;
    }));
  }
}

}  // namespace outrider::scenario
