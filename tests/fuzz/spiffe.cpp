// SPIFFE ids: the strict reader and the one of certificates agree, on text and inside any DER that
// OpenSSL takes for a certificate.

#include <doctest/doctest.h>
#include <openssl/x509.h>

#include <memory>

#include "certs/ca/spiffe_id.hpp"
#include "core/protocol/tls.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {

void spiffe(ByteView input) {
  const std::string_view text = text_of(input);
  const bool legal = protocol::is_spiffe_id(text);
  if (const auto id = certs::parse_spiffe_id(text)) {
    CHECK(legal);
    CHECK(id->uri() == text);
    CHECK(certs::make_spiffe_id(id->trust_domain, id->ns, id->service_account));
  }
  if (legal) {
    CHECK(text.size() <= 2048);
    CHECK(text.find_first_of("%?#@:", 7) == std::string_view::npos);
    CHECK(text.find('\0') == std::string_view::npos);
  }
  const unsigned char* at = input.data();
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      d2i_X509(nullptr, &at, static_cast<long>(input.size())), X509_free);
  if (!certificate) return;
  const auto identity = protocol::spiffe_identity(*certificate);
  if (identity) CHECK(protocol::is_spiffe_id(*identity));
}

}  // namespace outrider::fuzz
