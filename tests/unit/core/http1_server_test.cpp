// Http1Codec as a server: what a client sends as text, what the owner sees, what is answered.

#include "core/protocol/http1_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::Http1Codec;
using protocol::Role;

struct Server {
  Http1Codec codec{Role::Server, {}};
  Side side{codec};

  void answer(int status, std::string_view body, Fields fields = {}) {
    Stream& stream = *side.last().stream;
    codec.send_head(stream, *response(status, std::move(fields)), false);
    codec.send_data(stream, bytes_of(body), true);
  }
  // What comes out for what goes in, when every request is answered 200 with its own body.
  std::string echo(std::string_view text) {
    side.receive(text);
    std::string out;
    for (std::size_t answered = 0;;) {
      const std::string part = side.produce();
      out += part;
      if (side.count() > answered && side.last().ended && side.last().stream) {
        answered = side.count();
        answer(200, side.last().body,
               {{"content-length", std::to_string(side.last().body.size())}});
      } else if (part.empty()) {
        return out;
      }
    }
  }
};

bool contains(std::string_view text, std::string_view piece) {
  return text.find(piece) != text.npos;
}

TEST_CASE("a request is answered and the connection goes on") {
  Server server;
  CHECK(server.echo("POST /a?b HTTP/1.1\r\nHost: shop.test:80\r\nX-One:  1 \r\nContent-Length: "
                    "5\r\n\r\nhello") == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
  Seen& seen = server.side.last();
  CHECK(seen.method == "POST");
  CHECK(seen.path == "/a?b");
  CHECK(seen.authority == "shop.test:80");
  CHECK(seen.fields == Fields{{"x-one", "1"}, {"content-length", "5"}});
  CHECK(seen.body == "hello");
  CHECK(seen.closed == 1);
  CHECK(seen.drained == 5);
  CHECK_FALSE(server.codec.finished());
  CHECK(server.echo("GET / HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST_CASE(
    "a thousand pipelined requests in one write are answered in order; then a bad one ends it") {
  Server server;
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string body = std::to_string(i);
    all += "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  const std::string out =
      server.echo(all + "GET / HTTP/1.1\nHost: a\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(server.side.count() == 1000);
  std::size_t at = 0;
  for (int i = 0; i < 1000; ++i) {
    at = out.find("\r\n\r\n" + std::to_string(i), at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(server.side.refused == std::vector<int>{400});
  CHECK(contains(out.substr(at), "HTTP/1.1 400 Bad Request"));
  CHECK(server.codec.finished());
}

TEST_CASE("a pipelined request is not announced before the one in front of it is answered") {
  Server server;
  server.side.receive("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  server.side.produce_all();
  CHECK(server.side.count() == 1);
  server.answer(200, "x");
  server.side.produce_all();
  REQUIRE(server.side.count() == 2);
  CHECK(server.side.last().path == "/2");
}

TEST_CASE("a body of unknown length goes out in chunks, its trailers after it") {
  Server server;
  server.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Stream& stream = *server.side.last().stream;
  server.codec.send_head(stream, *response(200), false);
  server.codec.send_data(stream, bytes_of("hello"), false);
  server.codec.send_data(stream, {}, false);  // an empty chunk would be the end
  server.codec.send_data(stream, bytes_of("0123456789abcdef"), false);
  server.codec.send_trailers(stream, list_of({{"x-sum", "1"}}));
  CHECK(server.side.produce_all() ==
        "HTTP/1.1 200 OK\r\ntransfer-encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n"
        "0\r\nx-sum: 1\r\n\r\n");
  CHECK(server.side.last().closed == 1);
  CHECK(server.side.last().drained == 21);
}

TEST_CASE("chunks and trailers of a request come as body and trailers") {
  Server server;
  server.side.receive(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n1\r\n \r\n0\r\nX-Sum: 1\r\nHost: evil\r\nAuthorization: x\r\n\r\n");
  CHECK(server.side.last().body == "hello ");
  CHECK(server.side.last().trailers == Fields{{"x-sum", "1"}});
  CHECK(server.side.last().ended);
}

TEST_CASE("HTTP/1.0 ends by closing unless it asks for keep-alive") {
  Server plain;
  plain.side.receive("GET / HTTP/1.0\r\n\r\n");
  CHECK(plain.side.last().authority.empty());
  plain.answer(200, "hello");
  CHECK(plain.side.produce_all() == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
  CHECK(plain.codec.finished());

  Server kept;
  kept.side.receive("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
  kept.answer(200, "hello", {{"content-length", "5"}});
  CHECK(kept.side.produce_all() ==
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello");
  CHECK_FALSE(kept.codec.finished());
}

TEST_CASE("Connection: close, and drain(), make the answer the last") {
  Server asked;
  CHECK(contains(asked.echo("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\nGET / "
                            "HTTP/1.1\r\nHost: a\r\n\r\n"),
                 "connection: close\r\n"));
  CHECK(asked.codec.finished());
  CHECK(asked.side.count() == 1);

  Server draining;
  draining.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  draining.codec.drain();
  CHECK_FALSE(draining.codec.finished());
  draining.answer(200, "x");
  CHECK(contains(draining.side.produce_all(), "connection: close\r\n"));
  CHECK(draining.codec.finished());

  Server idle;
  idle.echo("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  idle.codec.drain();
  CHECK(idle.codec.finished());
}

TEST_CASE(
    "100-continue is sent on demand; an answer without it closes, for the body may follow or not") {
  const std::string_view head =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  Server continued;
  continued.side.receive(head);
  continued.codec.send_informational(*continued.side.last().stream, *response(100));
  CHECK(continued.side.produce_all() == "HTTP/1.1 100 Continue\r\n\r\n");
  continued.side.receive("hello");
  continued.answer(200, "");
  CHECK_FALSE(contains(continued.side.produce_all(), "close"));

  Server refusing;
  refusing.side.receive(head);
  refusing.answer(413, "no");
  CHECK(contains(refusing.side.produce_all(), "connection: close\r\n"));
  CHECK(refusing.codec.finished());
  refusing.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(refusing.side.count() == 1);
}

TEST_CASE("HEAD, 204 and 304 are answered without a body") {
  struct Case {
    std::string_view method;
    int status;
    std::string_view length;
  };
  for (const Case& entry : {Case{"HEAD", 200, "content-length: 5\r\n"}, Case{"GET", 204, ""},
                            Case{"GET", 304, "content-length: 5\r\n"}}) {
    Server server;
    server.side.receive(std::string(entry.method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    server.answer(entry.status, "hello", {{"content-length", "5"}});
    const std::string out = server.side.produce_all();
    CHECK(out.ends_with(std::string(entry.length) + "\r\n"));
    CHECK_FALSE(contains(out, "hello"));
    CHECK(contains(out, "content-length") == !entry.length.empty());
    CHECK(server.side.last().closed == 1);
    CHECK(server.side.last().drained == 5);  // dropped bytes hold no queue
    CHECK_FALSE(server.codec.finished());
  }
}

TEST_CASE("a response longer or shorter than its content-length never runs into the next one") {
  Server longer;
  longer.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  longer.answer(200, "hello, HTTP/1.1 200 OK", {{"content-length", "5"}});
  CHECK(longer.side.produce_all().ends_with("\r\n\r\nhello"));
  CHECK(longer.codec.finished());
  CHECK(longer.side.count() == 1);
  Server shorter;
  shorter.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  shorter.answer(200, "hel", {{"content-length", "5"}});
  CHECK(shorter.side.produce_all().ends_with("\r\n\r\nhel"));
  CHECK(shorter.codec.finished());
  CHECK(shorter.side.count() == 1);
}

TEST_CASE("fields that would break the framing are not written") {
  Server server;
  server.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.answer(200, "hello",
                {{"x", "a\r\nset-cookie: b"},
                 {"x\r\ny", "1"},
                 {"z", std::string("a\0b", 3)},
                 {"transfer-encoding", "gzip"},
                 {"connection", "x"},
                 {"content-length", "+5"},
                 {"content-length", "6"},
                 {"ok", "1"}});
  CHECK(server.side.produce_all() ==
        "HTTP/1.1 200 OK\r\nok: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

TEST_CASE("a byte that ends a line is found at every place of a value, in and out") {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      CAPTURE(size);
      CAPTURE(at);
      for (const char bad : {'\r', '\n', '\0'}) {
        std::string value(size, '\xe9');
        value[at] = bad;
        Server out;
        out.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        out.answer(200, "", {{"x", value}, {"content-length", "0"}});
        CHECK(out.side.produce_all() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      }
      for (const char bad : {'\0', '\x01', '\x1f', '\x7f'}) {
        std::string value(size + 2, '!');
        value[at + 1] = bad;
        Server in;
        in.side.receive("GET / HTTP/1.1\r\nHost: a\r\nx: " + value + "\r\n\r\n");
        CHECK(in.side.produce_all().starts_with("HTTP/1.1 400"));
      }
      std::string fine(size + 2, '\xff');
      fine[at + 1] = '\t';
      Server in;
      in.side.receive("GET / HTTP/1.1\r\nHost: a\r\nx: " + fine + "\r\n\r\n");
      REQUIRE(in.side.count() == 1);
      CHECK(in.side.last().fields == Fields{{"x", fine}});
    }
  }
}

TEST_CASE(
    "an early answer is whole; up to 256 KiB of the request are thrown away, then it closes") {
  Server patient;
  patient.side.credits = false;
  patient.side.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" +
                       body_of(100'000));
  CHECK_FALSE(patient.codec.wants_input());
  patient.answer(403, "no");
  CHECK(contains(patient.side.produce_all(), "403"));
  CHECK(patient.codec.wants_input());  // or it would wait for ever
  CHECK(patient.side.last().closed == 0);
  patient.side.receive(body_of(100'000) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  patient.side.produce_all();
  CHECK_FALSE(patient.codec.finished());
  REQUIRE(patient.side.count() == 2);
  CHECK(patient.side.last().path == "/next");
  CHECK(patient.side.seen(0).resets == 0);

  Server flooded;
  flooded.side.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  flooded.answer(403, "no");
  flooded.side.produce_all();
  for (int i = 0; i < 30; ++i) flooded.side.receive("2710\r\n" + std::string(10'000, 'x') + "\r\n");
  flooded.side.produce_all();
  CHECK(flooded.codec.finished());
  CHECK(flooded.side.last().closed == 1);
  CHECK(flooded.side.last().resets == 0);

  Server broken;  // what is thrown away goes wrong: no second answer
  broken.side.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  broken.answer(403, "no");
  CHECK_FALSE(contains(broken.side.produce_all(), "400"));
  broken.side.receive("zz\r\n");
  CHECK(broken.side.produce_all().empty());
  CHECK(broken.codec.finished());
  CHECK(broken.side.last().resets == 0);
}

TEST_CASE("a client that closes has given up; after the whole answer it is only a close") {
  Server waiting;
  waiting.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  waiting.side.end_of_input();
  CHECK(waiting.side.last().resets == 1);
  CHECK(waiting.side.last().code == ErrorCode::Cancel);
  waiting.side.produce_all();
  CHECK(waiting.side.last().closed == 1);
  CHECK(waiting.codec.finished());

  Server answered;
  answered.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  answered.answer(200, "hello");
  answered.side.end_of_input();
  CHECK(contains(answered.side.produce_all(), "hello"));
  CHECK(answered.side.last().resets == 0);
  CHECK(answered.side.last().closed == 1);
  CHECK(answered.codec.finished());

  Server idle;
  idle.side.end_of_input();
  CHECK(idle.codec.finished());
}

TEST_CASE("a body that goes wrong is answered 400 once, unless an answer is under way") {
  Server server;
  server.side.receive(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX");
  CHECK(server.side.last().resets == 1);
  CHECK(server.side.refused == std::vector<int>{400});
  CHECK(contains(server.side.produce_all(), "HTTP/1.1 400 Bad Request\r\n"));
  CHECK(server.side.last().closed == 1);
  CHECK(server.codec.finished());

  Server late;
  late.side.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  late.codec.send_head(*late.side.last().stream, *response(200), false);
  late.side.receive("zz\r\n");
  CHECK_FALSE(contains(late.side.produce_all(), "400"));
  CHECK(late.side.last().resets == 1);
  CHECK(late.codec.finished());
}

TEST_CASE("reading stops at 64 KiB of body that nobody has taken, and goes on with credit") {
  Server server;
  server.side.credits = false;
  server.side.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(server.codec.wants_input());
  server.side.receive(body_of(64 * 1024));
  CHECK_FALSE(server.codec.wants_input());
  server.side.credit(server.side.last(), 1);
  CHECK(server.codec.wants_input());
}

TEST_CASE("pipelined requests that wait are bounded too") {
  Server server;
  server.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 3000; ++i) server.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_FALSE(server.codec.wants_input());
}

TEST_CASE("reset() ends the connection without the end of the message, abandon() reports it") {
  Server reset;
  reset.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  reset.codec.send_head(*reset.side.last().stream, *response(200), false);
  reset.codec.reset(*reset.side.last().stream, ErrorCode::InternalError);
  reset.codec.send_data(*reset.side.last().stream, bytes_of("late"), true);
  CHECK_FALSE(contains(reset.side.produce_all(), "0\r\n\r\n"));
  CHECK(reset.side.last().resets == 0);
  CHECK(reset.side.last().closed == 1);
  CHECK(reset.codec.finished());

  Server abandoned;
  abandoned.side.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  abandoned.side.abandon();
  abandoned.side.abandon();
  CHECK(abandoned.side.last().resets == 1);
  CHECK(abandoned.side.last().closed == 1);
  abandoned.side.produce_all();
  CHECK(abandoned.codec.open_streams() == 0);
}

}  // namespace
}  // namespace outrider::test
