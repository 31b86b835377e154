#pragma once
// One HTTP connection: TCP, perhaps TLS, and a codec, glued to a loop.
//
//   server: Sniffing (TLS or not, HTTP/1 or HTTP/2, by the first bytes) -> Open -> Closing -> Closed
//   client: Connecting -> Open -> Closing -> Closed
//
// Owned by its Owner; the loop's thread only. The Owner may close a connection from any event but
// has to delete it through Loop::retire(). Output is written once a turn.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/clock.hpp"
#include "core/net/loop.hpp"
#include "core/net/tcp.hpp"
#include "core/net/timer.hpp"
#include "core/protocol/codec.hpp"
#include "core/protocol/http2_codec.hpp"
#include "core/protocol/tls.hpp"

namespace outrider::net {

// How long a peer may take; 0: for ever.
struct Timeouts {
  Duration head = std::chrono::seconds(10);      // for a request's head, from its first byte
  Duration settings = std::chrono::seconds(60);  // for the ACK of our SETTINGS
  Duration write = std::chrono::seconds(60);     // for reading something of what waits for it
  Duration idle = std::chrono::hours(1);         // without streams
};

struct ServerOptions {
  std::shared_ptr<const protocol::TlsContext> tls;  // null: TLS is not understood
  bool plaintext = true;                            // false: refused, with a sentence
  std::string plaintext_refusal;                    // that sentence
  protocol::Http2Limits limits;
  Duration handshake_timeout = std::chrono::seconds(10);  // until TLS is done and the protocol known
  Timeouts timeouts;
};

struct ClientOptions {
  enum class Protocol : std::uint8_t { Http1, Http2, ByAlpn };
  SocketAddress to;
  std::optional<SocketAddress> from;
  std::shared_ptr<const protocol::TlsContext> tls;  // null: plaintext
  std::string sni;
  std::vector<std::string> alpn;
  protocol::TlsTicket* ticket = nullptr;  // null: no session is resumed
  Protocol protocol = Protocol::Http1;
  protocol::Http2Limits limits;
  Duration connect_timeout = std::chrono::seconds(10);  // TCP and TLS together
  Timeouts timeouts;
};

class HttpConnection final : TcpStream::Owner, Loop::Flushable {
 public:
  class Owner {
   public:
    // The handshake is done and the protocol known; a client may open() streams.
    virtual void on_ready(HttpConnection& connection) = 0;
    virtual void on_event(HttpConnection& connection, protocol::Event& event) = 0;
    // The last call; each stream's Closed came before. Retire the connection now or later.
    virtual void on_closed(HttpConnection& connection) = 0;

   protected:
    ~Owner() = default;
  };

  // Takes over an accepted socket. Null when the socket broke meanwhile.
  [[nodiscard]] static std::unique_ptr<HttpConnection> accept(Loop& loop, int descriptor,
                                                              ServerOptions options, Owner& owner);
  // Starts connecting. Failure is told by on_closed(), never before connect() has returned.
  [[nodiscard]] static std::unique_ptr<HttpConnection> connect(Loop& loop, ClientOptions options,
                                                               Owner& owner);
  ~HttpConnection();
  // For owners that go away first: closes it without another call to its owner, and retires it.
  static void discard(std::unique_ptr<HttpConnection> connection);

  // Streams: as Codec, written at the end of the turn.
  [[nodiscard]] protocol::Stream* open(const protocol::Head& request, bool end_stream, void* user);
  [[nodiscard]] bool can_open() const;
  void send_informational(protocol::Stream& stream, const protocol::Head& head);
  void send_head(protocol::Stream& stream, const protocol::Head& head, bool end_stream);
  void send_data(protocol::Stream& stream, ByteView bytes, bool end_stream);
  void send_trailers(protocol::Stream& stream, const protocol::HeaderList& trailers);
  void reset(protocol::Stream& stream, protocol::ErrorCode code);
  void credit(protocol::Stream& stream, std::size_t bytes);

  // No new streams; closes by itself when those under way are over.
  void drain();
  // Breaks everything off and closes, at the end of the turn.
  void abort(std::string reason);

  [[nodiscard]] bool ready() const { return state_ == State::Open; }
  [[nodiscard]] bool closed() const { return state_ == State::Closed; }
  [[nodiscard]] std::size_t open_streams() const { return codec_ ? codec_->open_streams() : 0; }
  [[nodiscard]] protocol::HttpVersion version() const;
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }
  // The verified peer of a TLS connection, null without TLS.
  [[nodiscard]] const protocol::TlsPeer* peer() const { return tls_ ? &tls_->peer() : nullptr; }
  [[nodiscard]] bool resumed() const { return tls_ && tls_->resumed(); }
  [[nodiscard]] const SocketAddress& local() const { return local_; }
  [[nodiscard]] const SocketAddress& remote() const { return remote_; }
  // Why it closed or never opened, for people; empty after a proper end.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] bool connect_failed() const { return connect_failed_; }
  [[nodiscard]] bool connect_timed_out() const { return connect_timed_out_; }
  // What the peer did that ended the connection; None when it did nothing wrong.
  [[nodiscard]] protocol::Rejection rejection() const { return rejection_; }

 private:
  enum class State : std::uint8_t { Sniffing, Connecting, Open, Lingering, Closed };

  HttpConnection(Loop& loop, Owner& owner);
  // TcpStream::Owner
  void on_connected() override;
  void on_bytes(ByteView bytes) override;
  void on_input_end(const char* error) override;
  void on_writable() override;
  // Loop::Flushable
  void flush() override;

  void end_input(const char* error);
  [[nodiscard]] bool write_output();
  void sniff(ByteView bytes);
  void receive_cipher(ByteView bytes);
  void on_tls_failure();
  void receive_plain(ByteView bytes);
  void refuse_plaintext(bool http2);
  void choose_codec(bool http2);
  void become_ready();
  void dispatch();
  bool write_out(ByteView bytes);
  bool write_pending_cipher();
  void fail_with(std::string reason);
  void reject(protocol::Rejection why, std::string reason);
  void give_up(protocol::Rejection why);
  void stop_timers();
  void close_now();
  void end_output();
  void linger();
  void watch_quiet();
  void wake();
  void watch_head();
  void watch_output();
  void tell_time();
  void resume_input();
  [[nodiscard]] const Timeouts& timeouts() const { return client_ ? dial_.timeouts : server_.timeouts; }

  Loop& loop_;
  Owner& owner_;
  State state_ = State::Sniffing;
  bool client_ = false;
  ServerOptions server_;
  ClientOptions dial_;
  TcpStream tcp_;
  std::unique_ptr<protocol::TlsSession> tls_;
  std::unique_ptr<protocol::Codec> codec_;
  protocol::Events events_;
  std::size_t dispatched_ = 0;  // of events_
  bool dispatching_ = false;
  Buffer sniffed_;
  Buffer handshake_out_;  // what the handshake wants sent, outside of flush()
  Timer timer_;  // of the handshake, then of idleness, then of lingering
  Timer head_timer_, settings_timer_, stall_timer_;
  TimePoint last_activity_;
  bool resting_ = false;  // quiet, and without the buffers that it can do without
  std::size_t lingered_ = 0;
  TimePoint seconds_told_;          // to the codec
  std::uint64_t held_in_turn_ = 0;  // in which the codec held input back; 0: it did not
  bool draining_ = false;
  bool aborting_ = false;
  bool orphaned_ = false;
  bool input_ended_ = false;
  bool output_ended_ = false;
  bool connect_failed_ = false;
  bool connect_timed_out_ = false;
  protocol::Rejection rejection_ = protocol::Rejection::None;
  SocketAddress local_, remote_;
  std::string failure_;
};

}  // namespace outrider::net
