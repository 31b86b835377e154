// Http1Codec as a client: what is written, and what an upstream's bytes come to.

#include "core/protocol/http1_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::Http1Codec;
using protocol::Role;

struct Client {
  Http1Codec codec{Role::Client, {}};
  Side side{codec};

  // Sends a request and hands over what the upstream answers.
  Seen& get(std::string_view answer, std::string_view method = "GET") {
    Seen& call = *side.open(*request(method), true);
    side.produce_all();
    side.receive(answer);
    side.produce_all();
    return call;
  }
};

TEST_CASE("requests are written in origin form with their host first") {
  Client client;
  client.side.open(
      *request("GET", "/a?b",
               {{"x-one", "1"}, {"host", "evil"}, {"connection", "x"}, {"te", "trailers"}}),
      true);
  CHECK(client.side.produce_all() ==
        "GET /a?b HTTP/1.1\r\nhost: shop.test\r\nx-one: 1\r\nte: trailers\r\n\r\n");
}

TEST_CASE("a request's body is framed by its length, by chunks, or said to be empty") {
  const auto written = [](std::string_view method, Fields fields, bool ends,
                          std::string_view body) {
    Client client;
    Seen& call = *client.side.open(*request(method, "/", std::move(fields)), ends);
    if (!ends) client.codec.send_data(*call.stream, bytes_of(body), true);
    const std::string out = client.side.produce_all();
    return out.substr(out.find("\r\nhost: shop.test\r\n") + 19);
  };
  CHECK(written("POST", {{"content-length", "5"}}, false, "hello") ==
        "content-length: 5\r\n\r\nhello");
  CHECK(written("POST", {}, false, "hello") ==
        "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  CHECK(written("POST", {}, true, "") == "content-length: 0\r\n\r\n");
  CHECK(written("GET", {}, true, "") == "\r\n");
  CHECK(written("POST", {{"content-length", "5"}}, false, "hello!GET / HTTP/1.1") ==
        "content-length: 5\r\n\r\nhello");
}

TEST_CASE("a head that would break the request line is not written") {
  for (const std::string_view bad : {"/a b", "/a\r\nx: y", "/a\nb", ""}) {
    Client client;
    HeadPtr head = request(bad.empty() ? "G T" : "GET", bad.empty() ? "/" : bad);
    CHECK(client.side.open(*head, true) == nullptr);
    CHECK(client.side.produce_all().empty());
  }
}

TEST_CASE("responses are delimited by length, chunks, nothing, or the end of the connection") {
  Client length;
  CHECK(length.get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").body == "hello");
  CHECK(length.side.last().closed == 1);
  CHECK(length.codec.can_open());
  Client chunks;
  Seen& chunked = chunks.get(
      "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n");
  CHECK(chunked.body == "hello");
  CHECK(chunked.trailers == Fields{{"x-t", "1"}});
  CHECK(chunks.codec.can_open());
  for (const auto& [method, status] :
       {std::pair{"HEAD", "200"}, std::pair{"GET", "204"}, std::pair{"GET", "304"}}) {
    Client none;
    Seen& call =
        none.get(std::string("HTTP/1.1 ") + status + " X\r\nContent-Length: 5\r\n\r\n", method);
    CHECK(call.ended);
    CHECK(call.closed == 1);
    CHECK(none.codec.can_open());
  }
  Client until_close;
  Seen& endless = until_close.get("HTTP/1.1 200 OK\r\n\r\nhello");
  CHECK_FALSE(endless.ended);
  until_close.side.end_of_input();
  until_close.side.produce_all();
  CHECK(endless.ended);
  CHECK(endless.resets == 0);
  CHECK(endless.closed == 1);
  CHECK(until_close.codec.finished());
}

TEST_CASE("a connection that the upstream will close is not used again") {
  for (const std::string_view head :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n"}) {
    Client client;
    Seen& call = client.get(std::string(head) + "ok");
    CHECK(call.body == "ok");
    CHECK(call.resets == 0);
    CHECK(call.closed == 1);
    CHECK_FALSE(client.codec.can_open());
    CHECK(client.codec.finished());
  }
  Client kept;
  kept.get("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
  CHECK(kept.codec.can_open());
}

TEST_CASE("bytes beyond a response, or on an idle connection, end its use (H1-23)") {
  Client beyond;
  Seen& call = beyond.get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n");
  CHECK(call.body == "ok");
  CHECK_FALSE(beyond.codec.can_open());
  CHECK(beyond.codec.finished());
  Client idle;
  idle.get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  idle.side.receive("HTTP/1.1 408 Request Timeout\r\n\r\n");
  CHECK_FALSE(idle.codec.can_open());
  CHECK(idle.codec.finished());
}

TEST_CASE(
    "an answer while the request is still being sent is whole; its connection is not used again") {
  Client client;
  Seen& call = *client.side.open(*request("POST", "/", {{"content-length", "100000"}}), false);
  client.codec.send_data(*call.stream, bytes_of(body_of(50'000)), false);
  client.side.produce(1000);  // the upstream takes no more
  client.side.receive("HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno");
  CHECK(client.codec.finished());  // so that its owner need not wait for room
  CHECK(client.side.produce_all().empty());
  CHECK(call.body == "no");
  CHECK(call.ended);
  CHECK(call.resets == 0);
  CHECK(call.closed == 1);
}

TEST_CASE("informational responses pass, 101 without an upgrade does not") {
  Client client;
  Seen& call = client.get(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "
      "OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(call.informational == std::vector<int>{100, 103});
  CHECK(call.status == 200);
  CHECK(call.closed == 1);
  Client upgraded;
  CHECK(upgraded.get("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").resets == 1);
  CHECK(upgraded.codec.finished());
}

TEST_CASE("a response cut at any byte is never taken for a whole one (H1-22)") {
  const std::string_view answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX: "
      "y\r\n\r\n"};
  for (const std::string_view whole : answers) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Client client;
      Seen& call = client.get(whole.substr(0, size));
      client.side.end_of_input();
      client.side.produce_all();
      CHECK_FALSE(call.ended);
      CHECK(call.resets == 1);
      CHECK(call.closed == 1);
      CHECK(client.codec.finished());
    }
  }
}

TEST_CASE("malformed responses break the stream off and end the connection (H1-22)") {
  const std::string too_many = [] {
    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 97; ++i) head += "x-" + std::to_string(i) + ": v\r\n";
    return head + "\r\n";
  }();
  const std::string_view cases[] = {
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 999 OK\r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1 200 O\x01K\r\n\r\n",
      "HTTP/1.1 200 OK\n\n",
      "hello\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      too_many};
  for (const std::string_view bytes : cases) {
    CAPTURE(bytes);
    Client client;
    Seen& call = client.get(bytes);
    CHECK(call.heads == 0);
    CHECK(call.resets == 1);
    CHECK(call.closed == 1);
    CHECK(client.codec.finished());
  }
}

TEST_CASE("half a request cannot be completed by the next: its stream breaks off") {
  Client client;
  Seen& call = *client.side.open(*request("POST", "/", {{"content-length", "10"}}), false);
  client.codec.send_data(*call.stream, bytes_of("half"), true);
  client.side.produce_all();
  CHECK(call.closed == 1);
  CHECK(call.resets == 1);
  CHECK(client.codec.finished());
}

TEST_CASE("one request at a time; a draining client takes none, and ends with the one under way") {
  Client client;
  Seen& call = *client.side.open(*request("GET"), true);
  CHECK_FALSE(client.codec.can_open());
  client.side.produce_all();
  client.codec.drain();
  CHECK_FALSE(client.codec.finished());
  client.side.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  client.side.produce_all();
  CHECK(call.closed == 1);
  CHECK(client.codec.finished());
  Client idle;
  idle.codec.drain();
  CHECK(idle.codec.finished());
}

TEST_CASE("a connection that ends before a byte of the request has left proves that nobody acted on it") {
  for (const std::size_t sent : {0, 1, 30}) {
    CAPTURE(sent);
    Client client;
    Seen& call = *client.side.open(*request("POST"), true);
    if (sent > 0) (void)client.side.produce(sent);
    client.side.end_of_input();
    client.side.abandon();
    CHECK(call.resets == 1);
    CHECK(call.unprocessed == (sent == 0));
  }
}

TEST_CASE("a cancelled request closes the connection and hears nothing more") {
  Client client;
  Seen& call = *client.side.open(*request("GET"), true);
  client.side.produce_all();
  client.codec.reset(*call.stream, ErrorCode::Cancel);
  client.side.receive("HTTP/1.1 200 OK\r\n\r\nhello");
  client.side.end_of_input();
  client.side.produce_all();
  CHECK(call.heads == 0);
  CHECK(call.resets == 0);
  CHECK(call.closed == 1);
  CHECK(client.codec.finished());
}

}  // namespace
}  // namespace outrider::test
