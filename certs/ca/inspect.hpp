#pragma once
// What a certificate says, as text and times. For `outrider-certs show` and for tests.

#include <string>
#include <string_view>
#include <vector>

#include "certs/ca/authority.hpp"

namespace outrider::certs {

struct CertificateFacts {
  std::vector<std::string> uris;  // URI SANs, compared by length: a NUL inside stays visible
  std::string subject;            // "O=cluster.local,CN=Outrider root CA"
  std::string issuer;
  std::string serial;  // hexadecimal
  Validity validity;
  bool is_authority = false;
};

// The first certificate of a PEM file.
[[nodiscard]] Result<CertificateFacts> inspect(std::string_view pem);

// Whether the chain's first certificate was signed under the root and is valid at `now`; the
// reason in words when it is not.
[[nodiscard]] Result<void> verify(std::string_view leaf_pem, std::string_view root_pem,
                                  WallTime now);

}  // namespace outrider::certs
