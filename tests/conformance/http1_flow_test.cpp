// One HTTP/1 connection over time: what follows what, what is waited for, and what is left behind
// (reliability 2.3).

#include <fmt/format.h>

#include <algorithm>

#include "tests/conformance/refusals.hpp"

namespace outrider::scenario {

TEST_CASE("H1-15: one 100 Continue for whoever asks and no more, 417 for any other expectation") {
  App app;
  Single mesh({app.address()});
  RawClient client(mesh.entry());
  client.send("POST /echo HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  REQUIRE(eventually([&] { return app.requests == 1; }));
  client.send("abcd");
  CHECK(client.read().body == "abcd");
  CHECK(client.informational <= 1);
  check_refused(
      app, mesh,
      {
          {"POST /echo HTTP/1.1\r\nHost: app\r\nExpect: x\r\nContent-Length: 4\r\n\r\nabcd",
           "http1_unknown_expectation",
           {417}},
          {"POST /echo HTTP/1.1\r\nHost: app\r\nExpect: 100-continue, x\r\nContent-Length: 4\r\n\r\nabcd",
           "http1_unknown_expectation",
           {417}},
          {"POST /echo HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: "
           "4\r\nTransfer-Encoding: chunked\r\n\r\n",
           "http1_ambiguous_framing"},
          {"POST /echo HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4, 4\r\n\r\n",
           "http1_ambiguous_framing"},
      });
}

TEST_CASE(
    "H1-15: after an answer without the body that 100-continue held back, neither connection is used again") {
  RawServer refusing([](RawServer::Peer& peer) {
    std::string head;
    if (peer.read_head(head)) peer.send("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    while (peer.read_some(head)) {
    }
  });
  Single mesh({refusing.address()});
  RawClient client(mesh.entry());
  client.send("POST /x HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n");
  const Answer answer = client.read();
  CHECK(answer.status == 403);
  CHECK(answer.body == "no");
  CHECK(answer.field("connection") == "close");
  client.send(smuggled);  // is the body, or a request? Nobody can know.
  CHECK(client.read_to_end().empty());
  CHECK(eventually([&] { return refusing.ended == 1; }));
  CHECK(refusing.received().at(0).find("smuggled") == std::string::npos);
}

TEST_CASE("H1-16: bodies are framed by what was said, whatever the method") {
  std::vector<RawRequest> seen;
  RawServer upstream(answering([&](const RawRequest& request) {
    seen.push_back(request);
    return "HTTP/1.1 204 None\r\n\r\n";
  }));
  Single mesh({upstream.address()});
  RawClient client(mesh.entry());
  const char* methods[] = {"GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "REPORT"};
  for (const char* method : methods)
    CHECK(client.ask(method, "/with", "X: y\r\n", "GET / HTTP/1.1\r\n\r\n").status == 204);
  for (const char* method : methods) CHECK(client.ask(method, "/without").status == 204);
  REQUIRE(seen.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    CAPTURE(seen[i].line);
    CHECK(seen[i].line == fmt::format("{} {} HTTP/1.1", methods[i % 6], i < 6 ? "/with" : "/without"));
    CHECK(seen[i].body == (i < 6 ? "GET / HTTP/1.1\r\n\r\n" : ""));
  }
  CHECK(upstream.connections == 1);
}

TEST_CASE("H1-16: bytes behind an answer that has no body end the upstream's connection, and reach nobody") {
  struct Row {
    const char* method;
    const char* answer;
    int status;
  };
  const Row rows[] = {
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200},
      {"GET", "HTTP/1.1 204 None\r\n\r\nevil", 204},
      {"GET", "HTTP/1.1 204 None\r\nContent-Length: 4\r\n\r\nevil", 204},
      {"GET", "HTTP/1.1 304 Same\r\nContent-Length: 4\r\n\r\nevil", 304},
      {"GET",
       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200},
  };
  for (const Row& row : rows) {
    CAPTURE(row.answer);
    RawServer upstream([&](RawServer::Peer& peer) {
      std::string head;
      if (peer.read_head(head))
        peer.send(peer.number == 0 ? row.answer : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      while (peer.read_some(head)) {
      }
    });
    Single mesh({upstream.address()});
    RawClient client(mesh.entry());
    const Answer first = client.ask(row.method, "/first");
    CHECK(first.status == row.status);
    CHECK(first.body.find("evil") == std::string::npos);
    const Answer second = client.ask("GET", "/second");
    CHECK(second.status == 200);
    CHECK(second.body == "ok");
    CHECK(upstream.connections == 2);
  }
}

TEST_CASE("H1-16: 1xx and then nothing is no answer, and 1xx without end is none either") {
  RawServer silent([](RawServer::Peer& peer) {
    std::string head;
    if (peer.read_head(head)) peer.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  });
  Single mesh({silent.address()});
  RawClient client(mesh.entry());
  const Answer answer = client.ask("POST", "/x");
  CHECK(answer.status == 503);
  CHECK(client.informational == 1);
  CHECK(mesh.sidecar.counts(1, "istio_requests_total", {"response_code=\"503\"", "response_flags=\"UC\""}));

  std::atomic<int> sent{0};
  RawServer endless([&](RawServer::Peer& peer) {
    std::string head;
    if (!peer.read_head(head)) return;
    while (sent < 100'000 && peer.send("HTTP/1.1 100 Continue\r\n\r\n")) ++sent;
  });
  Single flooded({endless.address()});
  RawClient other(flooded.entry());
  CHECK(other.ask("POST", "/x").status == 502);
  CHECK(other.informational <= 32);
  CHECK(rejected(flooded.sidecar, 1, "http1_malformed_head", "upstream"));
  CHECK(
      flooded.sidecar.counts(1, "istio_requests_total", {"response_code=\"502\"", "response_flags=\"UPE\""}));
  CHECK(eventually([&] { return endless.ended == 1; }));
}

TEST_CASE(
    "H1-18: of 1,000 requests in one write, those before a malformed one are answered in order, then 400") {
  for (const int bad : {1, 500, 999}) {
    CAPTURE(bad);
    App app;
    Single mesh({app.address()});
    std::string all;
    for (int i = 0; i < 1000; ++i) {
      all += i == bad ? "GET /bad HTTP/1.1\r\nHost: app\r\nX : y\r\n\r\n"
                      : request_text("GET", fmt::format("/bytes/{}", i + 1), "app");
    }
    RawClient client(mesh.entry());
    client.send(all);
    for (int i = 0; i < bad; ++i) {
      const Answer answer = client.read();
      REQUIRE(answer.status == 200);
      REQUIRE(answer.body.size() == static_cast<std::size_t>(i + 1));
    }
    const Answer last = client.read();
    CHECK(last.status == 400);
    CHECK(last.field("connection") == "close");
    CHECK(client.read_to_end().empty());
    CHECK(app.requests == bad);
    CHECK(rejected(mesh.sidecar, 1, "http1_malformed_head"));
  }
}

TEST_CASE("H1-19: a head that trickles in is answered 408 when its time is over, however steadily it comes") {
  App app;
  Single mesh({app.address()}, {}, one_worker);
  RawClient client(mesh.entry());
  client.send("GET /bytes/1 HTTP/1.1\r\nHost: app\r\nX-Slow: ");
  RawClient after(mesh.entry());
  CHECK(after.ask("GET", "/bytes/1").status == 200);
  for (int second = 0; second < 9; ++second) {
    mesh.sidecar.advance(std::chrono::seconds(1));
    client.send("y");
    CHECK(after.ask("GET", "/bytes/1").status == 200);  // what came before has been read
  }
  mesh.sidecar.advance(std::chrono::seconds(2));
  CHECK(client.read().status == 408);
  CHECK(client.read_to_end().empty());
  CHECK(app.requests == 10);
  CHECK(rejected(mesh.sidecar, 1, "head_timeout"));
}

TEST_CASE("H1-19: who connects and says nothing is cut off when the time for it is over, all of them") {
  App app;
  Single mesh({app.address()}, {}, one_worker);
  std::vector<std::unique_ptr<RawClient>> silent;
  const int many = amount(200, 5000), most = 4096;  // SECURITY.md: more of them, and the oldest make room
  const auto open = [&] {
    return sample(mesh.sidecar.metrics(), "outrider_downstream_connections_total", {});
  };
  const double before = open();
  for (int i = 0; i < many; ++i) silent.push_back(std::make_unique<RawClient>(mesh.entry()));
  REQUIRE(eventually([&] { return open() >= before + many; }));
  mesh.sidecar.advance(std::chrono::seconds(11));
  for (auto& client : silent) CHECK(client->ended());
  CHECK(rejected(mesh.sidecar, std::min(many, most), "handshake_timeout"));
  CHECK(rejected(mesh.sidecar, std::max(many - most, 0), "handshake_limit"));
  CHECK(RawClient(mesh.entry()).ask("GET", "/bytes/1").status == 200);
  CHECK(app.requests == 1);
}

TEST_CASE("H1-19: a body that stops coming ends its request after the stream's idle time, on both sides") {
  App app;
  Single mesh({app.address()});
  RawClient client(mesh.entry());
  client.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 1000\r\n\r\n!");
  REQUIRE(eventually([&] { return app.received == 1; }));
  mesh.sidecar.advance(std::chrono::minutes(6));
  CHECK(client.read().status == 408);
  CHECK(client.read_to_end().empty());
  CHECK(eventually([&] { return app.cancelled == 1; }));
  CHECK(app.finished == 0);
}

TEST_CASE("H1-19: whoever reads nothing of an answer is cut off, and his answer is no longer fetched") {
  App app;
  Single mesh({app.address()}, {}, one_worker);
  RawClient client(mesh.entry(), 4096);
  client.send(request_text("GET", "/bytes/100000000", "app"));
  REQUIRE(eventually([&] { return app.sent > 0; }));
  const auto settled = [&] {
    const std::uint64_t sent = app.sent;
    return RawClient(mesh.entry()).ask("GET", "/bytes/1").status == 200 && app.sent <= sent + 1;
  };
  REQUIRE(eventually(settled));
  mesh.sidecar.advance(std::chrono::seconds(61));
  CHECK(rejected(mesh.sidecar, 1, "write_stall"));
  CHECK(eventually([&] { return app.cancelled == 1; }));
  CHECK(app.sent < 50'000'000);
}

TEST_CASE("H1-24: after an answer of the proxy's own, the request's body is drained or the connection ends") {
  App app;
  // Nothing is routed but /here.
  Single mesh({app.address()}, [](json&, json& route) { route["match"]["prefix"] = "/here"; });
  const std::string body = "GET /here HTTP/1.1\r\nHost: app\r\n\r\n";
  RawClient client(mesh.entry());
  CHECK(client.ask("POST", "/elsewhere", {}, body).status == 404);
  CHECK(client.ask_chunked("/elsewhere", body, 7).status == 404);
  client.send("POST /elsewhere HTTP/1.1\r\nHost: app\r\nContent-Length: 100\r\n\r\n" + body);
  CHECK(client.read().status == 404);
  client.send(std::string(100 - body.size(), ' ') + request_text("GET", "/elsewhere", "app"));
  CHECK(client.read().status == 404);
  CHECK(app.requests == 0);
  // More than is worth reading for nothing: closed.
  RawClient large(mesh.entry());
  large.send("POST /elsewhere HTTP/1.1\r\nHost: app\r\nContent-Length: 100000000\r\n\r\n");
  CHECK(large.read().status == 404);
  for (int i = 0; i < 16 && large.send(std::string(65'536, ' ')); ++i) {
  }
  large.send("\r\n" + body);
  CHECK(large.read_to_end().empty());
  CHECK(app.requests == 0);
}

}  // namespace outrider::scenario
