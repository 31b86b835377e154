#pragma once
// HTTP/2 (RFC 9113) on one connection, both roles, on nghttp2.
//
// Flow control is backpressure: automatic window updates are off. The connection window is credited
// on receipt, a stream's window when its bytes have left on the other side (credit()); so one
// stalled stream cannot hold its neighbours, and no credit is lost when a stream ends early.
// nghttp2's callbacks only append events.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/protocol/codec.hpp"
#include "core/protocol/http2_gate.hpp"

struct nghttp2_session;
struct nghttp2_session_callbacks;

namespace outrider::protocol {

struct Http2Limits {
  HeadLimits head;
  std::uint32_t max_concurrent_streams = 100;
  std::uint32_t stream_window = 64 * 1024;
  std::uint32_t connection_window = 1024 * 1024;
};

class Http2Codec final : public Codec {
 public:
  Http2Codec(Role role, const Http2Limits& limits);
  ~Http2Codec() override;

  void receive(ByteView bytes, Events& events) override;
  void end_of_input(Events& events) override;
  void abandon(Events& events) override;
  [[nodiscard]] Stream* open(const Head& request, bool end_stream, void* user) override;
  [[nodiscard]] bool can_open() const override;
  void send_informational(Stream& stream, const Head& head) override;
  void send_head(Stream& stream, const Head& response, bool end_stream) override;
  void send_data(Stream& stream, ByteView bytes, bool end_stream) override;
  void send_trailers(Stream& stream, const HeaderList& trailers) override;
  void reset(Stream& stream, ErrorCode code) override;
  void credit(Stream& stream, std::size_t bytes) override;
  void produce(Buffer& out, std::size_t limit, Events& events) override;
  [[nodiscard]] bool holds_input() const override { return !finished_ && !rejected_ && waits(); }
  void next_turn(Events& events) override;
  void pass(std::int64_t seconds) override;
  [[nodiscard]] bool wants_input() const override { return !finished_ && !rejected_ && !waits(); }
  [[nodiscard]] bool reading_head() const override { return gate_.reading_head(); }
  [[nodiscard]] bool awaits_settings() const override { return settings_unacknowledged_; }
  [[nodiscard]] bool half_closed() const override { return false; }
  void give_up(Rejection why, Events& events) override;
  // Server: a first GOAWAY that only warns, and the final one a round trip later (RFC 9113 6.8).
  void drain() override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] std::size_t open_streams() const override { return open_count_; }
  [[nodiscard]] HttpVersion version() const override { return HttpVersion::Http2; }

  // Ends the connection with this code: GOAWAY, then finished().
  void terminate(ErrorCode code);

 private:
  struct H2Stream;
  struct Callbacks;  // nghttp2's trampolines

  // To decode. An indexed field is a byte and some 400 instructions: no head has all of a turn.
  static constexpr std::size_t fields_a_turn = 1024;

  H2Stream* new_stream(std::int32_t id, void* user);
  void close(H2Stream& stream, ErrorCode code, bool unprocessed);
  void reject(H2Stream& stream, std::string_view reason);
  void refuse_large_head(H2Stream& stream, bool end_stream);
  [[nodiscard]] std::size_t take(ByteView bytes);
  // For the next turn; perhaps without further bytes.
  [[nodiscard]] bool waits() const { return fields_left_ == 0 || !held_.empty(); }
  void begin_turn(std::size_t fields = fields_a_turn);
  void resume(std::size_t fields, Events& events);
  void drop_field(std::size_t bytes);
  void on_reset_sent(H2Stream* stream, ErrorCode code);
  void on_goaway_sent(ErrorCode code, std::string_view debug);
  void add_refusal(int status, Rejection why, std::string_view reason);
  // The peer has to go, once nghttp2 has returned: it is never ended from within its own callbacks.
  void condemn(Rejection why);
  void execute();
  void tell(Rejection why, Events& events, std::string_view detail = {});
  void on_head_complete(H2Stream& stream, bool end_stream);
  Event& add_event(Event::Kind kind, H2Stream& stream, bool end_stream);

  Role role_;
  Http2Limits limits_;
  nghttp2_session* session_ = nullptr;
  Events* events_ = nullptr;  // where callbacks append, during receive() and produce()
  Buffer* out_ = nullptr;     // where DATA goes, during produce()
  std::size_t out_limit_ = 0;
  H2Stream* streams_ = nullptr;  // open ones, a list through them
  std::vector<std::unique_ptr<H2Stream>> buried_;  // closed ones, until their events are handled
  std::size_t open_count_ = 0;
  Http2Gate gate_;
  std::size_t fields_left_ = fields_a_turn;  // to decode in this turn
  std::size_t admitted_ = 0;           // of held_: its first so many bytes have passed the gate
  Buffer held_;                        // input that waits for the next turn
  Buffer resumed_;                     // and what of it is being handled: events point into it
  std::size_t violations_ = 0;         // of the peer, answered by a reset
  std::size_t refused_streams_ = 0;    // beyond the number that we allow
  Allowance large_heads_{100, 10};     // answered 431
  Allowance dropped_bytes_{4 << 20, 256 << 10};  // of decoded fields that nobody gets to see
  Rejection condemned_ = Rejection::None;
  std::string told_;                   // the sentence of the Violation
  std::size_t empty_data_frames_ = 0;  // in a row
  bool chunk_seen_ = false;            // in the DATA frame being received
  H2Stream* head_stream_ = nullptr;    // whose; null: nobody's any more
  bool settings_unacknowledged_ = true;
  bool rejected_ = false;              // the peer has to go, and was told
  bool head_submitted_ = false;        // the first one
  bool draining_ = false;
  bool goaway_submitted_ = false;      // the final one: no stream is taken from here on
  bool goaway_received_ = false;
  bool finished_ = false;
};

}  // namespace outrider::protocol
