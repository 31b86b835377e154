#include "core/net/http_connection.hpp"

#include <fmt/format.h>

namespace outrider::net {
namespace {

using protocol::Event;
using protocol::TlsSession;

constexpr std::size_t produce_limit = 64 * 1024;  // bytes of output made before each write
constexpr int writes_a_turn = 4;                  // then the others get theirs
constexpr Duration linger_time = std::chrono::seconds(1);
constexpr std::size_t most_lingered = 256 * 1024;  // bytes that are read after our last, and thrown away

}  // namespace

HttpConnection::HttpConnection(Loop& loop, Owner& owner)
    : loop_(loop),
      owner_(owner),
      tcp_(loop, *this),
      last_activity_(loop.now()),
      seconds_told_(last_activity_) {}

HttpConnection::~HttpConnection() { loop_.forget(*this); }

void HttpConnection::discard(std::unique_ptr<HttpConnection> connection) {
  if (!connection) return;
  HttpConnection& c = *connection;
  c.orphaned_ = true;
  c.state_ = State::Closed;
  c.stop_timers();
  c.tcp_.read(false);
  c.loop_.retire(std::move(connection));
}

void HttpConnection::on_bytes(ByteView bytes) {
  last_activity_ = loop_.now();
  if (resting_) wake();
  switch (state_) {
    case State::Sniffing:
      if (!tls_) {
        sniff(bytes);
        return;
      }
      [[fallthrough]];
    case State::Connecting:
    case State::Open:
      if (tls_) {
        receive_cipher(bytes);
      } else {
        receive_plain(bytes);
      }
      return;
    case State::Lingering:  // read and thrown away, so that the close does not become a reset
      lingered_ += bytes.size();
      if (lingered_ > most_lingered) abort({});
      return;
    case State::Closed:
      return;
  }
}

void HttpConnection::receive_cipher(ByteView bytes) {
  tls_->feed(bytes);
  while (state_ != State::Closed && state_ != State::Lingering && !aborting_) {
    std::size_t size = 0;
    const auto plain = loop_.plain_buffer();
    const auto status = tls_->read(plain, size, handshake_out_);
    if (!handshake_out_.empty()) loop_.flush_later(*this);
    if (tls_->established() && !codec_) {
      const std::string_view alpn = tls_->alpn();
      choose_codec(alpn == "h2" || alpn == "istio-h2" ||
                   (client_ && alpn.empty() && dial_.protocol == ClientOptions::Protocol::Http2));
      become_ready();
    }
    switch (status) {
      case TlsSession::Status::Data:
        receive_plain(plain.first(size));
        break;
      case TlsSession::Status::NeedInput:
        return;
      case TlsSession::Status::Closed:
        end_input(nullptr);
        return;
      case TlsSession::Status::Failed:
        on_tls_failure();
        return;
    }
  }
}

void HttpConnection::on_tls_failure() {
  connect_failed_ = client_ && state_ == State::Connecting;
  std::string reason = fmt::format("TLS: {}", tls_->failure());
  const bool told = !tcp_.blocked() && write_pending_cipher();  // the alert
  if (client_ || tls_->established() || !told) {
    reject(protocol::Rejection::TlsFailure, std::move(reason));
    return;
  }
  // A caller that is refused gets to read why, whatever it was sending meanwhile.
  rejection_ = protocol::Rejection::TlsFailure;
  failure_ = std::move(reason);
  linger();
}

void HttpConnection::receive_plain(ByteView bytes) {
  if (!codec_) return;
  tell_time();
  codec_->receive(bytes, events_);
  // Before whoever hears of the events: what is broken off on the way out has not left for upstream yet.
  loop_.flush_later(*this);
  dispatch();
  watch_head();
  // At once: libuv would read on in this turn.
  if (state_ == State::Open && !codec_->wants_input()) tcp_.read(false);
}

// Owners answer events by calls on this or other connections; none of them adds an event here, but
// abort() may be called, which takes effect when the events are through.
void HttpConnection::dispatch() {
  if (dispatching_) return;
  dispatching_ = true;
  while (dispatched_ < events_.size() && !orphaned_) {
    Event& event = events_[dispatched_++];
    if (event.kind == Event::Kind::Violation) {
      rejection_ = event.rejection;
      failure_ = event.reason;
      if (tcp_.blocked()) abort({});  // it does not read either: no goodbye
      continue;
    }
    // Whoever came during a drain has this one answered.
    if (event.kind == Event::Kind::Head && !client_ && draining_) codec_->drain();
    owner_.on_event(*this, event);
  }
  events_.clear();
  dispatched_ = 0;
  dispatching_ = false;
}

void HttpConnection::on_input_end(const char* error) {
  // TLS ends by close_notify: without it, what came may have been cut off by anybody (TLS-14).
  if (!error && tls_ && tls_->established() && state_ == State::Open) {
    error = "the TLS connection was cut off";
    rejection_ = protocol::Rejection::TlsTruncated;
  }
  end_input(error);
}

void HttpConnection::end_input(const char* error) {
  if (state_ == State::Closed) return;
  if (state_ == State::Connecting) connect_failed_ = true;
  if (error || !codec_ || state_ == State::Lingering) {
    if (state_ == State::Connecting && !error) error = "closed by the peer";
    // A peer that closes over what we still said when all was over (GOAWAY, close_notify) is no failure.
    const bool over = state_ == State::Lingering || (codec_ && codec_->finished());
    if (error && !over) failure_ = error;
    fail_with(failure_);
    return;
  }
  // Half-closed: what is under way may still be answered.
  input_ended_ = true;
  tcp_.read(false);
  codec_->end_of_input(events_);
  dispatch();
  loop_.flush_later(*this);
}

void HttpConnection::on_writable() { loop_.flush_later(*this); }

bool HttpConnection::write_out(ByteView bytes) {
  const std::size_t taken = tcp_.try_write(bytes);
  if (taken < bytes.size()) tcp_.queue(bytes.subspan(taken));
  return taken == bytes.size();
}

bool HttpConnection::write_pending_cipher() {
  if (handshake_out_.empty()) return true;
  const bool whole = write_out(handshake_out_.view());
  handshake_out_.clear();
  return whole;
}

void HttpConnection::flush() {
  bool quiet = false;  // the codec has nothing to say now
  if (!aborting_ && (state_ == State::Closed || state_ == State::Lingering)) return;
  resume_input();
  if (!aborting_ && !tcp_.blocked() && !tcp_.broken()) quiet = write_output();
  if (aborting_) {
    close_now();
    return;
  }
  watch_output();
  if (!codec_ || state_ != State::Open) return;
  if (quiet && codec_->half_closed()) end_output();
  if (codec_->holds_input()) {
    held_in_turn_ = loop_.turn();
    loop_.flush_next_turn(*this);
  }
  const bool stuck = tcp_.blocked() || tcp_.broken();
  if (codec_->finished() && (stuck || quiet)) {
    if (tcp_.broken() || (tcp_.blocked() && codec_->open_streams() > 0)) {
      abort({});  // what is left cannot leave, or belongs to what was broken off
    } else if (!tcp_.blocked() && (input_ended_ || (client_ && rejection_ == protocol::Rejection::None))) {
      abort({});
    } else if (!tcp_.blocked()) {
      linger();  // a client too, when it says why it goes
    }
    return;
  }
  watch_head();  // the answer before it may have been what it waited behind
  if (tcp_.broken() && input_ended_) {
    fail_with("the peer closed the connection");
  } else if (!input_ended_) {
    // A peer that takes nothing more may have answered before: its end is found by reading.
    tcp_.read(tcp_.broken() || codec_->wants_input());
  }
}

bool HttpConnection::write_output() {
  bool room = write_pending_cipher();
  Buffer& plain = loop_.plain_out();
  for (int round = 0; room && codec_ && state_ == State::Open && !aborting_; ++round) {
    if (round == writes_a_turn) {
      loop_.flush_later(*this);
      return false;
    }
    plain.clear();
    codec_->produce(plain, produce_limit, events_);
    if (!plain.empty()) {
      last_activity_ = loop_.now();
      if (tls_) {
        Buffer& cipher = loop_.cipher_out();
        cipher.clear();
        if (!tls_->write(plain.view(), cipher)) {
          fail_with(fmt::format("TLS: {}", tls_->failure()));
          return false;
        }
        room = write_out(cipher.view());
      } else {
        room = write_out(plain.view());
      }
    }
    const bool all = plain.size() < produce_limit;
    plain.clear();
    dispatch();
    if (room && all && !marked()) return true;  // whoever answered an event has marked it again
  }
  return false;
}

// A tunnel's other side has ended. Over TLS close_notify says so, and nothing behind it is needed.
void HttpConnection::end_output() {
  if (output_ended_) return;
  output_ended_ = true;
  if (tls_) {
    tls_->shut_down(handshake_out_);
    write_pending_cipher();
  } else {
    tcp_.finish_output();
  }
}

// Output is whole: say goodbye, then wait for the peer's end, so that what it still sends does not
// turn our last bytes into a reset.
void HttpConnection::linger() {
  if (tls_) {
    tls_->shut_down(handshake_out_);
    write_pending_cipher();
  }
  if (codec_) {
    codec_->abandon(events_);
    dispatch();
  }
  if (state_ == State::Closed) return;
  state_ = State::Lingering;
  tcp_.finish_output();
  tcp_.read(true);
  timer_.start(loop_, linger_time, [this] { abort({}); });
}

void HttpConnection::fail_with(std::string reason) { abort(std::move(reason)); }

void HttpConnection::reject(protocol::Rejection why, std::string reason) {
  if (state_ == State::Closed) return;
  rejection_ = why;
  fail_with(std::move(reason));
}

// The codec says goodbye, and the connection closes when that has left.
void HttpConnection::give_up(protocol::Rejection why) {
  if (state_ != State::Open || aborting_) return;
  rejection_ = why;
  failure_ = protocol::sentence(why);
  codec_->give_up(why, events_);
  dispatch();
  loop_.flush_later(*this);
}

void HttpConnection::abort(std::string reason) {
  if (state_ == State::Closed) return;
  if (!reason.empty()) failure_ = std::move(reason);
  aborting_ = true;
  loop_.flush_later(*this);
}

void HttpConnection::close_now() {
  if (state_ == State::Closed) return;
  if (codec_) {
    codec_->abandon(events_);
    dispatch();
  }
  if (orphaned_) return;
  if (tls_ && failure_.empty() && !tcp_.blocked() && !tcp_.broken()) {
    tls_->shut_down(handshake_out_);  // a proper end, which the peer can tell from a cut
    write_pending_cipher();
  }
  state_ = State::Closed;
  stop_timers();
  tcp_.read(false);
  owner_.on_closed(*this);
}

void HttpConnection::tell_time() {
  constexpr Duration second = std::chrono::seconds(1);
  const std::int64_t seconds = (last_activity_ - seconds_told_) / second;
  if (seconds <= 0) return;
  seconds_told_ += seconds * second;
  codec_->pass(seconds);
}

void HttpConnection::resume_input() {
  if (aborting_ || held_in_turn_ == 0 || held_in_turn_ == loop_.turn()) return;
  held_in_turn_ = 0;
  codec_->next_turn(events_);
  dispatch();
  watch_head();
}

protocol::Stream* HttpConnection::open(const protocol::Head& request, bool end_stream, void* user) {
  if (state_ != State::Open || aborting_) return nullptr;
  loop_.flush_later(*this);
  return codec_->open(request, end_stream, user);
}

bool HttpConnection::can_open() const {
  return state_ == State::Open && !aborting_ && !input_ended_ && codec_->can_open();
}

void HttpConnection::send_informational(protocol::Stream& stream, const protocol::Head& head) {
  codec_->send_informational(stream, head);
  loop_.flush_later(*this);
}

void HttpConnection::send_head(protocol::Stream& stream, const protocol::Head& head,
                               bool end_stream) {
  codec_->send_head(stream, head, end_stream);
  loop_.flush_later(*this);
}

void HttpConnection::send_data(protocol::Stream& stream, ByteView bytes, bool end_stream) {
  codec_->send_data(stream, bytes, end_stream);
  loop_.flush_later(*this);
}

void HttpConnection::send_trailers(protocol::Stream& stream,
                                   const protocol::HeaderList& trailers) {
  codec_->send_trailers(stream, trailers);
  loop_.flush_later(*this);
}

void HttpConnection::reset(protocol::Stream& stream, protocol::ErrorCode code) {
  codec_->reset(stream, code);
  loop_.flush_later(*this);
}

void HttpConnection::credit(protocol::Stream& stream, std::size_t bytes) {
  codec_->credit(stream, bytes);
  loop_.flush_later(*this);
}

void HttpConnection::drain() {
  draining_ = true;
  if (!codec_ && client_) abort({});
  if (!codec_) return;  // a server's first request may be on its way: see dispatch()
  codec_->drain();
  loop_.flush_later(*this);
}

protocol::HttpVersion HttpConnection::version() const {
  return codec_ ? codec_->version() : protocol::HttpVersion::Http11;
}

}  // namespace outrider::net
