// Configuration changes under load: no connection closes, no request fails.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

// Callers that ask one after the other, each on one connection, until they are told to stop.
class Load {
 public:
  Load(const SocketAddress& to, int callers) {
    for (int i = 0; i < callers; ++i) {
      threads_.emplace_back([this, to] { run(to); });
    }
  }
  ~Load() { stop(); }
  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::atomic<int> answered{0}, failed{0};

 private:
  void run(const SocketAddress& to) {
    RawClient client(to);
    while (!stopping_) {
      const Answer answer = client.ask("POST", "/sum", {}, "!\"#$");
      const bool good = answer.whole && answer.status == 200 && answer.body == "4 ok";
      ++(good ? answered : failed);
      if (!good) return;
    }
  }
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("pushes under load close no connection and fail no request") {
  Pair pair;
  Load load(pair.entry(), 4);
  HttpClient standing(pair.entry());
  Call call = standing.start("POST", "/echo", {}, false);
  REQUIRE(call.wait_head());
  for (int i = 0; i < 12; ++i) {
    const int before = load.answered;
    pair.client_resources[1]["connect_timeout"] = fmt::format("{}s", 1 + i);
    REQUIRE(pair.client.push(pair.client_resources, i % 2 == 0));
    pair.server_resources[1]["connect_timeout"] = fmt::format("{}s", 1 + i);
    REQUIRE(pair.server.push(pair.server_resources, i % 2 == 1));
    REQUIRE(eventually([&] { return load.answered > before + 20 || load.failed > 0; }));
  }
  load.stop();
  CHECK(load.failed == 0);
  call.send("still here", true);
  CHECK(call.result().body == "still here");
  const std::string metrics = pair.client.metrics();
  CHECK(sample(metrics, "outrider_xds_updates_total", {}) == 13);
  CHECK(sample(metrics, "outrider_xds_updates_rejected_total", {}) == 0);
  CHECK(sample(metrics, "outrider_downstream_connections_total", {}) == 5);
  CHECK(pair.server.gauges("inbound|app").connections <= 5);
}

TEST_CASE("what a push replaced ends on the main thread, once no request sees it any more") {
  Pair pair;
  HttpClient standing(pair.entry());
  Call call = standing.start("POST", "/echo", {}, false);
  REQUIRE(call.wait_head());
  const auto in_force = [&] {
    return pair.client.ask([](proxy::Sidecar& sidecar) { return std::weak_ptr<const proxy::World>(sidecar.world()); });
  };
  const auto seen_by_call = in_force();
  pair.client_resources[1]["connect_timeout"] = "7s";
  REQUIRE(pair.client.push(pair.client_resources, true));
  CHECK(in_force().lock() != seen_by_call.lock());
  CHECK_FALSE(seen_by_call.expired());
  call.send("bye", true);
  CHECK(call.result().body == "bye");
  // The connection takes the new one with its next request.
  CHECK(standing.ask("GET", "/bytes/1").status == 200);
  CHECK(eventually([&] { return seen_by_call.expired(); }));
  // And an idle one holds none.
  const auto seen_by_nobody = in_force();
  pair.client_resources[1]["connect_timeout"] = "8s";
  REQUIRE(pair.client.push(pair.client_resources, true));
  CHECK(eventually([&] { return seen_by_nobody.expired(); }));
  CHECK(standing.ask("GET", "/bytes/1").status == 200);
}

TEST_CASE("an endpoint that is gone takes along the world that its last connection was made in") {
  App first, second;
  Single mesh({first.address()});
  HttpClient client(mesh.entry());
  REQUIRE(client.ask("GET", "/bytes/1").status == 200);
  const auto made_in = mesh.sidecar.ask([](proxy::Sidecar& sidecar) { return std::weak_ptr<const proxy::World>(sidecar.world()); });
  REQUIRE(mesh.sidecar.push({mesh.resources[0], cluster("app", {second.address()})}));
  CHECK(eventually([&] { return first.open == 0 && made_in.expired(); }));
  CHECK(client.ask("GET", "/bytes/1").status == 200);
  CHECK(second.requests == 1);
}

TEST_CASE("a push that moves a route under load moves every request, and drops none") {
  App first, second;
  Single mesh({first.address()});
  json other = cluster("other", {second.address()});
  Load load(mesh.entry(), 4);
  REQUIRE(eventually([&] { return load.answered > 20; }));
  std::vector<json> moved = {outbound("outbound", virtual_host({route("other")})), other};
  REQUIRE(mesh.sidecar.push(moved));
  const int before = load.answered;
  REQUIRE(eventually([&] { return load.answered > before + 50; }));
  const int settled = first.requests;
  const int later = load.answered;
  REQUIRE(eventually([&] { return load.answered > later + 50; }));
  CHECK(first.requests == settled);
  CHECK(eventually([&] { return first.open == 0; }));  // nobody wants these connections any more
  load.stop();
  CHECK(load.failed == 0);
  CHECK(sample(mesh.sidecar.metrics(), "outrider_downstream_connections_total", {}) == 4);
}

TEST_CASE("a file that makes no sense leaves the last good configuration in force") {
  App app;
  Single mesh({app.address()});
  RawClient client(mesh.entry());
  const auto refused = [&] {
    return sample(mesh.sidecar.metrics(), "outrider_xds_updates_rejected_total", {});
  };
  REQUIRE(client.ask("GET", "/bytes/1").status == 200);

  std::vector<json> bad = mesh.resources;
  bad[1]["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["port_value"] = 0;
  bad[0]["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"] = json::array();
  REQUIRE(mesh.sidecar.push(bad));
  CHECK(refused() == 1);
  CHECK(client.ask("GET", "/bytes/2").body == pattern(2));

  for (const char* text : {"{ not json", R"({"resources": [{"@type": "type.googleapis.com/unheard.Of"}]})", ""}) {
    mesh.sidecar.folder().replace("resources.json", text);
    CHECK(client.ask("GET", "/bytes/3").body == pattern(3));
  }
  // And a good one after them is taken.
  mesh.resources[0] = outbound("outbound", virtual_host({route("nothing")}));
  REQUIRE(mesh.sidecar.push(mesh.resources));
  CHECK(eventually([&] { return client.ask("GET", "/bytes/4").status == 503; }));
}

TEST_CASE("a listener that is gone takes nobody new, and lets those go who are there") {
  App app;
  Single mesh({app.address()});
  std::vector<json> resources = mesh.resources;
  resources.push_back(outbound("other", virtual_host({route("app")})));
  REQUIRE(mesh.sidecar.push(resources));
  const SocketAddress other = mesh.sidecar.at("other");
  REQUIRE(other.port != 0);
  RawClient idle(other), busy(other);
  CHECK(idle.ask("GET", "/bytes/1").status == 200);
  HttpClient h2(other);
  Call call = h2.start("POST", "/echo", {}, false);
  REQUIRE(call.wait_head());
  busy.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n!\"");
  REQUIRE(eventually([&] { return app.received == 2; }));

  REQUIRE(mesh.sidecar.push(mesh.resources));
  CHECK(eventually([&] { return mesh.sidecar.at("other").port == 0; }));
  CHECK(h2.wait_goaway());
  CHECK(idle.ended());
  call.send("x", true);
  CHECK(call.result().body == "x");
  CHECK(h2.wait_closed());
  busy.send("#$");
  const Answer answer = busy.read();
  CHECK(answer.body == "4 ok");
  CHECK(answer.field("connection") == "close");
  CHECK(busy.ended());
  CHECK(RawClient(mesh.entry()).ask("GET", "/bytes/1").status == 200);
}

TEST_CASE("a listener whose port is taken is refused in words, and the others stay as they are") {
  App app;
  Single mesh({app.address()});
  std::vector<json> resources = mesh.resources;
  resources.push_back(outbound("taken", virtual_host({route("app")}), app.address()));
  REQUIRE(mesh.sidecar.push(resources));
  CHECK(sample(mesh.sidecar.metrics(), "outrider_xds_updates_rejected_total", {}) == 1);
  CHECK(RawClient(mesh.entry()).ask("GET", "/bytes/1").status == 200);
}

}  // namespace outrider::scenario
