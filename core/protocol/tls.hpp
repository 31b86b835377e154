#pragma once
// TLS without a socket, on OpenSSL through a BIO of our own: it reads straight from the bytes that
// the connection just received and writes straight into its output buffer.
//
// TlsContext is one side's credentials and rules, frozen; sessions made from it live on when a
// newer one takes its place. TlsSession is one connection's; one thread.

#include <openssl/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace outrider::protocol {

// PEM texts: a workload's certificate chain and key, and the roots that it trusts.
struct TlsCredentials {
  std::string certificate_chain;
  std::string private_key;
  std::string roots;
};

struct TlsPeer {
  std::string identity;     // "spiffe://trust-domain/ns/x/sa/y"; empty: nobody of the mesh
  std::string subject;      // RFC 2253 text, for x-forwarded-client-cert
  std::string fingerprint;  // SHA-256 of the certificate, lower-case hex
};

// Which certificates a server wants to see. Those of the mesh are X.509-SVIDs: exactly one URI SAN,
// spiffe://, not a CA.
enum class Callers : std::uint8_t {
  Anonymous,        // none is asked for, and no roots are needed
  MeshOrAnonymous,  // one of the mesh, if any
  Mesh,             // one of the mesh
  Certified,        // one that the roots vouch for; whoever it names is nobody in the mesh
};

struct VerifiedPeer;  // tls_memory.hpp

class TlsContext {
 public:
  // Each side presents the certificate and verifies the peer's: chain, validity, purpose. What a
  // client meets has to be of the mesh. `accepts` says which of the mesh's identities may call, on
  // any thread; without it all may.
  using Accepts = std::function<bool(const std::string& identity)>;
  [[nodiscard]] static Result<TlsContext> server(const TlsCredentials& credentials, Callers callers,
                                                 std::span<const std::string> alpn,
                                                 Accepts accepts = {});
  [[nodiscard]] static Result<TlsContext> client(const TlsCredentials& credentials);
  // One made from these would be like this one, which remembers peers that it would not know.
  [[nodiscard]] bool made_from(const TlsCredentials& credentials, Callers callers,
                               std::span<const std::string> alpn) const;

  [[nodiscard]] SSL_CTX* native() const { return context_.get(); }
 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  static Result<TlsContext> make(bool server, const TlsCredentials& credentials, Callers peers,
                                 std::span<const std::string> alpn);
  static int verify(X509_STORE_CTX* store, void*);
  void let_callers_resume();  // server
  void keep_tickets();        // client

  std::unique_ptr<SSL_CTX, Free> context_;
  std::string recipe_;
};

// Client: the newest session that one server gave, to be resumed by the next connections to it while the
// context is the same, the name too, and the server's certificates are valid. Owned by who dials; outlives
// those connections; one thread.
class TlsTicket {
 public:
  TlsTicket();
  ~TlsTicket();

 private:
  friend class TlsSession;
  struct Free {
    void operator()(ssl_session_st* session) const;
  };
  std::unique_ptr<ssl_session_st, Free> session_;
  std::shared_ptr<const VerifiedPeer> server_;
  std::uint64_t context_ = 0;  // its number
  std::string sni_;
};

class TlsSession {
 public:
  explicit TlsSession(const TlsContext& context);
  // Client: what is offered and named before the handshake. With a ticket, the session in it is resumed where
  // that may be, and one that the server gives is put there.
  TlsSession(const TlsContext& context, std::string_view sni, std::span<const std::string> alpn,
             TlsTicket* ticket = nullptr);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Status : std::uint8_t { Data, NeedInput, Closed, Failed };

  // Client: starts the handshake.
  void start(Buffer& cipher_out);
  // Hands over what came from the socket; then read() until NeedInput.
  void feed(ByteView cipher) { input_ = cipher; }
  // Moves the handshake on, or decrypts into `plain`. Data: `size` bytes are there.
  [[nodiscard]] Status read(std::span<std::uint8_t> plain, std::size_t& size, Buffer& cipher_out);
  // Encrypts all of `plain`; false when the session has failed.
  [[nodiscard]] bool write(ByteView plain, Buffer& cipher_out);
  // Nothing has come for a while: its buffers go, and come back with the next record.
  void rest();
  // close_notify.
  void shut_down(Buffer& cipher_out);

  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] std::string_view alpn() const;
  [[nodiscard]] const TlsPeer& peer() const;
  // Its peer had shown its certificates on an earlier connection.
  [[nodiscard]] bool resumed() const;
  // After Failed: why, for people.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  friend class TlsContext;
  struct Bio;
  struct Resumption;
  struct Free {
    void operator()(SSL* session) const;
  };
  void attach();
  void on_established();
  void resume(const TlsContext& context);
  [[nodiscard]] Status fail_with(int result);

  std::unique_ptr<SSL, Free> session_;
  ByteView input_;
  Buffer* output_ = nullptr;
  bool established_ = false;
  std::size_t silent_ = 0;  // cipher text since the last data
  std::shared_ptr<const VerifiedPeer> peer_;     // null: nobody
  std::shared_ptr<const VerifiedPeer> resumed_;  // who it is if the handshake resumes a session
  TlsTicket* ticket_ = nullptr;
  std::string refusal_;  // why the peer's certificate is not accepted, when we say so ourselves
  std::string failure_;
};

// When the first certificate of a PEM chain begins and ends.
struct CertificateLife {
  WallTime begin, end;
};
[[nodiscard]] Result<CertificateLife> certificate_life(const std::string& chain);
// An error when it is over, or has not begun.
[[nodiscard]] Result<void> check_life(const std::string& chain, WallTime now);

// The one SPIFFE identity of a certificate, or why it is not an X.509-SVID (TLS-03 to TLS-06).
[[nodiscard]] Result<std::string> spiffe_identity(X509& certificate);

// "spiffe://td/ns/.../sa/..." by the rules of SPIFFE-ID: scheme, lower-case trust domain, non-empty
// path segments of legal bytes, no query, at most 2048 bytes.
[[nodiscard]] bool is_spiffe_id(std::string_view text);

}  // namespace outrider::protocol
