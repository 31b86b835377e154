// The strict reader of HTTP/1: the tables of request smuggling, each line refused before its
// request becomes one.

#include "core/protocol/http1_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::Http1Codec;
using protocol::Role;

// The status that a server gives these bytes by itself; 0 when it takes them for a request.
int refusal(std::string_view bytes) {
  Http1Codec codec(Role::Server, {});
  Side side(codec);
  side.receive(bytes);
  if (side.refused.empty()) {
    CHECK(side.count() == 1);
    return 0;
  }
  CHECK(side.count() == 0);  // never a head, never a byte forwarded
  CHECK(codec.finished());
  const std::string answer = side.produce_all();
  CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(side.refused[0]) + " "));
  CHECK(answer.find("connection: close\r\n") != std::string::npos);
  return side.refused[0];
}

std::string post(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
std::string with_host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost:" + std::string(host) + "\r\n\r\n";
}
std::string line(std::string_view first) { return std::string(first) + "\r\nHost: a\r\n\r\n"; }

TEST_CASE("two ways to say where a body ends are none (H1-01, H1-02)") {
  for (const std::string_view fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5,5\r\n", "Content-Length: 5, 6\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"}) {
    CAPTURE(fields);
    CHECK(refusal(post(fields)) == 400);
  }
}

TEST_CASE("Content-Length is digits and nothing else (H1-03)") {
  for (const std::string_view value :
       {"+5", "-1", "-0", "0x5", "5 5", "5_0", "00005", "9223372036854775808",
        "18446744073709551616", "111111111111111111111111111111", "", "five", "5;", "\"5\"", "5.0",
        "\x0b"
        "5",
        "5\x0c"}) {
    CAPTURE(value);
    CHECK(refusal(post("Content-Length: " + std::string(value) + "\r\n")) == 400);
  }
  CHECK(refusal(post("Content-Length: 5\r\n")) == 0);
  CHECK(refusal(post("Content-Length: 0\r\n")) == 0);
  CHECK(refusal(post("Content-Length:\t 5\r\n")) == 0);
  CHECK(refusal(post("Content-Length: 5 \r\n")) == 400);  // not everybody trims it
  CHECK(refusal(post("Transfer-Encoding: chunked\t\r\n")) == 400);
}

TEST_CASE("parse_content_length takes what fits and nothing ambiguous") {
  using protocol::parse_content_length;
  CHECK(parse_content_length("0") == 0U);
  CHECK(parse_content_length("10") == 10U);
  CHECK(parse_content_length("999999999999999999") == 999'999'999'999'999'999U);
  for (const std::string_view text : {"", "01", "00", "-0", "+1", "1 ", " 1", "1a", "0x1",
                                      "1000000000000000000", "9223372036854775808"}) {
    CHECK_FALSE(parse_content_length(text));
  }
}

TEST_CASE("Transfer-Encoding is exactly chunked, once, in HTTP/1.1 (H1-04)") {
  for (const std::string_view value :
       {"chunked, identity", "identity, chunked", "gzip, chunked", "xchunked", "chunked;a=b",
        ", chunked", "chunked,", "chunked chunked", "\"chunked\"", "identity",
        "chunked, chunked"}) {
    CAPTURE(value);
    CHECK(refusal(post("Transfer-Encoding: " + std::string(value) + "\r\n")) == 501);
  }
  CHECK(refusal(post("Transfer-Encoding: \x0b"
                     "chunked\r\n")) == 400);
  CHECK(refusal(post(std::string("Transfer-Encoding: chunked\0\r\n", 29))) == 400);
  CHECK(refusal(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 400);
  CHECK(refusal(post("Transfer-Encoding: \r\n")) == 400);
  CHECK(refusal(post("Transfer-Encoding:\r\n")) == 501);
  CHECK(refusal(post("Transfer_Encoding: chunked\r\n")) == 400);
  CHECK(refusal(post("Content_Length: 5\r\n")) == 400);
  CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(refusal(post("Transfer-Encoding: chunKed\r\n")) == 0);
}

TEST_CASE("header lines are name, colon, value; no folding, no control bytes (H1-05 to H1-07)") {
  for (const std::string& bytes : {post("Name : x\r\n"),
                                   post("Name\t: x\r\n"),
                                   post("Name\r\n"),
                                   post(": x\r\n"),
                                   post("Na(me: x\r\n"),
                                   post("Na@me: x\r\n"),
                                   post("N\xc3\xa4me: x\r\n"),
                                   post(" folded: x\r\n"),
                                   post("A: b\r\n c\r\n"),
                                   post("A: b\r\n\tc\r\n"),
                                   std::string("GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
                                   std::string("GET / HTTP/1.1\nHost: a\n\n"),
                                   std::string("GET / HTTP/1.1\r\nHost: a\n\r\n"),
                                   std::string("GET / HTTP/1.1\r\nHost: a\r\n\n"),
                                   post("A: b\rc\r\n"),
                                   post("A: b\r\r\n"),
                                   post("A: b\x01\r\n"),
                                   post("A: b\x1f\r\n"),
                                   post("A: b\x7f\r\n"),
                                   post(std::string("A: b\0c\r\n", 8)),
                                   post(std::string("A\0: b\r\n", 7)),
                                   post("A: b\r\n\r") + "x"}) {
    CAPTURE(bytes);
    CHECK(refusal(bytes + "\r\n\r\n") == 400);
  }
  CHECK(refusal(post("A: \x80\xff\r\n")) == 0);  // opaque, matched as bytes
  CHECK(refusal(post("!#$%&'*+-.^_`|~09: x\r\n")) == 0);
  CHECK(refusal(post("A:\r\nB:\t\r\n")) == 0);
}

TEST_CASE("the host is said once, and is one (H1-17)") {
  for (const std::string_view host :
       {"",       " ",          " a,b",  " user@a",       " a:99999", " a:b",
        " a:8x",  " a b",       " [::1", " [::1%25eth0]", " ::1",     " a/b",
        " a?b",   " a#b",       " a\\b", " :80",          " [::1]x",  " []",
        " a%2eb", " a\xc3\xa4", " a:-1", " a:+1",         " a:000080"}) {
    CAPTURE(host);
    CHECK(refusal(with_host(host)) == 400);
  }
  for (const std::string_view host : {" a", " a:80", " a:", " shop.test:65535", " [::1]",
                                      " [::1]:80", " 127.0.0.1:1", " a_b-c"}) {
    CAPTURE(host);
    CHECK(refusal(with_host(host)) == 0);
  }
  CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n") == 400);
  CHECK(refusal("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(refusal("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(refusal("GET http://A/x HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  CHECK(refusal("GET http://user@a/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("the request line is a token, a target and a version (H1-20, H1-21)") {
  for (const std::string_view first : {"GET /",
                                       "GET",
                                       "GET  / HTTP/1.1",
                                       "GET / HTTP/1.1 ",
                                       " GET / HTTP/1.1",
                                       "GET /a b HTTP/1.1",
                                       "GET / http/1.1",
                                       "G(T / HTTP/1.1",
                                       "GET\t/ HTTP/1.1",
                                       "GET / ",
                                       "GET /\x01 HTTP/1.1",
                                       "GET /\x7f HTTP/1.1",
                                       "GET /\xc3\xa4 HTTP/1.1",
                                       "GET /#a HTTP/1.1",
                                       "GET a HTTP/1.1",
                                       "GET * HTTP/1.1",
                                       "GET https://a/ HTTP/1.1",
                                       "GET http:///x HTTP/1.1",
                                       "GET http://a:b/ HTTP/1.1",
                                       "CONNECT / HTTP/1.1",
                                       "",
                                       "GET /\r HTTP/1.1"}) {
    CAPTURE(first);
    CHECK(refusal(line(first)) == 400);
  }
  for (const std::string_view first :
       {"GET / HTTP/1.2", "GET / HTTP/2.0", "GET / HTTP/1.1x", "GET / HTTP/1.", "GET / HTTP/11"}) {
    CAPTURE(first);
    CHECK(refusal(line(first)) == 505);
  }
  CHECK(refusal(line(std::string(8 * 1024, 'M') + " / HTTP/1.1")) == 400);
  CHECK(refusal(line("GET /" + std::string(1 << 20, 'a') + " HTTP/1.1")) == 414);
  CHECK(refusal(line("GET /" + std::string(17 * 1024, 'a') + " HTTP/1.1")) == 414);
  CHECK(refusal(line("GET /" + std::string(16 * 1000, 'a') + " HTTP/1.1")) == 0);
  CHECK(refusal(line("OPTIONS * HTTP/1.1")) == 0);
}

TEST_CASE("what only looks like a request line is refused with the empty lines before it") {
  std::string empty_lines;
  for (int i = 0; i < 10'000; ++i) empty_lines += "\r\n";
  CHECK(refusal(empty_lines) == 400);
  CHECK(refusal("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("absolute targets name the host and are sent on in origin form") {
  const auto parsed = [](std::string_view target) {
    Http1Codec codec(Role::Server, {});
    Side side(codec);
    side.receive("GET " + std::string(target) + " HTTP/1.1\r\nHost: a:80\r\n\r\n");
    REQUIRE(side.count() == 1);
    return side.last().authority + " " + side.last().path;
  };
  CHECK(parsed("http://a:80/x?y") == "a:80 /x?y");
  CHECK(parsed("HTTP://a:80") == "a:80 /");
  CHECK(parsed("http://a:80?y") == "a:80 /?y");
  CHECK(parsed("/x") == "a:80 /x");
}

TEST_CASE("96 fields pass, 97 do not, nor 64 KiB of them (H1-20)") {
  const auto fields = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "x-" + std::to_string(i) + ":\r\n";
    return text;
  };
  CHECK(refusal(post(fields(95))) == 0);  // and Host
  CHECK(refusal(post(fields(96))) == 431);
  CHECK(refusal(post(fields(20'000))) == 431);
  CHECK(refusal(post("X: " + std::string(1 << 20, 'v') + "\r\n")) == 431);
  CHECK(refusal(post("X: " + std::string(64 * 1024, 'v') + "\r\n")) == 431);
  CHECK(refusal(post("X: " + std::string(63 * 1024, 'v') + "\r\n")) == 0);
}

TEST_CASE("only 100-continue may be expected, and nothing is expected in HTTP/1.0 (H1-15)") {
  CHECK(refusal(post("Expect: x\r\n")) == 417);
  CHECK(refusal(post("Expect: 100-Continue\r\n")) == 0);
  CHECK(refusal("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") == 0);
}

// The status given for a chunked body, 0 when it is taken whole.
int chunk_refusal(std::string_view body) {
  Http1Codec codec(Role::Server, {});
  Side side(codec);
  side.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
               std::string(body));
  REQUIRE(side.count() == 1);
  if (side.last().ended) return 0;
  CHECK(side.last().resets == 1);
  return side.refused.empty() ? -1 : side.refused[0];
}

TEST_CASE("chunk sizes are hexadecimal digits (H1-08)") {
  for (const std::string_view size :
       {"0x5", "+5", "-1", " 5", "5 ", "5\t", "5_", "12345678901234567", "", "FFFFFFFFFFFFFFFF",
        "0000000000000005", "g", "5\r"}) {
    CAPTURE(size);
    CHECK(chunk_refusal(std::string(size) + "\r\nhello\r\n0\r\n\r\n") == 400);
  }
  CHECK(chunk_refusal("5\r\nhello\r\n0\r\n\r\n") == 0);
  CHECK(chunk_refusal("A\r\n0123456789\r\n0a\r\n0123456789\r\n000\r\n\r\n") == 0);
}

TEST_CASE("chunk extensions are read strictly, bounded, and thrown away (H1-09)") {
  for (const std::string& extension :
       {std::string(";"), std::string(";a=b;"), std::string("; a"), std::string(";a= b"),
        std::string(";=b"), std::string(";\0", 2), std::string(";a=\"\n\""), std::string(";a\x7f"),
        std::string(";a\xff"), std::string("a=b"), ";a=" + std::string(64 * 1024, 'x')}) {
    CHECK(chunk_refusal("5" + extension + "\r\nhello\r\n0\r\n\r\n") == 400);
  }
  CHECK(chunk_refusal("5;a\nhello\r\n0\r\n\r\n") == 400);
  CHECK(chunk_refusal("5;a\rhello\r\n0\r\n\r\n") == 400);
  CHECK(chunk_refusal("5;a=b,\r\nhello\r\n0\r\n\r\n") == 400);
  CHECK(chunk_refusal("5;a=\"b\\\"\r\nhello\r\n0\r\n\r\n") == 400);
  CHECK(chunk_refusal("5;a=\"b;\\\"c=\";d\r\nhello\r\n0\r\n\r\n") == 0);
  CHECK(chunk_refusal("5;a=b;c;d=\"e\"\r\nhello\r\n0;last\r\n\r\n") == 0);
  std::string many;
  for (int i = 0; i < 10; ++i) many += "1;" + std::string(4000, 'x') + "\r\nx\r\n";
  CHECK(chunk_refusal(many + "0\r\n\r\n") == 400);
}

TEST_CASE("a chunk ends where it said it would (H1-10)") {
  for (const std::string_view body :
       {"5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\n",
        "5\r\nhello\r\n0\r\n\n", "0\r\nA: b\n\r\n", "0\r\nA b\r\n\r\n", "0\r\n A: b\r\n\r\n",
        "0\r\nA: \x01\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n"}) {
    CAPTURE(body);
    CHECK(chunk_refusal(body) == 400);
  }
  CHECK(chunk_refusal("0\r\nContent-Length: 0\r\n\r\n") == 400);
  CHECK(chunk_refusal("0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  std::string trailers;
  for (int i = 0; i < 97; ++i) trailers += "x-" + std::to_string(i) + ": v\r\n";
  CHECK(chunk_refusal("0\r\n" + trailers + "\r\n") == 431);
}

}  // namespace
}  // namespace outrider::test
