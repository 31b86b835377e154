// Upgrades that are refused, left out or not taken up; compared with what Envoy 1.40 does.

#include "tests/conformance/upgrades.hpp"

namespace outrider::scenario {

TEST_CASE(
    "a protocol that is not configured is refused with 403 upgrade_failed, in words, before any upstream") {
  App app;
  const AccessLog log;
  {
    Single mesh({app.address()}, {}, log.on());
    for (const char* protocol :
         {"TLS/1.2", "websocket, foo", "foo", "websocket\r\nUpgrade: foo", "h2c, websocket", "CONNECT"}) {
      CAPTURE(protocol);
      RawClient client(mesh.entry());
      client.send(upgrade(protocol) + smuggled);
      const Answer answer = client.read();
      CHECK(answer.status == 403);
      CHECK(answer.body.find("upgrade") != std::string::npos);
      CHECK(answer.field("connection") == "close");
      CHECK(client.read_to_end().empty());
    }
    CHECK(app.requests == 0);
    CHECK(mesh.sidecar.counts(6, "istio_requests_total", {"response_code=\"403\""}));
  }
  for (const LogLine& line : log.lines(6)) {
    CHECK(line.status == 403);
    CHECK(line.details == "upgrade_failed");
  }
}

TEST_CASE(
    "what is no upgrade for HTTP/1.1 goes on without one: h2c, no Connection, HTTP/1.0, a body in front") {
  std::vector<RawRequest> seen;
  RawServer app(answering([&](const RawRequest& request) {
    seen.push_back(request);
    return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  }));
  Single mesh({app.address()});
  const std::string requests[] = {
      upgrade("h2c", "HTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
      upgrade("H2C"),
      request_text("GET", "/chat", "app", "Upgrade: websocket\r\n"),
      request_text("GET", "/chat", "app", "Connection: x-upgrade\r\nUpgrade: websocket\r\n"),
      "GET /chat HTTP/1.0\r\nHost: app\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
      request_text("POST", "/chat", "app", "Connection: upgrade\r\nUpgrade: websocket\r\n", "abc"),
  };
  for (const std::string& request : requests) {
    CAPTURE(request);
    RawClient client(mesh.entry());
    client.send(request);
    CHECK(client.read().body == "ok");
  }
  REQUIRE(seen.size() == std::size(requests));
  for (const RawRequest& request : seen) {
    CAPTURE(request.head);
    CHECK(request.head.find("upgrade:") == std::string::npos);
    CHECK(request.head.find("connection:") == std::string::npos);
  }
  CHECK(seen.back().body == "abc");
}

TEST_CASE("a 101 to another protocol than the one asked for is a 502") {
  for (const char* answer :
       {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nbye",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nbye",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\nbye"}) {
    CAPTURE(answer);
    RawServer app([&](RawServer::Peer& peer) {
      std::string head;
      if (peer.read_head(head)) peer.send(answer);
      while (peer.read_some(head)) {
      }
    });
    Single mesh({app.address()});
    RawClient client(mesh.entry());
    client.send(upgrade());
    CHECK(client.read().status == 502);
    CHECK(client.read_to_end().empty());
    CHECK(rejected(mesh.sidecar, 1, "http1_malformed_head", "upstream"));
  }
}

TEST_CASE("routes and listeners say which protocols may be asked for, and a route has the last word") {
  RawServer app([](RawServer::Peer& peer) {
    std::string head;
    if (!peer.read_head(head)) return;
    peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: CUSTOM/1\r\n\r\ncustom");
  });
  Single mesh({app.address()}, [](json&, json& route) {
    json custom, websocket;
    custom["upgrade_type"] = "custom/1";
    websocket["upgrade_type"] = "websocket";
    websocket["enabled"] = false;
    route["route"]["upgrade_configs"] = json::array({custom, websocket});
  });
  RawClient client(mesh.entry()), refused(mesh.entry());
  client.send(upgrade("Custom/1"));
  CHECK(client.read().status == 101);
  CHECK(client.read_bytes(6) == "custom");
  refused.send(upgrade());
  CHECK(refused.read().status == 403);
}

TEST_CASE("authorization holds for upgrades, and comes first") {
  Chat chat(
      switch_and_echo, {.server = [](std::vector<json>& resources) {
        json policy;
        policy["permissions"] = json::array({json::object({{"url_path", {{"path", {{"exact", "/chat"}}}}}})});
        policy["principals"] = json::array({json::object({{"any", true}})});
        add_rbac(resources[0], {{"action", "DENY"}, {"policies", {{"no chat", policy}}}});
      }});
  RawClient client(chat.pair.entry());
  client.send(upgrade() + "EARLY");
  CHECK(client.read().status == 403);
  CHECK(client.read_to_end().empty());
  CHECK(chat.app.connections == 0);
}

TEST_CASE("an upgrade to a destination that speaks HTTP/2 without TLS only is refused, not mangled") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); });
  RawClient client(mesh.entry());
  client.send(upgrade());
  const Answer answer = client.read();
  CHECK(answer.status == 403);
  CHECK(answer.body.find("HTTP/2 only") != std::string::npos);
  CHECK(app.requests == 0);
}

TEST_CASE("CONNECT is refused with 405, whatever it is dressed as") {
  App app;
  Single mesh({app.address()});
  for (const char* head :
       {"CONNECT app:80 HTTP/1.1\r\nHost: app:80\r\n\r\n",
        "CONNECT app:80 HTTP/1.1\r\nHost: app:80\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"}) {
    RawClient client(mesh.entry());
    client.send(head + smuggled);
    CHECK(client.read().status == 405);
    CHECK(client.read_to_end().empty());  // what follows is for the tunnel that there is none of
  }
  CHECK(app.requests == 0);
}

}  // namespace outrider::scenario
