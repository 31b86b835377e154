// x-envoy-peer-metadata: any header, and any bytes as the base64 of one; what is understood survives
// being told on.

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <string>

#include "proxy/telemetry/peer_metadata.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

void check(std::string_view header) {
  const auto peer = proxy::decode_peer_metadata(header);
  if (!peer) return;
  CHECK(header.size() <= proxy::max_peer_metadata);
  CHECK_FALSE(peer->workload.empty());
  for (const std::string* value :
       {&peer->workload, &peer->workload_namespace, &peer->app, &peer->version,
        &peer->canonical_service, &peer->canonical_revision, &peer->cluster}) {
    CHECK(value->size() <= 253);
  }
  CHECK(peer->principal.empty());
  const auto again = proxy::decode_peer_metadata(proxy::encode_peer_metadata(*peer));
  REQUIRE(again);
  CHECK(again->workload == peer->workload);
  CHECK(again->workload_namespace == peer->workload_namespace);
  CHECK(again->canonical_service == peer->canonical_service);
}

}  // namespace

void peer_metadata(ByteView input) {
  check(text_of(input));
  std::string coded((input.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()), input.data(),
                                     static_cast<int>(input.size()));
  check(std::string_view(coded).substr(0, static_cast<std::size_t>(length)));
}

}  // namespace outrider::fuzz
