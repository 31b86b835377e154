// HTTP/1 towards the upstream: a response comes to the same however it is cut, and the contract of
// events holds whatever the owner does meanwhile.

#include "core/protocol/http1_codec.hpp"
#include "tests/fuzz/owner.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

std::string outcome(ByteView input, std::string_view asked, Random* cuts) {
  protocol::Http1Codec codec(protocol::Role::Client, {});
  test::Side side(codec);
  const protocol::HeadPtr request = test::request(asked == "upgrade" ? "GET" : asked);
  if (asked == "upgrade") request->upgrade = "websocket";
  side.open(*request, asked != "upgrade");
  side.produce_all();
  while (!input.empty()) {
    const std::size_t take = cuts ? 1 + cuts->below(input.size()) : input.size();
    side.receive(input.first(take));
    input = input.subspan(take);
    if (cuts) side.produce_all();
  }
  side.end_of_input();
  side.produce_all();
  side.abandon();
  const test::Seen& seen = side.seen(0);
  CHECK(seen.closed == 1);
  std::string out = std::to_string(seen.status) + "|" + seen.body + "|" + std::to_string(seen.resets);
  for (const auto& [name, value] : seen.fields) out += "\n" + name + ":" + value;
  for (const auto& [name, value] : seen.trailers) out += "\ntrailer " + name + ":" + value;
  for (const int status : seen.informational) out += "\n" + std::to_string(status);
  return out + (seen.ended ? "\nended" : "");
}

}  // namespace

void http1_response(ByteView input) {
  Random random = chance(input);
  for (const std::string_view asked : {"GET", "HEAD", "upgrade"}) {
    CAPTURE(asked);
    const std::string whole = outcome(input, asked, nullptr);
    const std::string cut = outcome(input, asked, &random);
    CHECK(whole == cut);
  }
  protocol::Http1Codec codec(protocol::Role::Client, {});
  Owner owner(codec, protocol::Role::Client);
  owner.act(Owner::open_stream, static_cast<std::uint8_t>(random.below(256)));
  owner.feed(input, random);
}

}  // namespace outrider::fuzz
