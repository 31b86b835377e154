#include "control-plane/ctl/http_client.hpp"

#include <doctest/doctest.h>

using namespace outrider::control;

TEST_CASE("an answer has one status line, one length and that many bytes") {
  const auto answer = parse_answer("HTTP/1.1 422 Unprocessable\r\ncontent-length: 3\r\n\r\nabc");
  REQUIRE(answer);
  CHECK(answer->status == 422);
  CHECK(answer->body == "abc");
}

TEST_CASE("what is no plain answer is refused") {
  for (const char* response : {
           "", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
           "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n",
       }) {
    CAPTURE(response);
    CHECK_FALSE(parse_answer(response));
  }
}

TEST_CASE("an address is HOST:PORT, also for IPv6") {
  CHECK(parse_control_address("localhost:15080")->text() == "localhost:15080");
  CHECK(parse_control_address("[::1]:15080")->host == "::1");
  CHECK(parse_control_address("[::1]:15080")->text() == "[::1]:15080");
  for (const char* text : {"", "localhost", ":80", "a:0", "a:99999", "a:x", "::1:80", "a b:80",
                           "http://a:80", "a\r\n:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_control_address(text));
  }
}
