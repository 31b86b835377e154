#pragma once
// The mesh's certificate authority: one self-signed P-256 root that signs workload certificates.
// Owned by whoever issues; after creation it is only read, so any thread may issue.
// Keys are made by OpenSSL's own generator and leave this class only as PEM.

#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "certs/ca/spiffe_id.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace outrider::certs {

struct Validity {
  WallTime not_before;
  WallTime not_after;
};

// A certificate and the key that belongs to it, both PEM. `certificate` is the leaf alone: the
// root signs directly, so the chain holds nothing else.
struct Credential {
  std::string certificate;
  std::string key;
};

inline constexpr std::chrono::hours default_lifetime{24};
inline constexpr std::chrono::hours root_lifetime{24 * 3650};
// Clocks of two machines differ: a certificate is valid from a little before it was made.
inline constexpr std::chrono::minutes clock_leeway{1};

[[nodiscard]] constexpr Validity valid_for(std::chrono::seconds lifetime, WallTime now) {
  return {now - clock_leeway, now + lifetime};
}

// A certificate of that lifetime which has run out by now. For tests of what refuses it.
[[nodiscard]] constexpr Validity ran_out(std::chrono::seconds lifetime, WallTime now) {
  return {now - clock_leeway - lifetime, now - clock_leeway};
}

class Authority {
 public:
  // A new root for the trust domain, valid for ten years.
  [[nodiscard]] static Result<Authority> create(std::string_view trust_domain, WallTime now);

  // A root made earlier; refused when the key is another certificate's or it may not sign.
  [[nodiscard]] static Result<Authority> load(const Credential& root);

  // A new key and its certificate for one workload.
  [[nodiscard]] Result<Credential> issue(const SpiffeId& id, const Validity& validity) const;

  [[nodiscard]] const Credential& root() const { return root_; }
  // The subject's organization: which mesh this root is of.
  [[nodiscard]] const std::string& trust_domain() const { return trust_domain_; }

 private:
  struct Free {
    void operator()(X509* certificate) const;
    void operator()(EVP_PKEY* key) const;
  };
  using Certificate = std::unique_ptr<X509, Free>;
  using Key = std::unique_ptr<EVP_PKEY, Free>;

  Authority() = default;

  Credential root_;
  std::string trust_domain_;
  Certificate certificate_;
  Key key_;
};

}  // namespace outrider::certs
