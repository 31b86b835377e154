#include <openssl/x509v3.h>

#include <memory>

#include "core/base/ascii.hpp"
#include "core/protocol/tls.hpp"

namespace outrider::protocol {
namespace {

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

constexpr int most_names = 64;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || ascii::is_digit(c); }

}  // namespace

bool is_spiffe_id(std::string_view text) {
  constexpr std::string_view scheme = "spiffe://";
  if (text.size() > 2048 || !text.starts_with(scheme)) return false;
  text.remove_prefix(scheme.size());
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash > 255) return false;
  for (char c : text.substr(0, slash)) {
    if (!is_lower_or_digit(c) && c != '.' && c != '-' && c != '_') return false;
  }
  for (std::string_view segment : ascii::split(text.substr(slash + 1), '/')) {
    if (segment.empty() || segment == "." || segment == "..") return false;
    for (char c : segment) {
      if (!ascii::is_alpha(c) && !ascii::is_digit(c) && c != '.' && c != '-' && c != '_') {
        return false;
      }
    }
  }
  return true;
}

Result<std::string> spiffe_identity(X509& certificate) {
  // basicConstraints alone makes a CA, whatever X509_check_ca() says when keyUsage forbids signing.
  if (X509_check_ca(&certificate) != 0 || (X509_get_extension_flags(&certificate) & EXFLAG_CA) != 0) return fail("the peer's certificate is a CA's");
  const std::uint32_t usage = X509_get_key_usage(&certificate);
  if (usage != UINT32_MAX && (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0) {
    return fail("the peer's certificate may sign others");
  }
  int critical = -1;
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, &critical, nullptr)));
  if (!names) return fail("the peer's certificate names no identity (no subject alternative name)");
  if (sk_GENERAL_NAME_num(names.get()) > most_names) return fail("the peer's certificate has too many names");
  std::string identity;
  int uris = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    ++uris;
    // By length, never as a C string: a NUL inside must not end the comparison (CVE-2025-66220).
    identity.assign(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier)),
        static_cast<std::size_t>(ASN1_STRING_length(name->d.uniformResourceIdentifier)));
  }
  if (uris != 1) return fail("the peer's certificate does not have exactly one URI name");
  if (!is_spiffe_id(identity)) return fail("the peer's URI name is not a SPIFFE identity");
  return identity;
}

}  // namespace outrider::protocol
