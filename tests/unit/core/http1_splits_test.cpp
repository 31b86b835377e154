// A property of Http1Codec: how bytes are cut into reads changes nothing.

#include "tests/unit/core/http1_conversation.hpp"

namespace outrider::test {
namespace {

using protocol::Http1Codec;
using protocol::Role;

const std::string long_target = "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string endless_line(100'000, 'a');
const std::string large_fields =
    "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(90'000, 'v') + "\r\n\r\n";

const std::string conversations[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello\r\n\r\n\r\nGET / "
    "HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\n\r\n\r\r\n0\r\nA: b\r\n"
    "C: d\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\nC: "
    "d\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n",
    "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\n",
    long_target,
    endless_line,
    large_fields,
    endless_line + "\n\r\n\r\n",
};

TEST_CASE("a conversation comes to the same whole, byte by byte, and cut anywhere") {
  Random random(11);
  for (const std::string& conversation : conversations) {
    CAPTURE(conversation.substr(0, 100));
    const std::string expected = outcome(conversation, nullptr);
    const int rounds = conversation.size() > 1000 ? 5 : 200;
    for (int round = 0; round < rounds; ++round) CHECK(outcome(conversation, &random) == expected);
  }
}

TEST_CASE("byte by byte, nothing more is held than the head's limit") {
  Http1Codec codec(Role::Server, {});
  Side side(codec);
  std::size_t taken = 0;
  while (!codec.finished()) {
    side.receive("x");
    ++taken;
  }
  CHECK(side.refused == std::vector<int>{414});
  CHECK(taken == 80 * 1024 + 1);
}

TEST_CASE("one empty line before a request is forgiven, a second one not") {
  CHECK(outcome(conversations[1], nullptr).find("refused") == std::string::npos);
  CHECK(outcome(conversations[2], nullptr).find("refused 400") != std::string::npos);
  CHECK(outcome(conversations[3], nullptr).find("refused") == std::string::npos);
}

TEST_CASE("a client reads a response the same however it is cut") {
  const std::string answer =
      "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: "
      "y\r\n\r\n"
      "a\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    Http1Codec codec(Role::Client, {});
    Side side(codec);
    Seen& call = *side.open(*request("GET"), true);
    side.produce_all();
    for (std::string_view rest = answer; !rest.empty();) {
      const std::size_t take = 1 + random.below(rest.size());
      side.receive(rest.substr(0, take));
      rest.remove_prefix(take);
      side.produce_all();
    }
    CHECK(call.body == "0123456789");
    CHECK(call.trailers == Fields{{"t", "1"}});
    CHECK(call.informational == std::vector<int>{103});
    CHECK(call.closed == 1);
    CHECK(codec.can_open());
  }
}

}  // namespace
}  // namespace outrider::test
