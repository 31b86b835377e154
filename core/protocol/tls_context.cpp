#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <atomic>
#include <ctime>

#include "core/protocol/tls_library.hpp"
#include "core/protocol/tls_memory.hpp"

namespace outrider::protocol {
namespace {

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

// The index of the TlsMemory among a context's data.
int memory_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<TlsMemory*>(data); });
  return index;
}

int select_alpn(SSL* session, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
  const std::string& list = TlsMemory::of(SSL_get_SSL_CTX(session)).alpn;
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
  // OpenSSL would give two tickets to everybody, and keep sessions by its own rules.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
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

// Tells whether two contexts would be alike, without keeping what they were made from.
std::string recipe(const TlsCredentials& credentials, Callers peers, std::span<const std::string> alpn) {
  std::string all = fmt::format("{} ", static_cast<int>(peers));
  for (const std::string* part : {&credentials.certificate_chain, &credentials.private_key, &credentials.roots}) {
    all += fmt::format("{} {}", part->size(), *part);
  }
  all += wire_format(alpn);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), digest, &size, EVP_sha256(), nullptr);
  OPENSSL_cleanse(all.data(), all.size());
  return {reinterpret_cast<const char*>(digest), size};
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

TlsMemory& TlsMemory::of(const SSL_CTX* context) {
  return *static_cast<TlsMemory*>(SSL_CTX_get_ex_data(context, memory_index()));
}

TlsMemory& TlsMemory::attach(SSL_CTX* context) {
  static std::atomic<std::uint64_t> made{0};
  auto* memory = new TlsMemory;
  memory->number = ++made;
  SSL_CTX_set_ex_data(context, memory_index(), memory);
  return *memory;
}

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

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<TlsContext> TlsContext::make(bool server, const TlsCredentials& credentials, Callers peers,
                                    std::span<const std::string> alpn) {
  TlsContext context;
  context.recipe_ = recipe(credentials, peers, alpn);
  context.context_.reset(SSL_CTX_new_ex(tls_library(), nullptr, server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX_set_cert_verify_callback(context.native(), verify, nullptr);
  TlsMemory& memory = TlsMemory::attach(context.native());
  memory.peers = peers;
  memory.alpn = wire_format(alpn);
  if (auto done = set_up(context.native(), credentials, peers); !done) return std::unexpected(done.error());
  return context;
}

Result<TlsContext> TlsContext::server(const TlsCredentials& credentials, Callers callers,
                                      std::span<const std::string> alpn, Accepts accepts) {
  auto context = make(true, credentials, callers, alpn);
  if (!context) return context;
  TlsMemory::of(context->native()).accepts = std::move(accepts);
  SSL_CTX_set_alpn_select_cb(context->native(), select_alpn, nullptr);
  if (callers != Callers::Anonymous) context->let_callers_resume();
  return context;
}

Result<TlsContext> TlsContext::client(const TlsCredentials& credentials) {
  auto context = make(false, credentials, Callers::Mesh, {});
  if (context) context->keep_tickets();
  return context;
}

bool TlsContext::made_from(const TlsCredentials& credentials, Callers callers,
                           std::span<const std::string> alpn) const {
  return recipe_ == recipe(credentials, callers, alpn);
}

}  // namespace outrider::protocol
