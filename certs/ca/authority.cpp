#include "certs/ca/authority.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include <array>
#include <vector>

#include "certs/ca/openssl.hpp"

namespace outrider::certs {
namespace {

struct Extension {
  int nid;
  std::string value;
};

// 128 random bits; the top one cleared and the next one set, so that the number is positive and
// has the same length each time.
bool set_random_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
  const std::unique_ptr<BIGNUM, Release<BN_free>> number(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_name_entry(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

// The order of `extensions` counts: the authority key identifier of a self-signed certificate is
// copied from its own subject key identifier, which has to be there by then.
bool add_extensions(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const Extension& extension : extensions) {
    const std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>> made(
        X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
    if (!made || X509_add_ext(certificate, made.get(), -1) != 1) return false;
  }
  return true;
}

// What root and workload certificates have in common; unsigned.
Result<X509Ptr> draft(EVP_PKEY* key, const Validity& validity) {
  X509Ptr certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_random_serial(certificate.get()) ||
      !set_time(X509_getm_notBefore(certificate.get()), validity.not_before) ||
      !set_time(X509_getm_notAfter(certificate.get()), validity.not_after) ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return openssl_failure("drafting a certificate");
  }
  return certificate;
}

Result<Credential> sign(X509* certificate, EVP_PKEY* subject_key, EVP_PKEY* issuer_key) {
  if (X509_sign(certificate, issuer_key, EVP_sha256()) == 0) {
    return openssl_failure("signing a certificate");
  }
  auto certificate_pem = to_pem(*certificate);
  if (!certificate_pem) return std::unexpected(certificate_pem.error());
  auto key_pem = to_pem(*subject_key);
  if (!key_pem) return std::unexpected(key_pem.error());
  return Credential{std::move(*certificate_pem), std::move(*key_pem)};
}

}  // namespace

void Authority::Free::operator()(X509* certificate) const { X509_free(certificate); }
void Authority::Free::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

Result<Authority> Authority::create(std::string_view trust_domain, WallTime now) {
  if (auto ok = check_trust_domain(trust_domain); !ok) return std::unexpected(ok.error());
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("making a key");
  auto certificate = draft(key.get(), valid_for(root_lifetime, now));
  if (!certificate) return std::unexpected(certificate.error());
  X509_NAME* subject = X509_get_subject_name(certificate->get());
  if (!add_name_entry(subject, "O", trust_domain) ||
      !add_name_entry(subject, "CN", "Outrider root CA") ||
      X509_set_issuer_name(certificate->get(), subject) != 1 ||
      !add_extensions(certificate->get(), certificate->get(),
                      {{NID_basic_constraints, "critical,CA:TRUE"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"},
                       {NID_subject_key_identifier, "hash"},
                       {NID_authority_key_identifier, "keyid:always"}})) {
    return openssl_failure("drafting the root certificate");
  }
  auto root = sign(certificate->get(), key.get(), key.get());
  if (!root) return std::unexpected(root.error());
  return load(*root);
}

Result<Authority> Authority::load(const Credential& root) {
  auto certificate = read_certificate(root.certificate);
  if (!certificate) return std::unexpected(certificate.error());
  auto key = read_key(root.key);
  if (!key) return std::unexpected(key.error());
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    return fail("the root's key and certificate do not belong together");
  }
  if (X509_check_ca(certificate->get()) != 1) return fail("the root certificate is no CA's");
  Authority authority;
  authority.root_ = root;
  authority.trust_domain_ =
      name_entry(X509_get_subject_name(certificate->get()), NID_organizationName);
  authority.certificate_.reset(certificate->release());
  authority.key_.reset(key->release());
  return authority;
}

Result<Credential> Authority::issue(const SpiffeId& id, const Validity& validity) const {
  // `id` is a plain struct: check it again, it ends up in an extension's text.
  if (auto ok = make_spiffe_id(id.trust_domain, id.ns, id.service_account); !ok) {
    return std::unexpected(ok.error());
  }
  if (validity.not_after <= validity.not_before) {
    return fail("the certificate would never be valid");
  }
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("making a key");
  auto certificate = draft(key.get(), validity);
  if (!certificate) return std::unexpected(certificate.error());
  X509_NAME* subject = X509_get_subject_name(certificate->get());
  if (!add_name_entry(subject, "O", id.trust_domain) ||
      X509_set_issuer_name(certificate->get(), X509_get_subject_name(certificate_.get())) != 1 ||
      !add_extensions(certificate->get(), certificate_.get(),
                      {{NID_basic_constraints, "critical,CA:FALSE"},
                       {NID_key_usage, "critical,digitalSignature"},
                       {NID_ext_key_usage, "clientAuth,serverAuth"},
                       {NID_subject_key_identifier, "hash"},
                       {NID_authority_key_identifier, "keyid:always"},
                       {NID_subject_alt_name, "URI:" + id.uri()}})) {
    return openssl_failure("drafting a workload certificate");
  }
  return sign(certificate->get(), key.get(), key_.get());
}

}  // namespace outrider::certs
