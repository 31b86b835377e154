// H1-14: WebSockets. One passes application -> sidecar -> mutual TLS -> sidecar -> application as a
// tunnel; nothing that was sent before the 101 is taken for HTTP by anybody.

#include "tests/conformance/upgrades.hpp"

namespace outrider::scenario {

TEST_CASE("a WebSocket is a tunnel through both sidecars, over HTTP/1.1 between them") {
  std::string head;
  const AccessLog log;
  {
    Chat chat(
        [&](RawServer::Peer& peer) {
          if (!peer.read_head(head)) return;
          peer.send(switched + "hello");
          std::string bytes;
          for (; peer.read_some(bytes); bytes.clear()) peer.send("<" + bytes + ">");
        },
        {.server = [](std::vector<json>&) {}, .options = log.on()});
    RawClient client(chat.pair.entry());
    client.send(upgrade());
    const Answer answer = client.read();
    CHECK(answer.status == 101);
    CHECK(answer.field("connection") == "upgrade");
    CHECK(answer.field("upgrade") == "websocket");
    CHECK(answer.field("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(answer.field("transfer-encoding").empty());
    CHECK(answer.field("content-length").empty());
    CHECK(client.read_bytes(5) == "hello");
    for (int i = 0; i < 100; ++i) {
      const std::string frame = fmt::format("\x81\x7e{}\r\n\r\nGET / HTTP/1.1\r\n\r\n", i);
      client.send(frame);
      CHECK(client.read_bytes(frame.size() + 2) == "<" + frame + ">");
    }
    CHECK(head.starts_with("GET /chat HTTP/1.1\r\n"));
    CHECK(head.find("\r\nconnection: upgrade\r\nupgrade: websocket\r\n") != std::string::npos);
    CHECK(head.find("\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n") != std::string::npos);
    CHECK(head.find("x-forwarded-client-cert: ") != std::string::npos);  // it came by mutual TLS
    CHECK(head.find("transfer-encoding") == std::string::npos);
    client.half_close();
    CHECK(client.read_to_end().empty());
    CHECK(chat.app.connections == 1);
    for (Running* sidecar : {&chat.pair.server, &chat.pair.client}) {
      CHECK(sidecar->counts(1, "istio_requests_total", {"response_code=\"101\"", "response_flags=\"-\""}));
    }
    CHECK(chat.pair.client.gauges("app") == Running::Gauges{0, 0, 0, 0});
    CHECK(chat.pair.server.gauges("inbound|app") == Running::Gauges{0, 0, 0, 0});
  }
  for (const LogLine& line : log.lines(2)) {
    CHECK(line.request == "GET /chat HTTP/1.1");
    CHECK(line.status == 101);
    CHECK(line.details == "via_upstream");
  }
}

TEST_CASE("requests beside a WebSocket still share one HTTP/2 connection between the sidecars") {
  RawServer app([](RawServer::Peer& peer) {
    std::string head;
    while (peer.read_head(head)) {
      if (head.find("upgrade: ") != std::string::npos) {
        peer.send(switched);
        while (peer.read_some(head)) {
        }
        return;
      }
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  Pair pair({.server = [&](std::vector<json>& resources) {
    resources[1] = cluster("inbound|app", {app.address()});
  }});
  RawClient client(pair.entry()), first(pair.entry()), second(pair.entry());
  CHECK(client.ask("GET", "/x").body == "ok");
  CHECK(pair.client.gauges("app").connections == 1);
  first.send(upgrade());
  second.send(upgrade());
  CHECK(first.read().status == 101);
  CHECK(second.read().status == 101);
  for (int i = 0; i < 10; ++i) CHECK(client.ask("GET", "/x").body == "ok");
  CHECK(pair.client.gauges("app").connections == 3);
}

TEST_CASE("what is sent before the 101 is held, by both sidecars, and delivered after it (CVE-2026-73548)") {
  std::promise<void> agree;
  std::atomic<bool> asked{false};
  Chat chat([&](RawServer::Peer& peer) {
    std::string bytes;
    if (!peer.read_head(bytes)) return;
    if (!bytes.starts_with("GET /chat")) {
      peer.send("HTTP/1.1 204 None\r\n\r\n");
      return;
    }
    asked = true;
    agree.get_future().wait();
    peer.send(switched);
    bytes.clear();
    if (peer.read(5, bytes)) peer.send("<" + bytes + ">");
    while (peer.read_some(bytes)) {
    }
  });
  RawClient client(chat.pair.entry());
  client.send(upgrade() + "EARLY");
  REQUIRE(eventually([&] { return asked.load(); }));
  // Whatever would have gone with it has had the time of another request's whole way.
  CHECK(RawClient(chat.pair.entry()).ask("POST", "/other").status == 204);
  for (const std::string& bytes : chat.app.received()) CHECK(bytes.find("EARLY") == std::string::npos);
  agree.set_value();
  CHECK(client.read().status == 101);
  CHECK(client.read_bytes(7) == "<EARLY>");
}

TEST_CASE(
    "after any other answer than 101, what was sent is thrown away and both connections end "
    "(CVE-2025-64763)") {
  for (const char* refusal :
       {"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        "HTTP/1.1 426 No\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nno"}) {
    for (const bool early : {true, false}) {
      CAPTURE(refusal);
      CAPTURE(early);
      Chat chat([&](RawServer::Peer& peer) {
        std::string head;
        if (peer.read_head(head)) peer.send(refusal);
        CHECK(peer.ended());
      });
      RawClient client(chat.pair.entry());
      client.send(upgrade() + (early ? smuggled : ""));
      const Answer answer = client.read();
      CHECK(answer.status >= 200);
      CHECK(answer.whole);
      CHECK(answer.body == "no");
      CHECK(answer.field("connection") == "close");
      client.send(smuggled);
      CHECK(client.read_to_end().empty());
      CHECK(eventually([&] { return chat.app.ended == 1; }));
      CHECK(chat.app.connections == 1);
      CHECK(chat.app.received().at(0).find("smuggled") == std::string::npos);
    }
  }
}

TEST_CASE("either side of a tunnel may end first, and hears the other to its end") {
  SUBCASE("the client") {
    Chat chat([](RawServer::Peer& peer) {
      std::string bytes, all;
      if (!peer.read_head(bytes)) return;
      peer.send(switched);
      while (peer.read_some(all)) {
      }
      peer.send(fmt::format("{} bytes, and {}", all.size(), std::string(300'000, 'z')));
    });
    RawClient client(chat.pair.entry());
    client.send(upgrade());
    REQUIRE(client.read().status == 101);
    client.send(std::string(500'000, 'a'));
    client.half_close();
    CHECK(client.read_to_end() == "500000 bytes, and " + std::string(300'000, 'z'));
  }
  SUBCASE("the server") {
    std::promise<std::string> told;
    Chat chat([&](RawServer::Peer& peer) {
      std::string bytes, all;
      if (!peer.read_head(bytes)) return;
      peer.send(switched + std::string(300'000, 'z'));
      peer.half_close();
      while (peer.read_some(all)) {
      }
      told.set_value(all);
    });
    RawClient client(chat.pair.entry());
    client.send(upgrade());
    REQUIRE(client.read().status == 101);
    CHECK(client.read_to_end() == std::string(300'000, 'z'));
    CHECK(client.send(std::string(500'000, 'a')));
    client.half_close();
    auto all = told.get_future();
    REQUIRE(all.wait_for(patience) == std::future_status::ready);
    CHECK(all.get() == std::string(500'000, 'a'));
  }
}

TEST_CASE("a side of a tunnel that breaks off ends the other one, with its flag") {
  SUBCASE("the client") {
    Chat chat(switch_and_echo);
    {
      RawClient client(chat.pair.entry());
      client.send(upgrade());
      REQUIRE(client.read().status == 101);
      client.reset();
    }
    CHECK(eventually([&] { return chat.app.ended == 1; }));
    CHECK(chat.pair.client.counts(1, "istio_requests_total",
                                  {"response_code=\"101\"", "response_flags=\"DC\""}));
  }
  SUBCASE("the server") {
    Chat chat([](RawServer::Peer& peer) {
      std::string bytes;
      if (!peer.read_head(bytes)) return;
      peer.send(switched);
      if (peer.read_some(bytes)) peer.reset();
    });
    RawClient client(chat.pair.entry());
    client.send(upgrade());
    REQUIRE(client.read().status == 101);
    client.send("x");
    CHECK(client.read_to_end().empty());
    CHECK(chat.pair.server.counts(1, "istio_requests_total",
                                  {"response_code=\"101\"", "response_flags=\"UC\""}));
  }
}

TEST_CASE("a tunnel holds back whoever sends faster than the other side reads, in both directions") {
  constexpr std::size_t size = 64 * 1024 * 1024;
  std::promise<void> go;
  std::atomic<std::uint64_t> given{0};
  std::string wrong;
  Chat chat([&](RawServer::Peer& peer) {
    std::string bytes;
    if (!peer.read_head(bytes)) return;
    peer.send(switched);
    if (peer.number > 0) return;
    go.get_future().wait();
    std::thread answer([&] { peer.send(pattern(size)); });
    std::uint64_t at = 0;
    for (bytes.clear(); at < size && peer.read_some(bytes); bytes.clear()) {
      if (bytes != pattern(bytes.size(), at)) wrong = fmt::format("wrong near {}", at);
      at += bytes.size();
    }
    if (at != size) wrong = fmt::format("{} bytes", at);
    answer.join();
  });
  RawClient client(chat.pair.entry());
  client.send(upgrade());
  REQUIRE(client.read().status == 101);
  std::thread sender([&] {
    for (std::uint64_t at = 0; at < size; at += 65'536, given += 65'536) {
      if (!client.send(pattern(65'536, at))) return;
    }
  });
  // Until nothing more is taken: another WebSocket's whole opening later it is still the same.
  CHECK(eventually([&] {
    const std::uint64_t before = given;
    RawClient other(chat.pair.entry());
    other.send(upgrade());
    return other.read().status == 101 && before > 0 && given == before;
  }));
  CHECK(given < size);
  go.set_value();
  std::string back;
  for (std::uint64_t at = 0; at < size; at += 65'536) {
    if (client.read_bytes(65'536) != pattern(65'536, at)) {
      back = fmt::format("wrong near {}", at);
      break;
    }
  }
  sender.join();
  CHECK(back.empty());
  client.close();
  CHECK(eventually([&] { return chat.app.ended == chat.app.connections; }));
  CHECK(wrong.empty());
}

TEST_CASE("a tunnel in which nothing moves for the stream's idle time ends; one that moves does not") {
  Chat chat(switch_and_echo);
  RawClient quiet(chat.pair.entry()), busy(chat.pair.entry());
  for (RawClient* client : {&quiet, &busy}) {
    client->send(upgrade());
    REQUIRE(client->read().status == 101);
  }
  for (int minute = 0; minute < 6; ++minute) {
    chat.pair.client.advance(std::chrono::minutes(1));
    busy.send("x");
    CHECK(busy.read_bytes(1) == "x");
  }
  CHECK(quiet.read_to_end().empty());
  CHECK(
      chat.pair.client.counts(1, "istio_requests_total", {"response_code=\"101\"", "response_flags=\"SI\""}));
  busy.send("y");
  CHECK(busy.read_bytes(1) == "y");
}

TEST_CASE("a route's timeout is for the answer to an upgrade, and not for the tunnel") {
  std::atomic<bool> silent{false};
  RawServer app([&](RawServer::Peer& peer) {
    std::string head;
    if (silent) {
      while (peer.read_some(head)) {
      }
      return;
    }
    switch_and_echo(peer);
  });
  Single mesh({app.address()}, [](json&, json& route) { route["route"]["timeout"] = "15s"; });
  RawClient client(mesh.entry());
  client.send(upgrade());
  REQUIRE(client.read().status == 101);
  mesh.sidecar.advance(std::chrono::seconds(60));
  client.send("x");
  CHECK(client.read_bytes(1) == "x");
  silent = true;
  RawClient waiting(mesh.entry());
  waiting.send(upgrade());
  REQUIRE(eventually([&] { return app.connections == 2; }));
  mesh.sidecar.advance(std::chrono::seconds(16));
  CHECK(waiting.read().status == 504);
  CHECK(waiting.read_to_end().empty());
}

}  // namespace outrider::scenario
