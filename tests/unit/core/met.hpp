#pragma once
// A Http2Codec and what a peer of ill will says to it, in memory.

#include <functional>

#include "core/protocol/http2_codec.hpp"
#include "tests/unit/core/raw_http2.hpp"

namespace outrider::test {

// A codec that has shaken hands with a hand-written peer; as a client, it has one request under way.
struct Met {
  explicit Met(protocol::Role role) : codec(role, {}) {
    side.receive((role == protocol::Role::Server ? std::string(raw::preface) : "") + raw::frame(raw::Settings, 0, 0) +
                 raw::frame(raw::Settings, raw::ack, 0));
    if (role == protocol::Role::Client) call = side.open(*request("GET"), true);
    side.produce_all();
  }
  raw::Answers send(std::string_view bytes) {
    side.receive(bytes);
    while (codec.holds_input()) side.next_turn();
    return raw::answers(side.produce_all());
  }
  // How many units it takes until it ends the connection; most + 1 when it never does.
  int units(const std::function<std::string(std::uint32_t)>& unit, int most) {
    for (int sent = 1; sent <= most; ++sent) {
      send(unit(static_cast<std::uint32_t>(sent - 1)));
      if (codec.finished()) return sent;
    }
    return most + 1;
  }
  protocol::Http2Codec codec;
  Side side{codec};
  Seen* call = nullptr;
};

inline std::uint32_t odd(std::uint32_t i) { return 2 * i + 1; }

}  // namespace outrider::test
