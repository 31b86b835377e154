// Sessions that are resumed (TLS 1.3 only; never early data). A server's tickets are numbers drawn at random, under
// which it keeps the secret and who the caller was: nothing is sealed into them, so no key of theirs can be
// lost, and a context that is gone takes its sessions along.

#include <openssl/ssl.h>

#include "core/protocol/tls_memory.hpp"

namespace outrider::protocol {
namespace {

std::string_view as_text(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

const unsigned char* as_bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The name in a ClientHello that is being read; OpenSSL has not come to it yet (RFC 6066 section 3). Empty: none.
std::string_view named_by(SSL* session) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  constexpr std::size_t before_name = 5;  // two lengths, and the type in between
  if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < before_name) return {};
  return as_text(data + before_name, size - before_name);
}

std::string secret_of(const SSL_SESSION* session) {
  std::string secret(SSL_SESSION_get_master_key(session, nullptr, 0), '\0');
  SSL_SESSION_get_master_key(session, reinterpret_cast<unsigned char*>(secret.data()), secret.size());
  return secret;
}

}  // namespace

struct TlsSession::Resumption {
  static TlsSession& of(const SSL* session) { return *static_cast<TlsSession*>(SSL_get_app_data(session)); }

  // Server: a ticket is about to be sent. 0: OpenSSL keeps what is its own.
  static int given(SSL* native, SSL_SESSION* session) {
    const TlsSession& self = of(native);
    const auto& caller = self.resumed() ? self.resumed_ : self.peer_;
    if (SSL_version(native) != TLS1_3_VERSION || !caller) return 0;
    auto kept = std::make_shared<ResumableSession>();
    kept->secret = secret_of(session);
    const std::uint16_t cipher = SSL_CIPHER_get_protocol_id(SSL_SESSION_get0_cipher(session));
    kept->cipher = {static_cast<char>(cipher >> 8), static_cast<char>(cipher & 0xff)};
    kept->issued = static_cast<std::time_t>(SSL_SESSION_get_time(session));
    if (const char* sni = SSL_get_servername(native, TLSEXT_NAMETYPE_host_name)) kept->sni = sni;
    kept->caller = caller;
    unsigned int size = 0;
    const unsigned char* ticket = SSL_SESSION_get_id(session, &size);
    TlsMemory::of(SSL_get_SSL_CTX(native)).sessions.keep(std::string(as_text(ticket, size)), std::move(kept));
    return 0;
  }

  // Server: somebody has shown a ticket; the handshake goes on to prove that it was given to them. Null: a full one.
  static SSL_SESSION* asked_for(SSL* native, const unsigned char* ticket, int size, int* copy) {
    *copy = 0;  // what is returned is OpenSSL's own
    TlsSession& self = of(native);
    self.resumed_.reset();
    if (SSL_version(native) != TLS1_3_VERSION) return nullptr;
    const TlsMemory& memory = TlsMemory::of(SSL_get_SSL_CTX(native));
    const auto kept = memory.sessions.find(std::string(as_text(ticket, static_cast<std::size_t>(size))));
    if (!kept || !kept->caller->valid(SSL_get0_param(native)) || kept->sni != named_by(native) ||
        (memory.accepts && !memory.accepts(kept->caller->peer.identity))) {
      return nullptr;
    }
    SSL_SESSION* session = SSL_SESSION_new();
    if (!session) return nullptr;
    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION);
    SSL_SESSION_set_cipher(session, SSL_CIPHER_find(native, as_bytes(kept->cipher)));
    SSL_SESSION_set1_master_key(session, as_bytes(kept->secret), kept->secret.size());
    SSL_SESSION_set1_id(session, ticket, static_cast<unsigned int>(size));
    SSL_SESSION_set1_id_context(session, as_bytes(context_name), static_cast<unsigned int>(context_name.size()));
    SSL_SESSION_set_time(session, kept->issued);
    SSL_SESSION_set_timeout(session, TlsMemory::session_seconds);  // OpenSSL refuses it from then on
    self.resumed_ = kept->caller;
    SSL_set_num_tickets(native, 1);
    return session;
  }

  // Client: the server gave a ticket.
  static int received(SSL* native, SSL_SESSION* session) {
    const TlsSession& self = of(native);
    if (!self.ticket_ || !self.peer_ || SSL_version(native) != TLS1_3_VERSION) return 0;
    TlsTicket& ticket = *self.ticket_;
    ticket.session_.reset(session);
    ticket.server_ = self.peer_;
    ticket.context_ = TlsMemory::of(SSL_get_SSL_CTX(native)).number;
    const char* sni = SSL_get_servername(native, TLSEXT_NAMETYPE_host_name);
    ticket.sni_ = sni ? sni : "";
    return 1;
  }

  inline static const std::string context_name = "outrider";
};

void TlsContext::let_callers_resume() {
  SSL_CTX* context = native();
  const std::string& name = TlsSession::Resumption::context_name;
  SSL_CTX_set_session_id_context(context, as_bytes(name), static_cast<unsigned int>(name.size()));
  SSL_CTX_set_timeout(context, TlsMemory::session_seconds);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, TlsSession::Resumption::given);
  SSL_CTX_sess_set_get_cb(context, TlsSession::Resumption::asked_for);
}

void TlsContext::keep_tickets() {
  SSL_CTX_set_session_cache_mode(native(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(native(), TlsSession::Resumption::received);
}

void TlsTicket::Free::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

TlsTicket::TlsTicket() = default;
TlsTicket::~TlsTicket() = default;

void TlsSession::resume(const TlsContext& context) {
  if (!ticket_ || !ticket_->session_ || ticket_->context_ != TlsMemory::of(context.native()).number) return;
  const char* sni = SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name);
  if (ticket_->sni_ != (sni ? sni : "") || !ticket_->server_->valid(SSL_get0_param(session_.get()))) return;
  // A copy: OpenSSL resumes a session object once.
  const std::unique_ptr<SSL_SESSION, TlsTicket::Free> copy(SSL_SESSION_dup(ticket_->session_.get()));
  if (copy && SSL_set_session(session_.get(), copy.get()) == 1) resumed_ = ticket_->server_;
}

bool TlsSession::resumed() const { return session_ && SSL_session_reused(session_.get()) == 1; }

const TlsPeer& TlsSession::peer() const {
  static const TlsPeer nobody;
  return peer_ ? peer_->peer : nobody;
}

}  // namespace outrider::protocol
