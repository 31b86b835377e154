// HTTP/2, both roles: the input is a script of what the peer sends (frames, whole or torn, and raw
// bytes) and of what the owner does in between. The first byte says the role.
//
//   0..127    raw bytes: as many follow
//   128..191  a frame with a right header: type = byte % 11; flags, stream and length follow, then
//             its payload
//   192..223  HEADERS of a request or response out of a list
//   224..255  an act of the owner

#include "core/protocol/http2_codec.hpp"
#include "tests/fuzz/owner.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/unit/core/raw_http2.hpp"

namespace outrider::fuzz {
namespace {

using test::Fields;
using test::raw::frame;

const Fields blocks[] = {
    test::raw::get,
    {{":method", "POST"}, {":scheme", "http"}, {":path", "/a"}, {":authority", "shop.test"}, {"content-length", "3"}},
    {{":method", "HEAD"}, {":scheme", "http"}, {":path", "/"}, {":authority", "shop.test"}},
    {{":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}, {":authority", "shop.test"}, {"te", "trailers"},
     {"content-type", "application/grpc"}, {"cookie", "a=b"}, {"cookie", "c=d"}},
    {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "shop.test"}},
    {{":status", "200"}, {"content-length", "3"}},
    {{":status", "200"}, {"content-type", "application/grpc"}},
    {{":status", "100"}},
    {{":status", "103"}, {"link", "x"}},
    {{":status", "304"}},
    {{"grpc-status", "0"}, {"content-length", "1"}},
    {{"x", "y"}},
};

struct Script {
  ByteView left;
  std::uint8_t byte() {
    if (left.empty()) return 0;
    const std::uint8_t first = left.front();
    left = left.subspan(1);
    return first;
  }
  std::string bytes(std::size_t most) {
    const ByteView taken = left.first(std::min(most, left.size()));
    left = left.subspan(taken.size());
    return std::string(text_of(taken));
  }
};

std::string framed(std::uint8_t what, Script& script) {
  const auto type = static_cast<test::raw::Type>(what % 11);
  const std::uint8_t flags = script.byte(), stream = script.byte(), size = script.byte();
  return frame(type, flags, stream, script.bytes(size));
}

std::string headers(std::uint8_t what, Script& script) {
  const std::uint8_t which = script.byte(), stream = script.byte();
  return test::raw::headers(stream, blocks[which % std::size(blocks)], what % 2 == 0);
}

}  // namespace

void http2_session(ByteView input) {
  Script script{input};
  const std::uint8_t first = script.byte();
  const auto role = first % 2 == 0 ? protocol::Role::Server : protocol::Role::Client;
  protocol::Http2Limits limits;
  limits.stream_window = 4096;  // little, so that a short script can fill it
  limits.connection_window = 128 * 1024;
  protocol::Http2Codec codec(role, limits);
  Owner owner(codec, role);
  if (first % 8 < 6) {
    if (role == protocol::Role::Server) owner.receive(bytes_of(test::raw::preface));
    owner.receive(bytes_of(frame(test::raw::Settings, 0, 0)));
  }
  while (!script.left.empty() && !codec.finished()) {
    const std::uint8_t what = script.byte();
    if (what < 128) {
      owner.receive(bytes_of(script.bytes(what)));
    } else if (what < 192) {
      owner.receive(bytes_of(framed(what, script)));
    } else if (what < 224) {
      owner.receive(bytes_of(headers(what, script)));
    } else {
      owner.act(what, script.byte());
    }
  }
  owner.end(first % 16 < 8);
}

}  // namespace outrider::fuzz
