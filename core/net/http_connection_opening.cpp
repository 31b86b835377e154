// How a connection begins: accepted or dialled, TLS or not, and in which protocol.

#include <fmt/format.h>

#include <algorithm>

#include "core/net/http_connection.hpp"
#include "core/protocol/http1_codec.hpp"

namespace outrider::net {
namespace {

using protocol::Http1Codec;
using protocol::Http2Codec;
using protocol::Role;
using protocol::TlsSession;

constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint8_t tls_handshake_record = 0x16;
constexpr std::size_t refusal_limit = 4096;

}  // namespace

std::unique_ptr<HttpConnection> HttpConnection::accept(Loop& loop, int descriptor,
                                                       ServerOptions options, Owner& owner) {
  std::unique_ptr<HttpConnection> connection(new HttpConnection(loop, owner));
  connection->server_ = std::move(options);
  if (!connection->tcp_.adopt(descriptor)) return nullptr;
  connection->local_ = connection->tcp_.local();
  connection->remote_ = connection->tcp_.remote();
  connection->timer_.start(loop, connection->server_.handshake_timeout, [c = connection.get()] {
    c->reject(protocol::Rejection::HandshakeTimeout,
              c->tls_ ? "TLS: the handshake did not end in time" : "nothing came in time");
  });
  connection->tcp_.read(true);
  return connection;
}

std::unique_ptr<HttpConnection> HttpConnection::connect(Loop& loop, ClientOptions options,
                                                        Owner& owner) {
  std::unique_ptr<HttpConnection> connection(new HttpConnection(loop, owner));
  HttpConnection& c = *connection;
  c.client_ = true;
  c.state_ = State::Connecting;
  c.dial_ = std::move(options);
  c.remote_ = c.dial_.to;
  if (auto started = c.tcp_.connect(c.dial_.to, c.dial_.from); !started) {
    c.connect_failed_ = true;
    c.abort(started.error().message);
    return connection;
  }
  c.timer_.start(loop, c.dial_.connect_timeout, [&c] {
    c.connect_timed_out_ = true;
    c.connect_failed_ = true;
    c.fail_with(fmt::format("no connection to {} within {} ms", c.remote_.text(),
                            c.dial_.connect_timeout / std::chrono::milliseconds(1)));
  });
  return connection;
}

void HttpConnection::on_connected() {
  if (state_ != State::Connecting) return;
  local_ = tcp_.local();
  tcp_.read(true);
  if (!dial_.tls) {
    choose_codec(dial_.protocol == ClientOptions::Protocol::Http2);
    become_ready();
    return;
  }
  tls_ = std::make_unique<TlsSession>(*dial_.tls, dial_.sni, dial_.alpn, dial_.ticket);
  tls_->start(handshake_out_);
  loop_.flush_later(*this);
}

// The first bytes tell TLS from plaintext, and HTTP/2 (its preface) from HTTP/1.
void HttpConnection::sniff(ByteView bytes) {
  if (sniffed_.empty() && bytes[0] == tls_handshake_record && server_.tls) {
    tls_ = std::make_unique<TlsSession>(*server_.tls);
    receive_cipher(bytes);
    return;
  }
  sniffed_.append(bytes);
  const std::size_t compared = std::min(sniffed_.size(), http2_preface.size());
  const bool http2 = sniffed_.text().substr(0, compared) == http2_preface.substr(0, compared);
  if (http2 && compared < http2_preface.size()) return;  // could still be either
  if (!server_.plaintext) {
    refuse_plaintext(http2);
    return;
  }
  choose_codec(http2);
  become_ready();
  Buffer first;
  std::swap(first, sniffed_);
  receive_plain(first.view());
}

// A caller without mutual TLS is told so, in its own protocol (DESIGN section 6).
void HttpConnection::refuse_plaintext(bool http2) {
  rejection_ = protocol::Rejection::PlaintextRefused;
  failure_ = server_.plaintext_refusal;
  Buffer out;
  if (http2) {
    Http2Codec codec(Role::Server, server_.limits);
    codec.terminate(protocol::ErrorCode::InadequateSecurity);
    protocol::Events none;
    codec.produce(out, refusal_limit, none);
  } else {
    Http1Codec(Role::Server, server_.limits.head).refuse_all(403, server_.plaintext_refusal, out);
  }
  (void)tcp_.try_write(out.view());
  linger();
}

void HttpConnection::choose_codec(bool http2) {
  const Role role = client_ ? Role::Client : Role::Server;
  const auto& limits = client_ ? dial_.limits : server_.limits;
  if (http2) {
    codec_ = std::make_unique<Http2Codec>(role, limits);
  } else {
    codec_ = std::make_unique<Http1Codec>(role, limits.head);
  }
}

void HttpConnection::become_ready() {
  state_ = State::Open;
  loop_.flush_later(*this);
  last_activity_ = loop_.now();
  watch_quiet();
  if (codec_->awaits_settings() && timeouts().settings > Duration{0}) {
    settings_timer_.start(loop_, timeouts().settings, [this] {
      if (codec_->awaits_settings()) give_up(protocol::Rejection::SettingsTimeout);
    });
  }
  owner_.on_ready(*this);
}

}  // namespace outrider::net
