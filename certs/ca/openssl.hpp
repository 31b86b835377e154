#pragma once
// OpenSSL's objects as owned values, its errors as text, PEM in and out. Internal to certs/ca.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace outrider::certs {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};

using X509Ptr = std::unique_ptr<X509, Release<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Release<BIO_free_all>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;

// "<doing>: <what OpenSSL says>"; empties OpenSSL's error queue.
[[nodiscard]] std::unexpected<Error> openssl_failure(std::string_view doing);

[[nodiscard]] Result<X509Ptr> read_certificate(std::string_view pem);
[[nodiscard]] Result<KeyPtr> read_key(std::string_view pem);
[[nodiscard]] Result<std::string> to_pem(X509& certificate);
[[nodiscard]] Result<std::string> to_pem(EVP_PKEY& key);

[[nodiscard]] Result<WallTime> to_wall_time(const ASN1_TIME* time);
[[nodiscard]] bool set_time(ASN1_TIME* target, WallTime time);

// The value of the first entry of that kind in a name, or "".
[[nodiscard]] std::string name_entry(const X509_NAME* name, int nid);

}  // namespace outrider::certs
