// Heads: what a sidecar adds, keeps and takes away; and bytes that are no HTTP.

#include <fmt/format.h>
#include <unistd.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

std::string told(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("a request without an id gets one, and an id that is there is kept through both sidecars") {
  Pair pair;
  RawClient client(pair.entry());
  const std::string one = told(client.ask("GET", "/headers").body, "x-request-id");
  const std::string two = told(client.ask("GET", "/headers").body, "x-request-id");
  CHECK(one.size() == 36);
  CHECK(one != two);
  CHECK(told(client.ask("GET", "/headers", "X-Request-Id: mine\r\n").body, "x-request-id") == "mine");
}

TEST_CASE("what speaks of one connection ends with it") {
  Pair pair;
  RawClient client(pair.entry());
  const Answer answer = client.ask("GET", "/headers",
                                   "Connection: x-mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n"
                                   "Proxy-Connection: keep-alive\r\nTE: gzip\r\nX-Other: 2\r\n");
  CHECK(answer.status == 200);
  CHECK(told(answer.body, "x-mine").empty());
  CHECK(told(answer.body, "keep-alive").empty());
  CHECK(told(answer.body, "proxy-connection").empty());
  CHECK(told(answer.body, "te").empty());
  CHECK(told(answer.body, "x-other") == "2");
  const Answer last = client.ask("GET", "/last");
  CHECK(last.field("connection").empty());  // that was between the sidecar and the application
  CHECK(client.ask("GET", "/bytes/1").status == 200);
}

TEST_CASE("a caller steers neither retries nor timeouts, and does not speak for the mesh") {
  App app;
  Single mesh({app.address()});
  RawClient client(mesh.entry());
  const std::string seen = client.ask("GET", "/headers",
                                      "X-Envoy-Max-Retries: 9\r\nX-Envoy-Retry-On: 5xx\r\n"
                                      "X-Envoy-Upstream-Rq-Timeout-Ms: 1\r\nX-Envoy-Internal: true\r\n"
                                      "X-Envoy-Peer-Metadata: x\r\nX-Envoy-Attempt-Count: 7\r\n").body;
  CHECK(told(seen, "x-envoy-attempt-count") == "1");
  for (const char* name : {"x-envoy-max-retries", "x-envoy-retry-on", "x-envoy-upstream-rq-timeout-ms",
                           "x-envoy-internal", "x-envoy-peer-metadata"}) {
    CAPTURE(name);
    CHECK(told(seen, name).empty());
  }
  app.fail_next(1);
  CHECK(client.ask("GET", "/bytes/1", "X-Envoy-Max-Retries: 3\r\nX-Envoy-Retry-On: 5xx\r\n").status == 503);
}

TEST_CASE("answers say who served them and how long it took") {
  Pair pair;
  const Answer answer = RawClient(pair.entry()).ask("GET", "/bytes/1");
  CHECK_FALSE(answer.field("x-envoy-upstream-service-time").empty());
  CHECK(answer.field("server") == "envoy");
  CHECK(answer.field("x-envoy-peer-metadata").empty());
}

TEST_CASE("cookies that HTTP/2 splits arrive as one at an HTTP/1.1 application") {
  Pair pair;
  HttpClient client(pair.entry());
  const Seen seen = client.ask("GET", "/headers", {{"cookie", "a=1"}, {"cookie", "b=2"}});
  CHECK(told(seen.body, "cookie") == "a=1; b=2");
}

TEST_CASE("100-continue reaches the caller, who then sends the body") {
  Pair pair;
  RawClient client(pair.entry());
  client.send("POST /sum HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  client.send("!\"#$");
  const Answer answer = client.read();
  CHECK(answer.body == "4 ok");
  CHECK(client.informational <= 1);
}

TEST_CASE("HTTP/1.1 that is malformed or ambiguous gets 400 and a close, and no byte goes on") {
  const std::pair<const char*, const char*> bad[] = {
      {"both lengths", "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two lengths", "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
      {"a negative length", "POST / HTTP/1.1\r\nHost: app\r\nContent-Length: -1\r\n\r\n"},
      {"a folded line", "GET / HTTP/1.1\r\nHost: app\r\nX: a\r\n b\r\n\r\n"},
      {"a bare line feed", "GET / HTTP/1.1\nHost: app\n\n"},
      {"a space before the colon", "GET / HTTP/1.1\r\nHost : app\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"an unknown coding", "POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"a NUL", "GET / HTTP/1.1\r\nHost: app\r\nX: a\x01z\r\n\r\n"},
      {"no HTTP at all", "hello there, who is it?\r\n\r\n"},
      {"a version of tomorrow", "GET / HTTP/3.1\r\nHost: app\r\n\r\n"},
  };
  Pair pair({.mode = Mtls::Permissive});
  for (const SocketAddress& port : {pair.entry(), pair.server.at("inbound")}) {
    for (const auto& [what, bytes] : bad) {
      CAPTURE(what);
      RawClient client(port);
      client.send(bytes);
      const Answer answer = client.read();
      CHECK(answer.status >= 400);
      CHECK(answer.status <= 505);
      CHECK(answer.field("connection") == "close");
      CHECK(client.ended());
    }
  }
  CHECK(pair.app.requests == 0);
  CHECK(pair.app.connections == 0);
}

TEST_CASE("a chunk that lies ends the request, and the application never takes it for whole") {
  App app;
  Single mesh({app.address()});
  RawClient client(mesh.entry());
  client.send("POST /sum HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n!\"#$\r\n");
  REQUIRE(eventually([&] { return app.received == 4; }));
  client.send("zz\r\nGET /bytes/1 HTTP/1.1\r\nHost: app\r\n\r\n");
  const Answer answer = client.read();
  CHECK((answer.status == 400 || answer.status == 0));
  CHECK(client.ended());
  CHECK(eventually([&] { return app.cancelled == 1; }));
  CHECK(app.finished == 0);
  CHECK(app.requests == 1);
}

TEST_CASE("a second request in one write is answered after the first, and not mixed with it") {
  Pair pair;
  RawClient client(pair.entry());
  client.send(request_text("GET", "/bytes/100000", "app") + request_text("GET", "/bytes/3", "app") +
              request_text("POST", "/sum", "app", {}, "!\"") + request_text("GET", "/bytes/7", "app"));
  CHECK(client.read().body == pattern(100'000));
  CHECK(client.read().body == pattern(3));
  CHECK(client.read().body == "2 ok");
  CHECK(client.read().body == pattern(7));
}

TEST_CASE("too many fields, and too large ones, are a 431") {
  Pair pair;
  std::string many, large;
  for (int i = 0; i < 97; ++i) many += fmt::format("X-{}: 1\r\n", i);
  large = "X-Large: " + std::string(70'000, 'x') + "\r\n";
  for (const std::string& fields : {many, large}) {
    RawClient client(pair.entry());
    const Answer answer = client.ask("GET", "/bytes/1", fields);
    CHECK(answer.status == 431);
    CHECK(client.ended());
  }
  HttpClient h2(pair.entry());
  Fields fields;
  for (int i = 0; i < 97; ++i) fields.emplace_back(fmt::format("x-{}", i), "1");
  CHECK(h2.ask("GET", "/bytes/1", fields).status == 431);
  CHECK(h2.ask("GET", "/bytes/1").status == 200);  // the connection lives on
  CHECK(pair.app.requests == 1);
}

TEST_CASE("CONNECT and upgrades are refused or left out, in words") {
  Pair pair;
  RawClient client(pair.entry());
  client.send("CONNECT app:80 HTTP/1.1\r\nHost: app:80\r\n\r\n");
  const Answer answer = client.read();
  CHECK(answer.status >= 400);
  CHECK(answer.body.find("CONNECT") != std::string::npos);
  CHECK(pair.app.requests == 0);
}

TEST_CASE("an application that answers no HTTP makes a 502") {
  LoopThread thread;
  std::unique_ptr<net::Listener> listener;
  SocketAddress at;
  thread.run([&] {
    listener = std::move(*net::Listener::listen(thread.loop(), {"127.0.0.1", 0}, [](int descriptor) {
      const std::string_view noise = "SSH-2.0-OpenSSH_9.2\r\n";
      CHECK(::write(descriptor, noise.data(), noise.size()) > 0);
      // Closed after the request came: by then the answer is known.
      char bytes[4096];
      CHECK(eventually([&] { return ::read(descriptor, bytes, sizeof bytes) > 0; }));
      ::close(descriptor);
    }));
    at = listener->address();
  });
  Single mesh({at});
  const Answer answer = RawClient(mesh.entry()).ask("GET", "/");
  CHECK(answer.status == 502);
  CHECK(mesh.sidecar.counts(1, "istio_requests_total", {"response_code=\"502\"", "response_flags=\"UPE\""}));
  thread.run([&] { listener.reset(); });
}

}  // namespace outrider::scenario
