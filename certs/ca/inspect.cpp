#include "certs/ca/inspect.hpp"

#include <openssl/bn.h>

#include "certs/ca/openssl.hpp"

namespace outrider::certs {
namespace {

std::string name_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string serial_text(const X509* certificate) {
  const std::unique_ptr<BIGNUM, Release<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  char* text = BN_bn2hex(number.get());
  std::string result = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return result;
}

std::vector<std::string> uris_of(const X509* certificate) {
  std::vector<std::string> uris;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<std::size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

}  // namespace

Result<CertificateFacts> inspect(std::string_view pem) {
  auto certificate = read_certificate(pem);
  if (!certificate) return std::unexpected(certificate.error());
  X509* x509 = certificate->get();
  auto not_before = to_wall_time(X509_get0_notBefore(x509));
  if (!not_before) return std::unexpected(not_before.error());
  auto not_after = to_wall_time(X509_get0_notAfter(x509));
  if (!not_after) return std::unexpected(not_after.error());
  return CertificateFacts{.uris = uris_of(x509),
                          .subject = name_text(X509_get_subject_name(x509)),
                          .issuer = name_text(X509_get_issuer_name(x509)),
                          .serial = serial_text(x509),
                          .validity = {*not_before, *not_after},
                          .is_authority = X509_check_ca(x509) == 1};
}

Result<void> verify(std::string_view leaf_pem, std::string_view root_pem, WallTime now) {
  auto leaf = read_certificate(leaf_pem);
  if (!leaf) return std::unexpected(leaf.error());
  auto root = read_certificate(root_pem);
  if (!root) return std::unexpected(root.error());
  const std::unique_ptr<X509_STORE, Release<X509_STORE_free>> roots(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Release<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  if (!roots || !check || X509_STORE_add_cert(roots.get(), root->get()) != 1 ||
      X509_STORE_CTX_init(check.get(), roots.get(), leaf->get(), nullptr) != 1) {
    return openssl_failure("preparing verification");
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(check.get());
  X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(seconds.count()));
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  if (X509_verify_cert(check.get()) != 1) {
    return fail(X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
  }
  return {};
}

}  // namespace outrider::certs
