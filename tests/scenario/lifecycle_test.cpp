// From ready to stopped, and what a sidecar says about itself on the way.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {

using Port = proxy::Sidecar::Port;

TEST_CASE("a stop lets what is under way finish, tells callers to go elsewhere, and exits 0") {
  Pair pair;
  RawClient h1(pair.entry()), idle(pair.entry());
  REQUIRE(idle.ask("GET", "/bytes/1").status == 200);
  h1.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n!\"");
  HttpClient h2(pair.entry());
  Call call = h2.start("POST", "/echo", {}, false);
  REQUIRE(call.wait_head());
  REQUIRE(eventually([&] { return pair.app.received == 2; }));
  const SocketAddress ready = pair.client.port(Port::Ready);
  {
    RawClient probe(ready);
    probe.host = "127.0.0.1";
    CHECK(probe.ask("GET", "/healthz/ready").status == 200);
  }
  pair.client.stop();
  CHECK(h2.wait_goaway());
  CHECK(idle.ended());
  {
    RawClient probe(ready);
    probe.host = "127.0.0.1";
    CHECK(probe.ask("GET", "/healthz/ready").status == 503);
  }
  CHECK(pair.client.admin("/ready").status == 503);
  h1.send("#$");
  const Answer answer = h1.read();
  CHECK(answer.body == "4 ok");
  CHECK(answer.field("connection") == "close");
  CHECK(h1.ended());
  call.send("done", true);
  CHECK(call.result().body == "done");
  CHECK(pair.client.exit_status() == 0);
}

TEST_CASE("who comes during a drain is still served, once") {
  App app;
  Single mesh({app.address()});
  RawClient hold(mesh.entry());
  hold.send(request_text("GET", "/hang", "app"));
  REQUIRE(eventually([&] { return app.requests == 1; }));
  const SocketAddress entry = mesh.entry();
  mesh.sidecar.stop();
  RawClient late(entry);
  const Answer answer = late.ask("GET", "/bytes/1");
  CHECK(answer.status == 200);
  CHECK(answer.field("connection") == "close");
  CHECK(late.ended());
  HttpClient late_h2(entry);
  CHECK(late_h2.ask("GET", "/bytes/1").status == 200);
  CHECK(late_h2.wait_closed());
}

TEST_CASE("a request that never ends does not hold up a stop for ever") {
  App app;
  Single mesh({app.address()}, {}, [](proxy::Options& options) {
    options.drain_time = std::chrono::milliseconds(200);
  });
  RawClient client(mesh.entry());
  client.send(request_text("GET", "/hang", "app"));
  REQUIRE(eventually([&] { return app.requests == 1; }));
  mesh.sidecar.stop();
  CHECK(mesh.sidecar.exit_status() == 0);
  CHECK_FALSE(client.read().whole);
  CHECK(eventually([&] { return app.cancelled == 1; }));
}

TEST_CASE("a sidecar that nobody uses stops at once") {
  App app;
  Single mesh({app.address()}, {}, [](proxy::Options& options) {
    options.drain_time = std::chrono::hours(1);
  });
  mesh.sidecar.stop();
  CHECK(mesh.sidecar.exit_status() == 0);
}

TEST_CASE("the admin port says how things are") {
  App app;
  Single mesh({app.address()});
  (void)RawClient(mesh.entry()).ask("GET", "/bytes/1");
  CHECK(mesh.sidecar.admin("/ready").body == "LIVE\n");
  const std::string clusters = mesh.sidecar.admin("/clusters").body;
  CHECK(clusters.find(fmt::format("app::{}::rq_total::1\n", app.address().text())) != std::string::npos);
  CHECK(json::parse(mesh.sidecar.admin("/clusters?format=json").body).contains("cluster_statuses"));
  const json dump = json::parse(mesh.sidecar.admin("/config_dump").body);
  CHECK(dump["configs"][0]["dynamic_active_clusters"][0]["name"] == "app");
  CHECK(json::parse(mesh.sidecar.admin("/server_info").body)["state"] == "LIVE");
  const json workers = json::parse(mesh.sidecar.admin("/workers").body)["workers"];
  CHECK(workers[0]["worker"] == 0);
  CHECK(workers[0]["longest_turn_us"].is_number());
  CHECK(mesh.sidecar.admin("/quitquitquit").status == 400);
  CHECK(mesh.sidecar.admin("/drain_listeners").status == 400);
  CHECK(mesh.sidecar.admin("/nothing").status == 404);
  RawClient page(mesh.sidecar.port(Port::Admin));
  page.host = "evil.example";
  CHECK(page.ask("GET", "/config_dump").status == 403);
}

TEST_CASE("POST /drain_listeners drains and stays; POST /quitquitquit ends the process") {
  App app;
  Single mesh({app.address()});
  CHECK(mesh.sidecar.admin("/drain_listeners?graceful", "POST").status == 200);
  CHECK(mesh.sidecar.admin("/ready").status == 503);
  CHECK(RawClient(mesh.entry()).ask("GET", "/bytes/1").field("connection") == "close");
  CHECK(mesh.sidecar.admin("/quitquitquit", "POST").status == 200);
  CHECK(mesh.sidecar.exit_status() == 0);
}

TEST_CASE("both sides count every request, by code, and the sums are what was sent") {
  Pair pair({.http2_app = true});
  RawClient h1(pair.entry());
  for (int i = 0; i < 30; ++i) (void)h1.ask("GET", "/bytes/10");
  for (int i = 0; i < 7; ++i) (void)h1.ask("GET", "/status/404");
  for (int i = 0; i < 3; ++i) (void)h1.ask("POST", "/status/500", {}, "x");
  HttpClient h2(pair.entry());
  for (int i = 0; i < 5; ++i) {
    (void)h2.ask("POST", "/shop.S/Unary", {{"content-type", "application/grpc"}}, grpc_message("x"));
  }
  const std::string requests = "istio_requests_total";
  struct Row {
    const char* code;
    const char* protocol;
    double count;
  };
  for (const Row& row : {Row{"200", "http", 30}, Row{"404", "http", 7}, Row{"500", "http", 3}, Row{"200", "grpc", 5}}) {
    CAPTURE(row.count);
    const std::vector<std::string> labels = {fmt::format("response_code=\"{}\"", row.code),
                                             fmt::format("request_protocol=\"{}\"", row.protocol)};
    auto source = labels, destination = labels;
    source.emplace_back("reporter=\"source\"");
    destination.emplace_back("reporter=\"destination\"");
    destination.emplace_back("source_principal=\"" + identity("client") + "\"");
    destination.emplace_back("source_workload=\"client\"");
    CHECK(pair.client.counts(row.count, requests, source));
    CHECK(pair.server.counts(row.count, requests, destination));
  }
  CHECK(pair.client.counts(45, requests));
  CHECK(pair.server.counts(45, requests));
  CHECK(pair.client.counts(45, "istio_request_duration_milliseconds_count"));
  CHECK(pair.client.counts(45, "istio_response_bytes_count"));
  RawClient scrape(pair.client.port(Port::Metrics));
  const Answer metrics = scrape.ask("GET", "/stats/prometheus");
  CHECK(metrics.status == 200);
  CHECK(sample(metrics.body, requests, {}) == 45);
}

TEST_CASE("gauges are back at nothing after everything that can happen to a request") {
  Pair pair({.client = [](std::vector<json>& resources) {
               resources[0] = outbound("outbound", virtual_host({[] {
                                json all = route("app");
                                all["route"]["retry_policy"] = retry("5xx,reset", 2);
                                all["route"]["timeout"] = "0.3s";
                                return all;
                              }()}));
             },
             .http2_app = true});
  {
    HttpClient h2(pair.entry());
    std::vector<Call> calls;
    for (int i = 0; i < 5; ++i) {
      for (const char* path : {"/bytes/100000", "/hang", "/break", "/reset", "/break/body", "/reset/body",
                               "/status/503", "/goaway", "/shop.S/Fail"}) {
        calls.push_back(h2.start("GET", path));
        calls.push_back(h2.start("GET", path));
        calls.back().cancel();
        RawClient h1(pair.entry());
        h1.send(request_text("GET", path, "app"));
        if (i % 2 == 0) h1.reset();
      }
    }
    for (Call& call : calls) CHECK(call.wait_for([](const Seen& seen) { return seen.closed; }));
  }
  const auto quiet = [](Running& sidecar, const char* cluster) {
    return eventually([&] {
      const auto now = sidecar.gauges(cluster);
      return now.requests == 0 && now.pending == 0 && now.retries == 0;
    });
  };
  CHECK(quiet(pair.client, "app"));
  CHECK(quiet(pair.server, "inbound|app"));
  pair.app.close();
  CHECK(eventually([&] { return pair.server.gauges("inbound|app") == Running::Gauges{0, 0, 0, 0}; }));
}

}  // namespace outrider::scenario
