// Reliability 4.1, first half: on what a request is tried again, and on what never. Each row says
// what the application does, and what caller, log and application see of it.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

std::function<void(json&, json&)> retrying(const std::string& on, int times, bool http2_app) {
  return [=](json& cluster, json& route) {
    if (http2_app) speak_http2(cluster);
    route["route"]["retry_policy"] = retry(on, times);
  };
}

}  // namespace

TEST_CASE("each condition of retryOn is retried end to end, and no other") {
  struct Row {
    const char* on;
    const char* path;   // what the application does
    bool http2_app;
    int tries;          // that it sees, of 3 allowed
    int status;
    const char* flags;
  };
  const Row rows[] = {
      {"5xx", "/status/500", false, 3, 500, "URX"},
      {"5xx", "/status/503", true, 3, 503, "URX"},
      {"5xx", "/status/404", false, 1, 404, "-"},
      {"5xx", "/break", false, 3, 503, "UC,URX"},
      {"5xx", "/reset", true, 3, 503, "UR,URX"},
      {"gateway-error", "/status/502", false, 3, 502, "URX"},
      {"gateway-error", "/status/504", false, 3, 504, "URX"},
      {"gateway-error", "/status/500", false, 1, 500, "-"},
      {"gateway-error", "/break", true, 3, 503, "UC,URX"},
      {"reset", "/reset", true, 3, 503, "UR,URX"},
      {"reset", "/break", false, 3, 503, "UC,URX"},
      {"reset", "/status/503", false, 1, 503, "-"},
      {"reset-before-request", "/reset", true, 1, 503, "UR"},
      {"connect-failure", "/break", true, 1, 503, "UC"},
      {"refused-stream", "/refuse", true, 3, 503, "UR,URX"},
      {"refused-stream", "/reset", true, 1, 503, "UR"},
      {"retriable-4xx", "/status/409", false, 3, 409, "URX"},
      {"retriable-4xx", "/status/429", false, 1, 429, "-"},
      {"retriable-status-codes,418", "/status/418", false, 3, 418, "URX"},
      {"retriable-status-codes,418", "/status/503", false, 1, 503, "-"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.on);
    CAPTURE(row.path);
    CAPTURE(row.http2_app);
    App app;
    Single mesh({app.address()}, retrying(row.on, 2, row.http2_app));
    const Answer answer = RawClient(mesh.entry()).ask("POST", row.path, {}, "body");
    CHECK(answer.status == row.status);
    CHECK(answer.whole);
    CHECK(app.requests == row.tries);
    CHECK(mesh.sidecar.counts(1, "istio_requests_total",
                              {fmt::format("response_code=\"{}\"", row.status),
                               fmt::format("response_flags=\"{}\"", row.flags)}));
    CHECK(mesh.sidecar.gauges("app") == Running::Gauges{mesh.sidecar.gauges("app").connections, 0, 0, 0});
  }
}

TEST_CASE("a gRPC status is retried from a trailers-only answer, never from trailers behind a message") {
  struct Row {
    const char* on;
    int status;
  };
  for (const Row& row : {Row{"cancelled", 1}, Row{"deadline-exceeded", 4}, Row{"resource-exhausted", 8},
                         Row{"internal", 13}, Row{"unavailable", 14}}) {
    CAPTURE(row.on);
    App app;
    Single mesh({app.address()}, retrying(row.on, 2, true));
    HttpClient client(mesh.entry());
    const Seen at_once = client.ask("POST", fmt::format("/shop.S/Fail/{}", row.status), grpc, grpc_message("x"));
    CHECK(at_once.field("grpc-status") == std::to_string(row.status));
    CHECK(app.requests == 3);
    app.requests = 0;
    const Seen later = client.ask("POST", fmt::format("/shop.S/FailLate/{}", row.status), grpc, grpc_message("x"));
    CHECK(later.trailer("grpc-status") == std::to_string(row.status));
    CHECK(later.body_bytes > 0);
    CHECK(app.requests == 1);
    app.requests = 0;
    const Seen other = client.ask("POST", "/shop.S/Fail/5", grpc, grpc_message("x"));
    CHECK(other.field("grpc-status") == "5");
    CHECK(app.requests == 1);
  }
}

TEST_CASE("the mesh's default repeats a POST only where it was provably not processed") {
  // As translated for a VirtualService that says nothing of retries.
  const std::string usual = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
  struct Row {
    const char* method;
    const char* path;
    const char* more;
    int tries;
  };
  const Row rows[] = {
      {"POST", "/refuse", "", 3},       // REFUSED_STREAM
      {"POST", "/reset", "", 1},        // it may have been processed
      {"POST", "/break", "", 1},
      {"POST", "/status/503", "", 1},
      {"GET", "/status/503", "", 1},    // nobody asked for this
      {"POST", "/goaway/refuse", "", 4},  // once more than the policy says: a GOAWAY is no failure
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    App app;
    Single mesh({app.address()}, retrying(usual, 2, true));
    const Answer answer = RawClient(mesh.entry()).ask(row.method, row.path, row.more, "body");
    CHECK(answer.status == 503);
    CHECK(app.requests == row.tries);
  }
}

TEST_CASE("no answer is retried once some of it went downstream") {
  for (const bool http2_app : {false, true}) {
    for (const char* path : {"/break/body", "/reset/body"}) {
      CAPTURE(path);
      CAPTURE(http2_app);
      App app;
      Single mesh({app.address()}, retrying("5xx,reset", 3, http2_app));
      HttpClient client(mesh.entry());
      const Seen seen = client.start("GET", path).result();
      CHECK(seen.status == 200);
      CHECK(seen.reset);
      CHECK(seen.code == protocol::ErrorCode::InternalError);
      CHECK(app.requests == 1);
    }
  }
}

TEST_CASE("a body of 64 KiB is kept for another try, one byte more commits the request to its first") {
  for (const bool http2_app : {false, true}) {
    for (const std::size_t size : {std::size_t{65'536}, std::size_t{65'537}}) {
      CAPTURE(http2_app);
      CAPTURE(size);
      App app;
      Single mesh({app.address()}, retrying("5xx", 2, http2_app));
      app.fail_next(2);
      const Answer answer = RawClient(mesh.entry()).ask("POST", "/sum", {}, pattern(size));
      const bool kept = size <= 65'536;
      CHECK(answer.status == (kept ? 200 : 503));
      if (kept) CHECK(answer.body == fmt::format("{} ok", size));
      CHECK(app.requests == (kept ? 3 : 1));
    }
  }
}

TEST_CASE("a request that still streams is tried again with all of it, what came later included") {
  App app;
  Single mesh({app.address()}, retrying("5xx", 2, true));
  HttpClient client(mesh.entry());
  Call call = client.start("POST", "/sum", {}, false);
  call.send(pattern(1000), false);
  REQUIRE(eventually([&] { return app.received == 1000; }));
  app.fail_next(1);  // the next head: that of the second try, too
  call.send(pattern(500, 1000), true);
  CHECK(call.result().body == "1500 ok");
}

}  // namespace outrider::scenario
