#pragma once
// What is fuzzed: one function a target, one file each. It takes any bytes, and ends the process when
// something does not hold that has to hold for all of them. libFuzzer feeds them (libfuzzer.cpp, by
// clang: run.sh), and so does every test run, from the committed corpora (corpus_test.cpp).

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"

namespace outrider::fuzz {

void http1_request(ByteView input);
void http1_response(ByteView input);
void chunks(ByteView input);
void http2_session(ByteView input);
void path(ByteView input);
void authority(ByteView input);
void grpc_timeout(ByteView input);
void xfcc(ByteView input);
void spiffe(ByteView input);
void xds(ByteView input);
void peer_metadata(ByteView input);
void configuration(ByteView input);

// Chance that is the input's own: the same bytes, the same run, and corpora stay readable text.
[[nodiscard]] inline Random chance(ByteView input) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const std::uint8_t byte : input) hash = (hash ^ byte) * 1099511628211U;
  return Random(hash);
}

}  // namespace outrider::fuzz
