#pragma once
// What comes of the bytes that a client sends to an HTTP/1 server, cut into reads in any way.

#include "core/base/random.hpp"
#include "core/protocol/http1_codec.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {

// Everything an owner and a peer can see of a conversation whose requests are all answered at once.
inline std::string outcome(std::string_view bytes, Random* cuts) {
  protocol::Http1Codec codec(protocol::Role::Server, {});
  Side side(codec);
  std::string out;
  const auto answer = [&] {
    while (true) {
      const std::string part = side.produce();
      out += part;
      if (side.count() > 0 && side.last().stream && side.last().ended && side.last().status == 0) {
        side.last().status = 200;
        codec.send_head(*side.last().stream, *response(200, {{"content-length", "0"}}), true);
      } else if (part.empty()) {
        return;
      }
    }
  };
  while (!bytes.empty()) {
    const std::size_t take =
        cuts ? 1 + cuts->below(cuts->below(2) == 0 ? 1 : bytes.size()) : bytes.size();
    side.receive(bytes.substr(0, take));
    bytes.remove_prefix(take);
    answer();
  }
  for (std::size_t i = 0; i < side.count(); ++i) {
    const Seen& seen = side.seen(i);
    out += "\n" + seen.method + seen.path + "|" + seen.body + "|" +
           std::to_string(seen.fields.size()) + "|" + std::to_string(seen.trailers.size()) +
           (seen.ended ? "ended" : "") + std::to_string(seen.resets);
  }
  for (int status : side.refused) out += "\nrefused " + std::to_string(status);
  return out + (codec.finished() ? "\nfinished" : "");
}

}  // namespace outrider::test
