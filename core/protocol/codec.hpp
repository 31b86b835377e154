#pragma once
// One HTTP connection's protocol, without a socket: bytes in, events out; calls in, bytes out.
//
// The two implementations, Http1Codec and Http2Codec, serve both roles (server: towards the
// downstream; client: towards the upstream). A codec calls nobody: it appends events, which its
// owner handles after the call returned, so nothing is deleted under a caller's feet.
// One thread: that of the connection.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/protocol/message.hpp"
#include "core/protocol/rejection.hpp"

namespace outrider::protocol {

enum class Role : std::uint8_t { Server, Client };

// One request and its response on one connection. The codec owns it; the handle is valid up to and
// including its Closed event. Calls on a stream that is over already do nothing.
struct Stream {
  void* user = nullptr;  // the owner's: never touched by the codec
  std::int32_t id = 0;
};

// HTTP/2 error codes (RFC 9113 section 7), used for HTTP/1 too.
enum class ErrorCode : std::uint32_t {
  NoError = 0,
  ProtocolError = 1,
  InternalError = 2,
  FlowControlError = 3,
  SettingsTimeout = 4,
  StreamClosed = 5,
  FrameSizeError = 6,
  RefusedStream = 7,
  Cancel = 8,
  CompressionError = 9,
  ConnectError = 10,
  EnhanceYourCalm = 11,
  InadequateSecurity = 12,
  Http11Required = 13,
};

struct Event {
  enum class Kind : std::uint8_t {
    Head,           // a request's head (server), a final response's head (client)
    Informational,  // a 1xx head (client)
    Data,           // body bytes; credit() them when they have left on the other side
    Trailers,       // head->fields; the message ends here
    Reset,          // the stream broke off; `code` says why; nothing more may be sent on it
    Drained,        // `bytes` of the body that was sent have left the stream's queue
    Refused,        // server: a bad request was answered by the codec itself; code = HTTP status,
                    // reason and rejection say why; there is no stream. Code 0, both roles: a
                    // stream was reset for what the peer did
    Violation,      // the connection is about to end: `rejection` says which rule the peer broke
    GoAway,         // client: the peer takes no new streams
    Closed,         // a stream's last event
  };
  Kind kind;
  bool end_stream = false;
  ErrorCode code = ErrorCode::NoError;  // Reset
  bool unprocessed = false;             // Reset: the peer provably did not act on the request
  Stream* stream = nullptr;
  HeadPtr head{};
  ByteView data{};        // Data: may be a view of what was received; valid until the next receive()
  std::size_t bytes = 0;  // Drained
  int status = 0;         // Refused
  std::string_view reason{};  // Refused, Reset, Violation: static text for people
  Rejection rejection = Rejection::None;  // Refused, Violation; Reset: for what the peer did here
};

using Events = std::vector<Event>;

// What one message may cost (DESIGN section 7, reliability: 431 beyond these).
struct HeadLimits {
  std::size_t fields = 96;
  std::size_t bytes = 64 * 1024;
};

class Codec {
 public:
  virtual ~Codec() = default;

  virtual void receive(ByteView bytes, Events& events) = 0;
  // The peer closed its side: what is unfinished breaks off.
  virtual void end_of_input(Events& events) = 0;
  // Nothing moves for now: gives memory back that holds nothing.
  virtual void rest() {}
  // The connection is gone: every open stream gets its Reset, if it was not over, and its Closed.
  virtual void abandon(Events& events) = 0;

  // Client: starts a request. Null when no stream can be opened now. A head that is sent is shared:
  // what its fields are views of has to stay until its stream is closed.
  [[nodiscard]] virtual Stream* open(const Head& request, bool end_stream, void* user) = 0;
  // Client: whether open() would succeed now.
  [[nodiscard]] virtual bool can_open() const = 0;

  // Server.
  virtual void send_informational(Stream& stream, const Head& head) = 0;
  virtual void send_head(Stream& stream, const Head& response, bool end_stream) = 0;

  // Both. Bytes are copied; they leave as flow control allows, reported by Drained.
  virtual void send_data(Stream& stream, ByteView bytes, bool end_stream) = 0;
  virtual void send_trailers(Stream& stream, const HeaderList& trailers) = 0;
  virtual void reset(Stream& stream, ErrorCode code) = 0;

  // `bytes` of received body have left on the other side: the peer may send as many more.
  virtual void credit(Stream& stream, std::size_t bytes) = 0;

  // Appends output until `out` holds `limit` bytes or nothing is left.
  virtual void produce(Buffer& out, std::size_t limit, Events& events) = 0;

  // Part of what came waits for the next turn, so that one peer does not fill this one.
  [[nodiscard]] virtual bool holds_input() const { return false; }
  virtual void next_turn(Events&) {}
  // So many seconds are over: what a peer may do in a while, it may do again.
  virtual void pass(std::int64_t) {}

  // False while the peer has to wait (HTTP/1 backpressure: do not read the socket).
  [[nodiscard]] virtual bool wants_input() const = 0;
  // Server: a head has begun and is not whole yet.
  [[nodiscard]] virtual bool reading_head() const = 0;
  // HTTP/2: the peer has not acknowledged our SETTINGS.
  [[nodiscard]] virtual bool awaits_settings() const = 0;
  // A tunnel: all that we had to say is said, and the peer may go on.
  [[nodiscard]] virtual bool half_closed() const = 0;
  // The peer took too long, or worse: says goodbye as the protocol has it (408, GOAWAY) and ends.
  virtual void give_up(Rejection why, Events& events) = 0;
  // No new streams from here on; those under way finish. Server: GOAWAY / Connection: close.
  virtual void drain() = 0;
  // Nothing more will come or go: close once the output is flushed.
  [[nodiscard]] virtual bool finished() const = 0;
  [[nodiscard]] virtual std::size_t open_streams() const = 0;
  [[nodiscard]] virtual HttpVersion version() const = 0;
};

}  // namespace outrider::protocol
