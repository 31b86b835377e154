#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/ascii.hpp"
#include "core/protocol/http2_stream.hpp"

namespace outrider::protocol {
namespace {

// One peer may send this many in a row, then it has to go (CVE-2019-9518).
constexpr std::size_t most_empty_data_frames = 100;
// nghttp2 would not send a header block beyond 64 KiB: what was let in has to be let out.
constexpr std::size_t longest_header_block = 256 * 1024;
constexpr std::size_t most_unread_acks = 500;  // answers to PING and SETTINGS, not yet written

std::string_view view(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

}  // namespace

int Http2Codec::Callbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  H2Stream*& s = codec(user).head_stream_;
  s = stream(session, frame->hd.stream_id);
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    s = codec(user).new_stream(frame->hd.stream_id, nullptr);
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, s);
    if (codec(user).goaway_submitted_) {
      // The GOAWAY under way says that this stream was not processed: so it must not be.
      s->rejected = true;
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_REFUSED_STREAM);
    }
  }
  if (!s || s->broken || s->rejected) return 0;
  s->incoming = make_head();
  s->incoming->version = HttpVersion::Http2;
  s->fields = s->bytes = 0;
  s->too_large = false;
  return 0;
}

// nghttp2 goes on, or waits for the next turn.
int Http2Codec::Callbacks::go_on(const Http2Codec& self) { return self.fields_left_ > 0 ? 0 : NGHTTP2_ERR_PAUSE; }

int Http2Codec::Callbacks::on_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name,
                     nghttp2_rcbuf* value, std::uint8_t, void* user) {
  Http2Codec& self = codec(user);
  H2Stream* s = self.head_stream_;
  const std::string_view text = view(name);
  const std::size_t bytes = text.size() + view(value).size() + 32;
  --self.fields_left_;
  if (!s || !s->incoming || s->too_large) {
    self.drop_field(bytes);
    return go_on(self);
  }
  // Every decoded field counts, cookie crumbs and repeated ones too (reliability section 0).
  // Pseudo headers do not: nghttp2 takes each once.
  const bool pseudo = text.starts_with(':');
  if (!pseudo) s->fields += 1;
  s->bytes += bytes;
  s->too_large = s->fields > self.limits_.head.fields || s->bytes > self.limits_.head.bytes;
  if (s->too_large) return go_on(self);
  if (pseudo) {
    add_pseudo(*s->incoming, text, value);
  } else if (text == "host") {
    add_host(*s, value);
  } else {
    s->incoming->fields.add_retained(name, value);
  }
  return go_on(self);
}

void Http2Codec::Callbacks::add_host(H2Stream& s, nghttp2_rcbuf* value) {
  Head& head = *s.incoming;
  if (head.authority.empty()) {
    head.authority = head.fields.keep_retained(value);
  } else if (!ascii::equals_ignoring_case(head.authority, view(value))) {
    s.contradictory = true;
  }
}

// nghttp2 lets five of them through, which differ in their length or third byte.
void Http2Codec::Callbacks::add_pseudo(Head& head, std::string_view text, nghttp2_rcbuf* value) {
  const std::string_view kept = head.fields.keep_retained(value);
  if (text.size() == std::string_view(":path").size()) {
    head.path = kept;
  } else if (text.size() == std::string_view(":authority").size()) {
    head.authority = kept;
  } else if (text[2] == 'e') {
    head.method = kept;
  } else if (text[2] == 'c') {
    head.scheme = kept;
  } else {
    std::from_chars(kept.data(), kept.data() + kept.size(), head.status);
  }
}

void Http2Codec::Callbacks::on_data_frame(Http2Codec& self, H2Stream* s, bool ends) {
  if (self.chunk_seen_) self.gate_.on_data_received();
  self.empty_data_frames_ = self.chunk_seen_ || ends ? 0 : self.empty_data_frames_ + 1;
  self.chunk_seen_ = false;
  if (self.empty_data_frames_ > most_empty_data_frames) self.condemn(Rejection::EmptyFrames);
  if (!ends || !s || s->received || s->broken || s->rejected || !s->announced) return;
  s->received = true;
  Events& events = *self.events_;
  if (!events.empty() && events.back().kind == Event::Kind::Data && events.back().stream == s) {
    events.back().end_stream = true;
  } else {
    self.add_event(Event::Kind::Data, *s, true);
  }
}

int Http2Codec::Callbacks::on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  Http2Codec& self = codec(user);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS: {
      H2Stream* s = std::exchange(self.head_stream_, nullptr);
      if (s && s->broken) s->incoming.reset();  // given up between its frames
      if (s && s->incoming) {
        self.on_head_complete(*s, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
      }
      return 0;
    }
    case NGHTTP2_DATA:
      on_data_frame(self, stream(session, frame->hd.stream_id),
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
      return 0;
    case NGHTTP2_GOAWAY:
      if (self.role_ == Role::Client && !self.goaway_received_) {
        self.goaway_received_ = true;
        Event event{.kind = Event::Kind::GoAway};
        self.events_->push_back(std::move(event));
      }
      return 0;
    case NGHTTP2_PING:
      // The answer to the ping behind the warning GOAWAY: a round trip has passed.
      if (self.draining_ && self.role_ == Role::Server && !self.goaway_submitted_ &&
          (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        self.goaway_submitted_ = true;
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session),
                              NGHTTP2_NO_ERROR, nullptr, 0);
      }
      return 0;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.settings_unacknowledged_ = false;
      return 0;
    default:
      return 0;
  }
}

// Which rule it was: nghttp2 answers by itself, see on_frame_send().
int Http2Codec::Callbacks::on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int error,
                                            void* user) {
  if (frame->hd.type == NGHTTP2_HEADERS) codec(user).gate_.refuse_head();
  H2Stream* s = stream(session, frame->hd.stream_id);
  if (s && s->reason.empty()) s->reason = nghttp2_strerror(error);
  return 0;
}

int Http2Codec::Callbacks::on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                         const std::uint8_t* data, std::size_t size, void* user) {
  Http2Codec& self = codec(user);
  nghttp2_session_consume_connection(session, size);
  H2Stream* s = stream(session, id);
  if (!s || s->broken || s->rejected || !s->announced) {
    nghttp2_session_consume_stream(session, id, size);
    return 0;
  }
  self.chunk_seen_ = true;
  self.add_event(Event::Kind::Data, *s, false).data = {data, size};
  return 0;
}

int Http2Codec::Callbacks::on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                           void* user) {
  H2Stream* s = stream(session, id);
  if (!s) return 0;
  if (codec(user).head_stream_ == s) codec(user).head_stream_ = nullptr;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  // Streams above a GOAWAY's last id are closed by nghttp2 with this code as well.
  codec(user).close(*s, static_cast<ErrorCode>(code), code == NGHTTP2_REFUSED_STREAM);
  return 0;
}

ssize_t Http2Codec::Callbacks::read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                         std::size_t length, std::uint32_t* flags, nghttp2_data_source* source,
                         void*) {
  H2Stream& s = *static_cast<H2Stream*>(source->ptr);
  const std::size_t size = std::min(length, s.body.size());
  if (size == 0 && !s.sent) {
    s.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (size > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (s.sent && size == s.body.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s.has_trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      FieldBlock& block = FieldBlock::fresh(FieldBlock::Values::Held);
      block.add_all(s.trailers);
      if (nghttp2_submit_trailer(session, id, block.data(), block.size()) != 0) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      }
    }
  }
  return static_cast<ssize_t>(size);
}

// A DATA frame goes straight from the stream's queue into the output.
int Http2Codec::Callbacks::send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                     std::size_t length, nghttp2_data_source* source, void* user) {
  Http2Codec& self = codec(user);
  if (self.out_->size() >= self.out_limit_) return NGHTTP2_ERR_WOULDBLOCK;
  H2Stream& s = *static_cast<H2Stream*>(source->ptr);
  self.out_->append(ByteView(header, 9));
  self.out_->append(s.body.view().first(length));
  s.body.consume(length);
  self.gate_.on_data_sent();
  self.add_event(Event::Kind::Drained, s, false).bytes = length;
  return 0;
}

void Http2Codec::Callbacks::on_head_left(nghttp2_session* session, H2Stream& s) {
  if (s.interim_queued > 0) {
    --s.interim_queued;
    return;
  }
  s.head_left = true;
  if (!s.reset_behind_head) return;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s.id,
                            static_cast<std::uint32_t>(*s.reset_behind_head));
}

int Http2Codec::Callbacks::on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  Http2Codec& self = codec(user);
  const bool head = frame->hd.type == NGHTTP2_HEADERS;
  const bool reset = frame->hd.type == NGHTTP2_RST_STREAM;
  const bool answered = self.role_ == Role::Server && (head || frame->hd.type == NGHTTP2_DATA) &&
                        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    const auto* debug = reinterpret_cast<const char*>(frame->goaway.opaque_data);
    self.on_goaway_sent(static_cast<ErrorCode>(frame->goaway.error_code),
                        {debug, frame->goaway.opaque_data_len});
  }
  if (!head && !reset && !answered) return 0;  // nothing that a stream has to know
  H2Stream* s = stream(session, frame->hd.stream_id);
  if (reset && (!s || !s->broken)) {
    self.on_reset_sent(s, static_cast<ErrorCode>(frame->rst_stream.error_code));
  }
  if (head && s) on_head_left(session, *s);
  if (!answered || !s) return 0;
  s->ended = true;
  self.gate_.on_response_sent();
  if (!s->received && !s->broken) {
    // Answered before the request was whole: tells the client to stop (RFC 9113 section 8.1).
    s->broken = true;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int Http2Codec::Callbacks::on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int error,
                             void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Http2Codec& self = codec(user);
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    // It never left: cancelled in the same turn, too large, or a GOAWAY was faster. nghttp2 may
    // not even have made a stream of it.
    for (H2Stream* s = self.streams_; s; s = s->next) {
      if (s->id != frame->hd.stream_id) continue;
      s->reason = "the request did not leave";
      nghttp2_session_set_stream_user_data(session, s->id, nullptr);
      self.close(*s, ErrorCode::RefusedStream, true);
      break;
    }
  } else if (error != NGHTTP2_ERR_STREAM_CLOSING && error != NGHTTP2_ERR_STREAM_CLOSED) {
    // A response or trailers that cannot be sent: the peer must not wait for them.
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                              NGHTTP2_INTERNAL_ERROR);
  }
  return 0;
}

nghttp2_session_callbacks* Http2Codec::Callbacks::table() {
  static nghttp2_session_callbacks* callbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(made, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_send);
    nghttp2_session_callbacks_set_send_data_callback(made, send_data);
    return made;
  }();
  return callbacks;
}

nghttp2_option* Http2Codec::Callbacks::options() {
  static nghttp2_option* option = [] {
    nghttp2_option* made = nullptr;
    nghttp2_option_new(&made);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_no_closed_streams(made, 1);  // Http2Gate knows which are over
    nghttp2_option_set_max_send_header_block_length(made, longest_header_block);
    nghttp2_option_set_max_outbound_ack(made, most_unread_acks);
    // nghttp2's 33 a second would be too few for a connection that many callers share: Http2Gate
    // counts those of requests without an answer.
    nghttp2_option_set_stream_reset_rate_limit(made, 10'000, 10'000);
    return made;
  }();
  return option;
}

}  // namespace outrider::protocol
