// The small values of core/base, and gRPC's framing.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/address.hpp"
#include "core/base/ascii.hpp"
#include "core/base/bytes.hpp"
#include "core/base/in_quotes.hpp"
#include "core/base/random.hpp"
#include "core/protocol/grpc_framing.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

TEST_CASE("a buffer gives back what it was given, however it is consumed") {
  Buffer buffer;
  Random random(1);
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(random.below(300), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    const std::size_t take = random.below(std::min<std::size_t>(expected.size(), 400) + 1);
    buffer.consume(take);
    expected.erase(0, take);
    if (buffer.text() != expected) FAIL("after " << i);
  }
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.text().empty());
}

TEST_CASE("what was consumed stays readable until the next append") {
  Buffer buffer;
  buffer.append("hello");
  const ByteView view = buffer.view();
  buffer.consume(5);
  CHECK(buffer.empty());
  CHECK(text_of(view) == "hello");
}

TEST_CASE("random numbers: a seed is a sequence, bounds hold, and every value below comes") {
  Random one(42), two(42), three(43);
  CHECK(one.next() == two.next());
  CHECK(one.next() != three.next());
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = one.below(7);
    CHECK(value < 7);
    seen.insert(value);
  }
  CHECK(seen.size() == 7);
  CHECK(one.below(0) == 0);
  CHECK(one.below(1) == 0);
  CHECK(Random().next() != Random().next());
}

TEST_CASE("a request id is a version 4 UUID, and never the same") {
  Random random(1), same(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto made = random.uuid4();
    std::string bits = fmt::format("{:016x}", same.next());
    bits += fmt::format("{:016x}", same.next());
    const std::string id(made.data(), made.size());
    REQUIRE(id.size() == 36);
    for (std::size_t at = 0; at < 36; ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      const bool hex = ascii::is_digit(id[at]) || (id[at] >= 'a' && id[at] <= 'f');
      REQUIRE((dash ? id[at] == '-' : hex));
    }
    CHECK(id.substr(0, 8) == bits.substr(0, 8));
    CHECK(id.substr(9, 4) == bits.substr(8, 4));
    CHECK(id.substr(15, 3) == bits.substr(13, 3));
    CHECK(id.substr(24) == bits.substr(20));
    CHECK(id[14] == '4');
    CHECK(std::string_view("89ab").find(id[19]) != std::string_view::npos);
    seen.insert(id);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("closest() finds what was meant, and nothing where nothing is near") {
  const std::vector<std::string_view> names = {"timeout", "retries", "headers", "mirror"};
  CHECK(ascii::closest("timout", names) == "timeout");
  CHECK(ascii::closest("Timeout", names) == "timeout");
  CHECK(ascii::closest("retires", names) == "retries");  // neighbours swapped
  CHECK(ascii::closest("header", names) == "headers");
  CHECK(ascii::closest("banana", names).empty());
  CHECK(ascii::closest("", names).empty());
  CHECK(ascii::closest("x", {}).empty());
}

TEST_CASE("other people's bytes are quoted as printable text, UTF-8 that is cut off too") {
  CHECK(in_quotes("a \"b\" \\") == "\"a \\\"b\\\" \\\\\"");
  CHECK(in_quotes("\t\xc3") == "\"\\x09\\xc3\"");
  CHECK(in_quotes("") == "\"\"");
}

TEST_CASE("text is split, trimmed and compared as ASCII") {
  CHECK(ascii::split("a,,b,", ',') == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(ascii::split("", ',') == std::vector<std::string_view>{""});
  CHECK(ascii::trim("\t a b \t") == "a b");
  CHECK(ascii::trim(" \t").empty());
  CHECK(ascii::equals_ignoring_case("Content-LENGTH", "content-length"));
  CHECK_FALSE(ascii::equals_ignoring_case("a", "ab"));
  CHECK_FALSE(ascii::equals_ignoring_case("[", "{"));  // 0x20 apart, no letters
  CHECK(ascii::to_lower("A-Z\xc4") == "a-z\xc4");
}

TEST_CASE("addresses are parsed once, and only whole ones") {
  CHECK(SocketAddress::parse("10.0.0.1:80") == SocketAddress{"10.0.0.1", 80});
  CHECK(SocketAddress::parse("[::1]:80") == SocketAddress{"::1", 80});
  CHECK(SocketAddress{"::1", 80}.text() == "[::1]:80");
  for (const std::string_view text :
       {"10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:65536", "10.0.0.1:-1", "host:80", ":80",
        "::1:80", "[10.0.0.1]:80", "[::1]", "10.0.0:80"}) {
    CAPTURE(text);
    CHECK_FALSE(SocketAddress::parse(text));
  }
  CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
  CHECK(IpAddress::parse("::ffff:1.2.3.4") == IpAddress::parse("1.2.3.4"));
  CHECK(IpAddress::parse("::1")->text() == "::1");
  const IpNetwork network{*IpAddress::parse("10.1.128.0"), 17};
  CHECK(network.contains(*IpAddress::parse("10.1.255.1")));
  CHECK_FALSE(network.contains(*IpAddress::parse("10.1.127.1")));
  CHECK_FALSE(network.contains(*IpAddress::parse("::1")));
  CHECK(IpNetwork{*IpAddress::parse("0.0.0.0"), 0}.contains(*IpAddress::parse("9.9.9.9")));
}

TEST_CASE("gRPC messages are framed and found again, however they are cut") {
  const std::vector<std::string> sent = {"", "a", std::string(70'000, 'x'), std::string("\0\1", 2)};
  std::string bytes;
  for (const std::string& message : sent) bytes += protocol::grpc_frame(message);
  CHECK(protocol::grpc_frame("ab") == std::string("\0\0\0\0\2ab", 7));
  Random random(9);
  for (int round = 0; round < 50; ++round) {
    protocol::GrpcReader reader(100'000);
    std::vector<std::string> received;
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t take = std::min<std::size_t>(rest.size(), 1 + random.below(9000));
      REQUIRE(reader.feed(bytes_of(rest.substr(0, take)), received));
      rest.remove_prefix(take);
    }
    CHECK(received == sent);
    CHECK(reader.at_boundary());
  }
}

TEST_CASE("compressed and oversized gRPC messages are refused before they are read") {
  std::vector<std::string> none;
  protocol::GrpcReader small(10);
  CHECK_FALSE(small.feed(bytes_of(std::string_view("\0\0\0\0\x0b", 5)), none));
  protocol::GrpcReader plain(10);
  CHECK_FALSE(plain.feed(bytes_of(std::string_view("\1\0\0\0\1x", 6)), none));
  protocol::GrpcReader half(10);
  CHECK(half.feed(bytes_of(std::string_view("\0\0\0\0\5abc", 8)), none));
  CHECK_FALSE(half.at_boundary());
  CHECK(none.empty());
}

TEST_CASE("grpc-message is percent-encoded, and what is no escape stays") {
  const std::string text = "100% \n\xc3\xa4~";
  CHECK(protocol::grpc_percent_encode(text) == "100%25 %0A%C3%A4~");
  CHECK(protocol::grpc_percent_decode(protocol::grpc_percent_encode(text)) == text);
  CHECK(protocol::grpc_percent_decode("%zz%4") == "%zz%4");
}

}  // namespace
}  // namespace outrider::test
