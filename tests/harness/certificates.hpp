#pragma once
// Certificates made while a test runs: a root, and leaves with whatever is asked of them.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/protocol/tls.hpp"

namespace outrider::test {

template <auto Function>
struct FreeBy {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};
using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;

inline std::string pem_of(X509& certificate) {
  std::unique_ptr<BIO, FreeBy<BIO_free>> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), &certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

inline std::string pem_of(EVP_PKEY& key) {
  std::unique_ptr<BIO, FreeBy<BIO_free>> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

struct Wanted {
  std::vector<std::string> uris = {"spiffe://cluster.local/ns/shop/sa/order"};
  std::string basic_constraints = "critical,CA:FALSE";
  std::string key_usage = "critical,digitalSignature";
  std::string extended_key_usage = "serverAuth,clientAuth";
  std::string dns;
  std::size_t more_dns = 0;  // names beside that
  std::string name = "leaf";
  std::string issuer;        // as it is written, whoever signs; empty: who signs
  KeyPtr key;                // empty: a new one, P-256
  long begins = -60, ends = 3600;  // seconds from now
};

struct Issued {
  X509Ptr certificate;
  KeyPtr key;
};

class Authority {
 public:
  Authority() {
    root_ = make(ca("root"), nullptr);
  }

  // A certificate authority's certificate.
  [[nodiscard]] static Wanted ca(const std::string& name) {
    Wanted wanted;
    wanted.uris = {};
    wanted.basic_constraints = "critical,CA:TRUE";
    wanted.key_usage = "critical,keyCertSign,cRLSign";
    wanted.extended_key_usage = "";
    wanted.name = name;
    return wanted;
  }

  [[nodiscard]] Issued issue(const Wanted& wanted) const { return make(wanted, &root_); }
  [[nodiscard]] std::string root() const { return pem_of(*root_.certificate); }
  [[nodiscard]] protocol::TlsCredentials credentials(const Wanted& wanted = {}) const {
    const Issued leaf = issue(wanted);
    return {pem_of(*leaf.certificate), pem_of(*leaf.key), root()};
  }
  [[nodiscard]] protocol::TlsCredentials named(const std::string& account) const {
    Wanted wanted;
    wanted.uris = {"spiffe://cluster.local/ns/shop/sa/" + account};
    return credentials(wanted);
  }

  // Null: signs itself.
  [[nodiscard]] static Issued make(const Wanted& wanted, const Issued* issuer) {
    Issued made{X509Ptr(X509_new()), KeyPtr(EVP_EC_gen("P-256"))};
    if (wanted.key) {
      EVP_PKEY_up_ref(wanted.key.get());
      made.key.reset(wanted.key.get());
    }
    X509* x = made.certificate.get();
    X509_set_version(x, 2);
    static std::atomic<long> serial{1};
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), wanted.begins);
    X509_gmtime_adj(X509_getm_notAfter(x), wanted.ends);
    X509_set_pubkey(x, made.key.get());
    set_name(X509_get_subject_name(x), wanted.name);
    X509* signer = issuer ? issuer->certificate.get() : x;
    if (wanted.issuer.empty()) {
      X509_set_issuer_name(x, X509_get_subject_name(signer));
    } else {
      set_name(X509_get_issuer_name(x), wanted.issuer);
    }
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, x, nullptr, nullptr, 0);
    extend(*x, context, NID_basic_constraints, wanted.basic_constraints);
    extend(*x, context, NID_key_usage, wanted.key_usage);
    extend(*x, context, NID_ext_key_usage, wanted.extended_key_usage);
    add_names(*x, wanted);
    X509_sign(x, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
    return made;
  }

 private:
  static void set_name(X509_NAME* name, const std::string& text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()),
                               -1, -1, 0);
  }

  static void extend(X509& certificate, X509V3_CTX& context, int nid, const std::string& value) {
    if (value.empty()) return;
    std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    X509_add_ext(&certificate, extension.get(), -1);
  }

  // By hand, so that a URI may hold any byte.
  static void add_names(X509& certificate, const Wanted& wanted) {
    std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
    const auto add = [&](int type, const std::string& text) {
      GENERAL_NAME* name = GENERAL_NAME_new();
      ASN1_IA5STRING* value = ASN1_IA5STRING_new();
      ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
      GENERAL_NAME_set0_value(name, type, value);
      sk_GENERAL_NAME_push(names.get(), name);
    };
    for (const std::string& uri : wanted.uris) add(GEN_URI, uri);
    if (!wanted.dns.empty()) add(GEN_DNS, wanted.dns);
    for (std::size_t i = 0; i < wanted.more_dns; ++i) add(GEN_DNS, "a" + std::to_string(i) + ".test");
    if (sk_GENERAL_NAME_num(names.get()) > 0)
      X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names.get(), 0, 0);
  }

  Issued root_;
};

}  // namespace outrider::test
