#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>

#include "core/protocol/tls.hpp"

namespace outrider::protocol {
namespace {

template <auto Function>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};
using BioPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, FreeWith<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

std::string last_error() {
  char text[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof text);
  }
  ERR_clear_error();
  return text;
}

BioPtr memory(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<void> use_certificate(SSL_CTX* context, const TlsCredentials& credentials) {
  ERR_clear_error();
  const BioPtr chain = memory(credentials.certificate_chain);
  const CertificatePtr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!leaf) return fail(fmt::format("the certificate chain holds no certificate ({})", last_error()));
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return fail(fmt::format("the certificate cannot be used ({})", last_error()));
  }
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context, next);
  }
  ERR_clear_error();
  const BioPtr key_text = memory(credentials.private_key);
  const KeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key) return fail(fmt::format("the private key cannot be read ({})", last_error()));
  SSL_CTX_use_PrivateKey(context, key.get());
  if (SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail("the private key does not belong to the certificate");
  }
  return {};
}

Result<void> use_roots(SSL_CTX* context, const std::string& roots) {
  const BioPtr text = memory(roots);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (X509* root = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store, root);
    X509_free(root);
    ++count;
  }
  ERR_clear_error();
  // No trust bundle means nobody is trusted, never everybody (CVE-2020-8664).
  if (count == 0) return fail("the root bundle holds no certificate");
  return {};
}

// What a server goes by lives with the SSL_CTX: its sessions outlive the TlsContext.
struct Rules {
  std::string alpn;  // in wire format
  TlsContext::Accepts accepts;
};

int rules_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Rules*>(data); });
  return index;
}

const Rules* rules_of(const SSL* session) {
  return static_cast<const Rules*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), rules_index()));
}

int select_alpn(SSL* session, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
  const std::string& list = rules_of(session)->alpn;
  unsigned char* chosen = nullptr;
  const int rc = SSL_select_next_proto(&chosen, out_size,
                                       reinterpret_cast<const unsigned char*>(list.data()),
                                       static_cast<unsigned int>(list.size()), offered, offered_size);
  *out = chosen;
  return rc == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Result<void> set_up(SSL_CTX* context, const TlsCredentials& credentials, Callers peers) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_ciphersuites(
      context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set1_groups_list(context, "X25519:P-256");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Two tickets by default cost a third of a handshake, and a resumed session would outlive a
  // change of what is trusted.
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_max_cert_list(context, 32 * 1024);
  SSL_CTX_set_verify_depth(context, 3);
  if (auto used = use_certificate(context, credentials); !used) return used;
  if (peers == Callers::Anonymous) return {};
  if (auto used = use_roots(context, credentials.roots); !used) return used;
  SSL_CTX_set_verify(context,
                     SSL_VERIFY_PEER | (peers == Callers::MeshOrAnonymous ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
                     nullptr);
  return {};
}

std::string wire_format(std::span<const std::string> protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

Result<CertificateLife> certificate_life(const std::string& chain) {
  const BioPtr text = memory(chain);
  const CertificatePtr leaf(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!leaf) return fail("the certificate chain holds no certificate");
  return CertificateLife{wall_time(X509_get0_notBefore(leaf.get())), wall_time(X509_get0_notAfter(leaf.get()))};
}

Result<void> check_life(const std::string& chain, WallTime now) {
  const auto life = certificate_life(chain);
  if (!life) return std::unexpected(life.error());
  const auto minutes = [](auto span) { return std::chrono::ceil<std::chrono::minutes>(span).count(); };
  if (life->end < now) return fail(fmt::format("the certificate expired {} minutes ago", minutes(now - life->end)));
  if (life->begin > now) return fail(fmt::format("the certificate is valid in {} minutes only", minutes(life->begin - now)));
  return {};
}

// The chain first, then that the leaf is an X.509-SVID of somebody who may call: a wrong one is
// answered by an alert.
int TlsContext::verify_svid(X509_STORE_CTX* store, void*) {
  if (X509_verify_cert(store) != 1) return 0;
  auto* native = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& session = *static_cast<TlsSession*>(SSL_get_app_data(native));
  const auto identity = spiffe_identity(*X509_STORE_CTX_get0_cert(store));
  const Rules* rules = rules_of(native);
  if (identity && (!rules || !rules->accepts || rules->accepts(*identity))) return 1;
  session.refusal_ = identity ? fmt::format("{} may not call here", *identity) : identity.error().message;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<TlsContext> TlsContext::make(bool server, const TlsCredentials& credentials, Callers peers) {
  TlsContext context;
  context.peers_ = peers;
  context.context_.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (auto done = set_up(context.native(), credentials, peers); !done) return std::unexpected(done.error());
  if (peers == Callers::Mesh || peers == Callers::MeshOrAnonymous) {
    SSL_CTX_set_cert_verify_callback(context.native(), verify_svid, nullptr);
  }
  return context;
}

Result<TlsContext> TlsContext::server(const TlsCredentials& credentials, Callers callers,
                                      std::span<const std::string> alpn, Accepts accepts) {
  auto context = make(true, credentials, callers);
  if (!context) return context;
  SSL_CTX_set_ex_data(context->native(), rules_index(), new Rules{wire_format(alpn), std::move(accepts)});
  SSL_CTX_set_alpn_select_cb(context->native(), select_alpn, nullptr);
  return context;
}

Result<TlsContext> TlsContext::client(const TlsCredentials& credentials) {
  return make(false, credentials, Callers::Mesh);
}

}  // namespace outrider::protocol
