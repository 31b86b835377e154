// Upstreams that answer in bad HTTP/1: no caller takes half an answer for a whole one, and no
// connection that went wrong is used again (reliability 2.3).

#include <fmt/format.h>

#include <algorithm>

#include "tests/conformance/refusals.hpp"

namespace outrider::scenario {
namespace {

using namespace std::string_literals;

// Says `first` to the first request, closes or resets; answers well ever after.
class Answers {
 public:
  enum class Then { Close, Reset, Stay };
  explicit Answers(std::string first, Then then = Then::Close)
      : upstream_([first = std::move(first), then](RawServer::Peer& peer) {
          std::string head;
          if (!peer.read_head(head)) return;
          if (peer.number == 0) {
            peer.send(first);
            if (then == Then::Reset) peer.reset();
            if (then != Then::Stay) return;
            while (peer.read_some(head)) {
            }
            return;
          }
          do peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
          while (peer.read_head(head));
        }),
        mesh({upstream_.address()}) {}

  [[nodiscard]] bool well_again() {
    RawClient client(mesh.entry());
    return client.ask("GET", "/again").body == "ok" && upstream_.connections == 2;
  }

 private:
  RawServer upstream_;

 public:
  Single mesh;
};

}  // namespace

TEST_CASE("H1-22: an answer that is no HTTP/1.1 is a 502, and its connection goes") {
  std::string fields;
  for (int i = 0; i < 10'000; ++i) fields += "a:\r\n";
  struct Row {
    std::string answer;
    const char* reason;
  };
  const Row rows[] = {
      {"HTTP/1.1\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 20 OK\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 099 Low\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 600 High\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 abc OK\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 200\tOK\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1  200 OK\r\n\r\n", "http1_malformed_head"},
      {"HTTP/2 200 OK\r\n\r\n", "http1_malformed_head"},
      {"http/1.1 200 OK\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 200 OK\n\n", "http1_malformed_head"},
      {"HTTP/1.1 200 O\x01K\r\n\r\n", "http1_malformed_head"},
      {"220 smtp ready\r\n", "http1_malformed_head"},
      {"HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"s, "http1_malformed_head"},
      {"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "http1_malformed_head"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "http1_ambiguous_framing"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "http1_ambiguous_framing"},
      {"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", "http1_ambiguous_framing"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "http1_ambiguous_framing"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "http1_ambiguous_framing"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "http1_ambiguous_framing"},
      {"HTTP/1.1 200 OK\r\n" + fields + "\r\n", "head_too_large"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'y') + "\r\n\r\n", "head_too_large"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.answer.substr(0, 80));
    Answers upstream(row.answer, Answers::Then::Stay);
    RawClient client(upstream.mesh.entry());
    const Answer answer = client.ask("POST", "/x");
    CHECK(answer.status == 502);
    CHECK(answer.whole);
    CHECK(upstream.mesh.sidecar.counts(1, "istio_requests_total",
                                       {"response_code=\"502\"", "response_flags=\"UPE\""}));
    CHECK(rejected(upstream.mesh.sidecar, 1, row.reason, "upstream"));
    CHECK(upstream.well_again());
  }
}

TEST_CASE("H1-22: an answer that ends early, at any byte, by a close or by a reset, is whole to nobody") {
  const std::string answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\nX: y\r\n\r\n",
  };
  for (const std::string& whole : answers) {
    const std::size_t head = whole.find("\r\n\r\n") + 4;
    for (const auto then : {Answers::Then::Close, Answers::Then::Reset}) {
      for (std::size_t cut = 0; cut < whole.size(); cut += amount<std::size_t>(3, 1)) {
        CAPTURE(whole.substr(0, cut));
        CAPTURE(static_cast<int>(then));
        Answers upstream(whole.substr(0, cut), then);
        RawClient client(upstream.mesh.entry());
        const Answer answer = client.ask("POST", "/x");
        if (cut < head) {
          CHECK(answer.status == 503);
          CHECK(answer.whole);
        } else if (answer.status == 200) {
          CHECK_FALSE(answer.whole);
        } else {
          CHECK((answer.status == 503 || answer.status == 0));  // nothing of it had left yet
        }
        CHECK(upstream.well_again());
      }
    }
  }
}

TEST_CASE("H1-22: an answer that is whole is whole, even when a reset is right behind it") {
  for (int round = 0; round < amount(20, 500); ++round) {
    Answers upstream("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", Answers::Then::Reset);
    const Answer answer = RawClient(upstream.mesh.entry()).ask("POST", "/x");
    CHECK(answer.status == 200);
    CHECK(answer.body == "0123456789");
  }
}

TEST_CASE("H1-22: an answer whose end is the end of the connection is whole by a close, and not by a reset") {
  const std::string text = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
  Answers closes(text, Answers::Then::Close);
  CHECK(RawClient(closes.mesh.entry()).ask("POST", "/x").body == "until the end");
  CHECK(closes.well_again());
  Answers resets(text, Answers::Then::Reset);
  const Answer cut = RawClient(resets.mesh.entry()).ask("POST", "/x");
  CHECK_FALSE((cut.status == 200 && cut.whole));
  CHECK(resets.well_again());
}

TEST_CASE("H1-22: chunks of an answer that lie end it without its last chunk") {
  for (const char* bad :
       {"zz\r\n", "5\r\n0123456\r\n", "-1\r\n", "5;\r\n01234\r\n0\r\n\r\n", "5\n01234\r\n0\r\n\r\n"}) {
    CAPTURE(bad);
    Answers upstream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n"s + bad,
                     Answers::Then::Stay);
    const Answer answer = RawClient(upstream.mesh.entry()).ask("POST", "/x");
    CHECK_FALSE((answer.status == 200 && answer.whole));
    CHECK(rejected(upstream.mesh.sidecar, 1, "http1_malformed_body", "upstream"));
    CHECK(upstream.well_again());
  }
}

TEST_CASE(
    "H1-22: a head that an upstream sends field by field, without end, is cut off by the route's time") {
  std::atomic<bool> begun{false};
  RawServer upstream([&](RawServer::Peer& peer) {
    std::string head;
    if (!peer.read_head(head)) return;
    peer.send("HTTP/1.1 200 OK\r\nX: y\r\n");
    begun = true;
    while (peer.read_some(head)) {
    }
  });
  Single mesh({upstream.address()}, [](json&, json& route) { route["route"]["timeout"] = "15s"; });
  RawClient client(mesh.entry());
  client.send(request_text("GET", "/x", "app"));
  REQUIRE(eventually([&] { return begun.load(); }));
  mesh.sidecar.advance(std::chrono::seconds(16));
  CHECK(client.read().status == 504);
  CHECK(eventually([&] { return upstream.ended == 1; }));
}

TEST_CASE("H1-23: bytes on an idle connection are nobody's answer: it goes before it is used again") {
  std::promise<void> speak;
  RawServer upstream([&, spoken = speak.get_future().share()](RawServer::Peer& peer) {
    std::string head;
    if (!peer.read_head(head)) return;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (peer.number == 0) {
      spoken.wait();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    }
    while (peer.read_some(head)) {
    }
  });
  Single mesh({upstream.address()});
  RawClient client(mesh.entry());
  CHECK(client.ask("GET", "/1").body == "ok");
  CHECK(mesh.sidecar.gauges("app").connections == 1);
  speak.set_value();
  CHECK(eventually([&] { return mesh.sidecar.gauges("app").connections == 0; }));
  CHECK(client.ask("GET", "/2").body == "ok");
  CHECK(upstream.connections == 2);
}

}  // namespace outrider::scenario
