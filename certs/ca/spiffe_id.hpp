#pragma once
// Who a workload is: spiffe://<trust domain>/ns/<namespace>/sa/<service account>, as Istio writes
// it and as its certificate's URI SAN carries it. A plain value; any thread.

#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace outrider::certs {

struct SpiffeId {
  std::string trust_domain;
  std::string ns;
  std::string service_account;

  [[nodiscard]] std::string uri() const;
  bool operator==(const SpiffeId&) const = default;
};

// Lower-case letters, digits, '.', '-' and '_', at most 255 of them (SPIFFE section 2.1).
[[nodiscard]] Result<void> check_trust_domain(std::string_view name);

// The same checks on all three parts: path segments are letters, digits, '.', '-' and '_', never
// empty, "." or ".."; the whole URI is at most 2,048 bytes.
[[nodiscard]] Result<SpiffeId> make_spiffe_id(std::string_view trust_domain, std::string_view ns,
                                              std::string_view service_account);

// The reverse of uri(): refuses whatever make_spiffe_id would not have made.
[[nodiscard]] Result<SpiffeId> parse_spiffe_id(std::string_view uri);

}  // namespace outrider::certs
