#pragma once
// What Http2Codec and its nghttp2 callbacks share: a stream's state, and header blocks on their way
// out. Private to core/protocol/http2_*.cpp.

#include <nghttp2/nghttp2.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/free_lists.hpp"
#include "core/protocol/http2_codec.hpp"

namespace outrider::protocol {

// A header block as nghttp2 takes it: views. What outlives the frame is not copied on submit: names that
// last, and values that the stream holds.
class FieldBlock {
 public:
  enum class Values : std::uint8_t { Copied, Held };

  void add(const HeaderField& field);
  // `name` is a literal.
  void add_pseudo(std::string_view name, std::string_view value) {
    add({name, value, HeaderName::Other, true});
  }
  void add_all(const HeaderList& fields);
  [[nodiscard]] const nghttp2_nv* data() const { return fields_.data(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

  // Empty; one a thread is enough. Held: every name and value. `first` on its connection: what differs in every
  // request goes into the HPACK table this once, so that later ones name their fields by a number.
  static FieldBlock& fresh(Values values, bool first = false);

 private:
  std::uint8_t held_ = NGHTTP2_NV_FLAG_NONE;
  bool first_ = false;
  std::vector<nghttp2_nv> fields_;
};

struct Http2Codec::H2Stream : Stream, Recycled {
  H2Stream* next = nullptr;
  H2Stream* previous = nullptr;
  HeadPtr incoming;              // the block being received
  HeadPtr outgoing;              // the request or the answer, which nghttp2 reads when it leaves
  std::array<char, 3> status{};  // and the answer's :status
  std::size_t fields = 0;        // decoded in it, dropped ones included
  std::size_t bytes = 0;
  std::uint32_t informational = 0;  // 1xx so far
  bool too_large = false;
  bool contradictory = false;    // :authority and host differ
  bool announced = false;        // the owner knows it: only then it hears how it ended
  bool rejected = false;         // reset by this codec: what still comes is dropped
  bool head_request = false;     // its response has no body
  bool head_received = false;    // the final one
  bool received = false;         // END_STREAM came
  bool broken = false;           // Reset was reported
  bool head_sent = false;
  bool head_left = false;        // and it is in the output: the peer may know of it
  int interim_queued = 0;        // 1xx heads that have not left
  bool sent = false;             // the owner has said everything
  bool ended = false;            // and it has left, END_STREAM included
  bool deferred = false;         // nghttp2 waits for more body
  bool has_trailers = false;
  std::optional<ErrorCode> reset_behind_head;  // to be sent once the head has left
  std::string_view reason;       // of the Reset to come, for people
  Rejection rejection = Rejection::None;  // and for what the peer did, when it was that
  Buffer body;                   // to be sent
  HeaderList trailers;
};

// nghttp2's trampolines: they translate into events and decide nothing.
struct Http2Codec::Callbacks {
  static nghttp2_session_callbacks* table();
  static nghttp2_option* options();
  // A stream's body, as nghttp2 asks for it.
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer,
                           std::size_t length, std::uint32_t* flags, nghttp2_data_source* source,
                           void* user);

 private:
  static Http2Codec& codec(void* user) { return *static_cast<Http2Codec*>(user); }
  static H2Stream* stream(nghttp2_session* session, std::int32_t id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                       nghttp2_rcbuf* value, std::uint8_t flags, void* user);
  static int go_on(const Http2Codec& self);
  static void add_host(H2Stream& s, nghttp2_rcbuf* value);
  static void add_pseudo(Head& head, std::string_view text, nghttp2_rcbuf* value);
  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static void on_data_frame(Http2Codec& self, H2Stream* s, bool ends);
  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int error, void* user);
  static int on_data_chunk(nghttp2_session* session, std::uint8_t flags, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* user);
  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                             void* user);
  static int send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* header,
                       std::size_t length, nghttp2_data_source* source, void* user);
  static void on_head_left(nghttp2_session* session, H2Stream& s);
  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int error,
                               void* user);
};

}  // namespace outrider::protocol
