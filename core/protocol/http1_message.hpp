#pragma once
// The exchange under way on an HTTP/1 connection. Private to core/protocol/http1_*.cpp.

#include <string>

#include "core/base/free_lists.hpp"
#include "core/protocol/http1_codec.hpp"

namespace outrider::protocol {

// `received` and `sent` say which halves are over.
struct Http1Codec::Message : Stream, Recycled {
  bool head_request = false; // its answer has no body
  bool head_received = false;
  bool received = false;
  bool head_sent = false;
  bool head_left = false;    // some of it is in the output of produce(): the peer may know of it
  bool sent = false;
  bool broken = false;       // Reset was reported; only Closed is left
  bool chunked_out = false;
  bool no_body_out = false;  // HEAD, 204, 304: body bytes are dropped
  bool http10_peer = false;
  bool keep_alive = true;    // as the peer's head said
  bool expects_continue = false;
  std::string upgrade;       // the protocol that was asked for, until the answer; empty: none
  bool tunnel = false;       // 101 has passed: no more HTTP, bytes both ways until both have ended
  std::size_t informational = 0;  // 1xx heads received
  bool continued = false;
  std::uint64_t length_left = 0;  // of a body sent with content-length
  bool length_known = false;
  std::size_t uncredited = 0;     // received body that has not left on the other side
  std::size_t discarded = 0;      // received after the response was over
  std::size_t queued = 0;         // sent body bytes still in the output
  BodyReader body;
};

}  // namespace outrider::protocol
