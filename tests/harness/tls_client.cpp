#include "tests/harness/tls_client.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace outrider::scenario {
namespace {

void use(SSL_CTX* context, const TlsOffer& offer) {
  BIO* text = BIO_new_mem_buf(offer.certificate.data(), static_cast<int>(offer.certificate.size()));
  X509* leaf = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  REQUIRE(leaf);
  SSL_CTX_use_certificate(context, leaf);
  X509_free(leaf);
  while (X509* next = PEM_read_bio_X509(text, nullptr, nullptr, nullptr)) SSL_CTX_add0_chain_cert(context, next);
  BIO_free(text);
  ERR_clear_error();
  text = BIO_new_mem_buf(offer.key.data(), static_cast<int>(offer.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
  REQUIRE(key);
  SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  BIO_free(text);
}

}  // namespace

std::string alpn_wire(std::initializer_list<std::string_view> protocols) {
  std::string wire;
  for (const std::string_view protocol : protocols) (wire += static_cast<char>(protocol.size())) += protocol;
  return wire;
}

TlsClient::TlsClient(const SocketAddress& to, const TlsOffer& offer)
    : tcp_(to), context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_mode(context_.get(), SSL_MODE_AUTO_RETRY);
  if (!offer.certificate.empty()) use(context_.get(), offer);
  if (!offer.alpn.empty()) {
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>(offer.alpn.data()),
                            static_cast<unsigned>(offer.alpn.size()));
  }
  if (offer.context) offer.context(context_.get());
  session_.reset(SSL_new(context_.get()));
  if (!offer.sni.empty()) SSL_set_tlsext_host_name(session_.get(), offer.sni.c_str());
  SSL_set_fd(session_.get(), tcp_.descriptor());
  SSL_set_ex_data(session_.get(), 0, this);
  SSL_set_info_callback(session_.get(), [](const SSL* session, int where, int what) {
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || (what >> 8) != SSL3_AL_FATAL) return;
    static_cast<TlsClient*>(SSL_get_ex_data(session, 0))->alert_ = what & 0xff;
  });
}

bool TlsClient::handshake() {
  ERR_clear_error();
  return SSL_connect(session_.get()) == 1;
}

std::string TlsClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool TlsClient::send(std::string_view bytes) {
  ERR_clear_error();
  return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

std::string TlsClient::read_to_end() {
  std::string all;
  char bytes[16 * 1024];
  int got;
  ERR_clear_error();
  while ((got = SSL_read(session_.get(), bytes, sizeof bytes)) > 0) all.append(bytes, static_cast<std::size_t>(got));
  proper_end_ = SSL_get_error(session_.get(), got) == SSL_ERROR_ZERO_RETURN;
  return all;
}

std::string TlsClient::ask_once(std::string_view path) {
  (void)send(request_text("GET", path, "app", "Connection: close\r\n"));
  return read_to_end();
}

}  // namespace outrider::scenario
