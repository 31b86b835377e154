#include <doctest/doctest.h>

#include "load/response_parser.hpp"

using shop::ResponseParser;
using State = ResponseParser::State;

TEST_CASE("a response is read the same whole and byte by byte, and what follows it is left over") {
  struct Row {
    const char* text;
    State state;
    const char* left;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokX", State::Done, "X"},
      {"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", State::Done, ""},
      {"HTTP/1.1 204 No Content\r\n\r\n", State::Done, ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 1\r\n\r\nx",
       State::Done, ""},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nt: v\r\n\r\n",
       State::Done, ""},
      {"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok", State::Body, ""},
      {"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", State::Broken, nullptr},
      {"HTTP/1.1 200 OK\r\n\r\n", State::Broken, nullptr},
      {"HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n", State::Broken, nullptr},
      {"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok", State::Broken, nullptr},
      {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok", State::Broken,
       nullptr},
      {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", State::Broken,
       nullptr},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokk\r\n", State::Broken, nullptr},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", State::Broken, nullptr},
      {"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", State::Broken, nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    ResponseParser whole(false, "");
    const auto left = whole.feed(row.text);
    CHECK(whole.state() == row.state);
    if (row.left) CHECK(left == row.left);
    ResponseParser slow(false, "");
    for (const char& c : std::string_view(row.text)) (void)slow.feed({&c, 1});
    CHECK(slow.state() == row.state);
    CHECK(slow.status() == whole.status());
  }
}

TEST_CASE("the answer to HEAD has a length and no body") {
  ResponseParser parser(true, "");
  CHECK(parser.feed("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").empty());
  CHECK(parser.state() == State::Done);
}

TEST_CASE("one header is kept, whatever its case, and a close is noticed") {
  ResponseParser parser(false, "x-order-version");
  (void)parser.feed(
      "HTTP/1.1 200 OK\r\nX-Order-Version:  v2 \r\nConnection: Close\r\nContent-Length: 0\r\n\r\n");
  CHECK(parser.kept() == "v2");
  CHECK(parser.closes());
}
