#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

#include "core/protocol/tls_memory.hpp"

namespace outrider::protocol {

// Nobody honest sends so much in a handshake, or between two pieces of data: the largest record and
// some small ones. Empty records, key updates and warnings come at no end otherwise (TLS-09).
constexpr std::size_t longest_handshake = 64 * 1024;
constexpr std::size_t most_silent = 24 * 1024;

// The BIO: its data is the TlsSession.
struct TlsSession::Bio {
  static int read(BIO* bio, char* to, int size) {
    auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t take = std::min(static_cast<std::size_t>(size), self.input_.size());
    if (take == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(to, self.input_.data(), take);
    self.input_ = self.input_.subspan(take);
    self.silent_ += take;
    return static_cast<int>(take);
  }

  static int write(BIO* bio, const char* from, int size) {
    auto& self = *static_cast<TlsSession*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    self.output_->append(std::string_view(from, static_cast<std::size_t>(size)));
    return size;
  }

  static long control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "outrider");
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    return made;
  }
};

void TlsSession::Free::operator()(SSL* session) const {
  // However the connection ended: OpenSSL would take the session for one that must not be resumed.
  SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(session);
}

TlsSession::TlsSession(const TlsContext& context) : session_(SSL_new(context.native())) {
  attach();
  if (session_) SSL_set_accept_state(session_.get());
}

TlsSession::TlsSession(const TlsContext& context, std::string_view sni,
                       std::span<const std::string> alpn, TlsTicket* ticket)
    : session_(SSL_new(context.native())), ticket_(ticket) {
  attach();
  if (!session_) return;
  SSL_set_connect_state(session_.get());
  if (!sni.empty()) SSL_set_tlsext_host_name(session_.get(), std::string(sni).c_str());
  std::string wire;
  for (const std::string& protocol : alpn) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  if (!wire.empty()) {
    SSL_set_alpn_protos(session_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned int>(wire.size()));
  }
  resume(context);
}

TlsSession::~TlsSession() = default;

// Without memory OpenSSL makes no session; then read() fails.
void TlsSession::attach() {
  BIO* bio = session_ ? BIO_new(Bio::method()) : nullptr;
  if (!bio) {
    session_.reset();
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio);
  SSL_set_app_data(session_.get(), this);
}

void TlsSession::start(Buffer& cipher_out) {
  std::size_t size = 0;
  (void)read({}, size, cipher_out);
}

TlsSession::Status TlsSession::read(std::span<std::uint8_t> plain, std::size_t& size,
                                    Buffer& cipher_out) {
  output_ = &cipher_out;
  size = 0;
  if (established_ && input_.empty() && SSL_has_pending(session_.get()) == 0) return Status::NeedInput;
  if (ERR_peek_error() != 0) ERR_clear_error();  // a stale error would be taken for this session's
  if (!session_ || silent_ > (established_ ? most_silent : longest_handshake)) {
    failure_ = session_ ? "too many records without data" : "no memory for a session";
    return Status::Failed;
  }
  if (!established_) {
    const int rc = SSL_do_handshake(session_.get());
    if (rc != 1) return fail_with(rc);
    on_established();
  }
  if (plain.empty() || (input_.empty() && SSL_has_pending(session_.get()) == 0)) return Status::NeedInput;
  const int rc = SSL_read(session_.get(), plain.data(), static_cast<int>(plain.size()));
  if (rc <= 0) return fail_with(rc);
  size = static_cast<std::size_t>(rc);
  silent_ = 0;
  return Status::Data;
}

TlsSession::Status TlsSession::fail_with(int result) {
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Status::NeedInput;
    case SSL_ERROR_ZERO_RETURN:
      return Status::Closed;
    default: {
      const long verified = SSL_get_verify_result(session_.get());
      char text[256] = "protocol error";
      if (const unsigned long code = ERR_peek_last_error(); code != 0) {
        const char* reason = ERR_reason_error_string(code);
        std::snprintf(text, sizeof text, "%s", reason ? reason : "unknown error");
      }
      ERR_clear_error();
      failure_ = text;
      if (verified == X509_V_ERR_APPLICATION_VERIFICATION) {
        failure_ += ": " + refusal_;
      } else if (verified != X509_V_OK && verified != X509_V_ERR_UNSPECIFIED) {  // this: it was to be resumed
        failure_ += fmt::format(": {}", X509_verify_cert_error_string(verified));
      }
      return Status::Failed;
    }
  }
}

void TlsSession::on_established() {
  established_ = true;
  silent_ = 0;
  if (resumed()) peer_ = std::move(resumed_);
  resumed_.reset();
}

bool TlsSession::write(ByteView plain, Buffer& cipher_out) {
  output_ = &cipher_out;
  while (!plain.empty()) {
    const int take = static_cast<int>(std::min<std::size_t>(plain.size(), 16 * 1024));
    const int rc = SSL_write(session_.get(), plain.data(), take);
    if (rc <= 0) {
      (void)fail_with(rc);
      return false;
    }
    plain = plain.subspan(static_cast<std::size_t>(rc));
  }
  return true;
}

void TlsSession::rest() {
  if (session_) SSL_free_buffers(session_.get());  // not while they hold something
}

void TlsSession::shut_down(Buffer& cipher_out) {
  output_ = &cipher_out;
  if (established_) SSL_shutdown(session_.get());
  ERR_clear_error();
}

std::string_view TlsSession::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace outrider::protocol
