#pragma once
// A blocking TLS client on OpenSSL itself, which may be as ill-behaved as its SSL_CTX can be made: any
// certificate or none, any version, any offer. It tells which alert the peer sent.

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/address.hpp"
#include "tests/harness/raw_client.hpp"

namespace outrider::scenario {

// What it shows and offers.
struct TlsOffer {
  std::string certificate{};  // PEM, with its chain; empty: none
  std::string key{};
  std::string alpn{};       // in wire format: "\x02h2"
  std::string sni{};
  std::function<void(SSL_CTX*)> context{};  // anything else
};

[[nodiscard]] std::string alpn_wire(std::initializer_list<std::string_view> protocols);

class TlsClient {
 public:
  explicit TlsClient(const SocketAddress& to, const TlsOffer& offer = {});
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // False when the peer refused. With TLS 1.3 it judges our certificate only after this.
  [[nodiscard]] bool handshake();
  [[nodiscard]] std::string alpn() const;
  [[nodiscard]] X509* server() const { return SSL_get0_peer_certificate(session_.get()); }
  // Whether all of it could be sent.
  bool send(std::string_view bytes);
  // Everything until the end, and whether that was a close_notify.
  [[nodiscard]] std::string read_to_end();
  [[nodiscard]] bool ended_properly() const { return proper_end_; }
  // One HTTP/1.1 request; the answer's connection ends with it.
  [[nodiscard]] std::string ask_once(std::string_view path);
  // The fatal alert that the peer sent, SSL_AD_...; 0 without one.
  [[nodiscard]] int alert() const { return alert_; }
  [[nodiscard]] SSL* native() { return session_.get(); }
  [[nodiscard]] RawClient& tcp() { return tcp_; }

 private:
  template <auto Function>
  struct FreeBy {
    template <typename T>
    void operator()(T* object) const {
      Function(object);
    }
  };
  RawClient tcp_;
  std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, FreeBy<SSL_free>> session_;
  bool proper_end_ = false;
  int alert_ = 0;
};

}  // namespace outrider::scenario
