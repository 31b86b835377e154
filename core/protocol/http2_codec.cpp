#include "core/protocol/http2_codec.hpp"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "core/base/ascii.hpp"

namespace outrider::protocol {
namespace {

// What nghttp2 itself does not count: one peer may break the rules this often, then it has to go
// (MadeYouReset, CVE-2025-8671; empty DATA, CVE-2019-9518; HPACK and cookie bombs).
constexpr std::size_t most_violations = 100;
constexpr std::size_t most_empty_data_frames = 100;
// nghttp2 would not send a header block beyond 64 KiB: what was let in has to be let out.
constexpr std::size_t longest_header_block = 256 * 1024;

std::string_view view(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

std::uint8_t* mutable_bytes(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

// Values that differ in every request would only push useful entries out of the HPACK table.
std::uint8_t indexing(HeaderName id) {
  switch (id) {
    case HeaderName::XRequestId:
    case HeaderName::XEnvoyUpstreamServiceTime:
    case HeaderName::XEnvoyExpectedRqTimeoutMs:
    case HeaderName::ContentLength:
    case HeaderName::IdempotencyKey:
      return NGHTTP2_NV_FLAG_NO_INDEX;
    default:
      return NGHTTP2_NV_FLAG_NONE;
  }
}

class FieldBlock {
 public:
  void add(std::string_view name, std::string_view value, HeaderName id = HeaderName::Other) {
    fields_.push_back({mutable_bytes(name), mutable_bytes(value), name.size(), value.size(),
                       indexing(id)});
  }
  void add_path(std::string_view value) {
    fields_.push_back({mutable_bytes(":path"), mutable_bytes(value), 5, value.size(),
                       NGHTTP2_NV_FLAG_NONE});
  }
  void add_all(const HeaderList& fields) {
    for (const HeaderField& field : fields.fields()) {
      if (!is_connection_specific(field)) add(field.name, field.value, field.id);
    }
  }
  [[nodiscard]] const nghttp2_nv* data() const { return fields_.data(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

  // One block a thread is enough: nghttp2 copies on submit.
  static FieldBlock& fresh() {
    static thread_local FieldBlock block;
    block.fields_.clear();
    return block;
  }

 private:
  std::vector<nghttp2_nv> fields_;
};

}  // namespace

struct Http2Codec::H2Stream : Stream {
  H2Stream* next = nullptr;
  H2Stream* previous = nullptr;
  Http2Codec* codec = nullptr;
  HeadPtr incoming;              // the block being received
  std::size_t fields = 0;        // decoded in it, dropped ones included
  std::size_t bytes = 0;
  bool too_large = false;
  bool contradictory = false;    // :authority and host differ
  bool announced = false;        // the owner knows it: only then it hears how it ended
  bool rejected = false;         // reset by this codec: what still comes is dropped
  bool head_request = false;     // its response has no body
  bool head_received = false;    // the final one
  bool received = false;         // END_STREAM came
  bool broken = false;           // Reset was reported
  bool head_sent = false;
  bool sent = false;             // the owner has said everything
  bool ended = false;            // and it has left, END_STREAM included
  bool deferred = false;         // nghttp2 waits for more body
  bool has_trailers = false;
  std::string_view reason;       // of the Reset to come, for people
  Buffer body;                   // to be sent
  HeaderList trailers;
};

struct Http2Codec::Callbacks {
  static Http2Codec& codec(void* user) { return *static_cast<Http2Codec*>(user); }
  static H2Stream* stream(nghttp2_session* session, std::int32_t id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    H2Stream* s = stream(session, frame->hd.stream_id);
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

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                       nghttp2_rcbuf* value, std::uint8_t, void* user) {
    H2Stream* s = stream(session, frame->hd.stream_id);
    if (!s || !s->incoming) return 0;
    const HeadLimits& limits = codec(user).limits_.head;
    // Every decoded field counts, cookie crumbs and repeated ones too (reliability section 0).
    // Pseudo headers do not: nghttp2 takes each once.
    if (!view(name).starts_with(':')) s->fields += 1;
    s->bytes += view(name).size() + view(value).size() + 32;
    if (s->fields > limits.fields || s->bytes > limits.bytes) s->too_large = true;
    if (s->too_large) return 0;
    add_field(*s, name, value);
    return 0;
  }

  static void add_field(H2Stream& s, nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
    Head& head = *s.incoming;
    const std::string_view text = view(name);
    if (text.empty() || text.front() != ':') {
      if (text == "host") {
        if (head.authority.empty()) {
          head.authority = head.fields.keep_retained(value);
        } else if (!ascii::equals_ignoring_case(head.authority, view(value))) {
          s.contradictory = true;
        }
        return;
      }
      head.fields.add_retained(name, value);
      return;
    }
    if (text == ":method") {
      head.method = head.fields.keep_retained(value);
    } else if (text == ":path") {
      head.path = head.fields.keep_retained(value);
    } else if (text == ":scheme") {
      head.scheme = head.fields.keep_retained(value);
    } else if (text == ":authority") {
      head.authority = head.fields.keep_retained(value);
    } else if (text == ":status") {
      const std::string_view digits = view(value);
      std::from_chars(digits.data(), digits.data() + digits.size(), head.status);
    }
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Codec& self = codec(user);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: {
        H2Stream* s = stream(session, frame->hd.stream_id);
        if (s && s->broken) s->incoming.reset();  // given up between its frames
        if (s && s->incoming) {
          self.on_head_complete(*s, (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
        }
        return 0;
      }
      case NGHTTP2_DATA: {
        self.empty_data_frames_ = self.chunk_seen_ ? 0 : self.empty_data_frames_ + 1;
        self.chunk_seen_ = false;
        if (self.empty_data_frames_ > most_empty_data_frames) {
          self.terminate(ErrorCode::EnhanceYourCalm);
        }
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
        self.empty_data_frames_ = 0;
        H2Stream* s = stream(session, frame->hd.stream_id);
        if (!s || s->received || s->broken || s->rejected || !s->announced) return 0;
        s->received = true;
        Events& events = *self.events_;
        if (!events.empty() && events.back().kind == Event::Kind::Data &&
            events.back().stream == s) {
          events.back().end_stream = true;
        } else {
          self.add_event(Event::Kind::Data, *s, true);
        }
        return 0;
      }
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
      default:
        return 0;
    }
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* user) {
    Http2Codec& self = codec(user);
    self.chunk_seen_ = true;
    nghttp2_session_consume_connection(session, size);
    H2Stream* s = stream(session, id);
    if (!s || s->broken || s->rejected || !s->announced) {
      nghttp2_session_consume_stream(session, id, size);
      return 0;
    }
    self.add_event(Event::Kind::Data, *s, false);
    self.events_->back().data = {data, size};
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                             void* user) {
    H2Stream* s = stream(session, id);
    if (!s) return 0;
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    // Streams above a GOAWAY's last id are closed by nghttp2 with this code as well.
    codec(user).close(*s, static_cast<ErrorCode>(code), code == NGHTTP2_REFUSED_STREAM);
    return 0;
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*,
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
        FieldBlock& block = FieldBlock::fresh();
        block.add_all(s.trailers);
        if (nghttp2_submit_trailer(session, id, block.data(), block.size()) != 0) {
          return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
      }
    }
    return static_cast<ssize_t>(size);
  }

  // A DATA frame goes straight from the stream's queue into the output.
  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                       std::size_t length, nghttp2_data_source* source, void* user) {
    Http2Codec& self = codec(user);
    if (self.out_->size() >= self.out_limit_) return NGHTTP2_ERR_WOULDBLOCK;
    H2Stream& s = *static_cast<H2Stream*>(source->ptr);
    self.out_->append(ByteView(header, 9));
    self.out_->append(s.body.view().first(length));
    s.body.consume(length);
    self.add_event(Event::Kind::Drained, s, false);
    self.events_->back().bytes = length;
    return 0;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2Codec& self = codec(user);
    H2Stream* s = stream(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_RST_STREAM && (!s || !s->broken) &&
        frame->rst_stream.error_code != NGHTTP2_REFUSED_STREAM) {
      // Not the owner's: the peer has broken a rule.
      if (s && s->reason.empty()) s->reason = "the peer broke the HTTP/2 protocol";
      self.on_violation();
    }
    const bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!ends || self.role_ != Role::Server || !s) return 0;
    s->ended = true;
    if (!s->received && !s->broken) {
      // Answered before the request was whole: tells the client to stop (RFC 9113 section 8.1).
      s->broken = true;
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int error,
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

  static nghttp2_session_callbacks* table() {
    static nghttp2_session_callbacks* callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(made, on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_recv);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data_chunk);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_send);
      nghttp2_session_callbacks_set_on_frame_not_send_callback(made, on_frame_not_send);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      return made;
    }();
    return callbacks;
  }

  static nghttp2_option* options() {
    static nghttp2_option* option = [] {
      nghttp2_option* made = nullptr;
      nghttp2_option_new(&made);
      nghttp2_option_set_no_auto_window_update(made, 1);
      nghttp2_option_set_max_send_header_block_length(made, longest_header_block);
      return made;
    }();
    return option;
  }
};

Http2Codec::Http2Codec(Role role, const Http2Limits& limits) : role_(role), limits_(limits) {
  nghttp2_settings_entry settings[4];
  std::size_t count = 0;
  settings[count++] = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window};
  settings[count++] = {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                       static_cast<std::uint32_t>(limits.head.bytes)};
  if (role == Role::Server) {
    nghttp2_session_server_new2(&session_, Callbacks::table(), this, Callbacks::options());
    settings[count++] = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams};
  } else {
    nghttp2_session_client_new2(&session_, Callbacks::table(), this, Callbacks::options());
    settings[count++] = {NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  }
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, count);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits.connection_window));
}

Http2Codec::~Http2Codec() {
  nghttp2_session_del(session_);
  while (streams_) {
    H2Stream* next = streams_->next;
    delete streams_;
    streams_ = next;
  }
}

Http2Codec::H2Stream* Http2Codec::new_stream(std::int32_t id, void* user) {
  auto* stream = new H2Stream;
  stream->id = id;
  stream->user = user;
  stream->codec = this;
  stream->next = streams_;
  if (streams_) streams_->previous = stream;
  streams_ = stream;
  ++open_count_;
  return stream;
}

// Reports the end of a stream, and how it broke off unless it was over.
void Http2Codec::close(H2Stream& stream, ErrorCode code, bool unprocessed) {
  const bool whole = role_ == Role::Client ? stream.received : stream.ended;
  if (stream.announced && !stream.broken && !whole) {
    add_event(Event::Kind::Reset, stream, false);
    Event& event = events_->back();
    event.code = code;
    event.unprocessed = unprocessed;
    event.reason = stream.reason.empty() ? "the peer reset the stream" : stream.reason;
  }
  stream.broken = true;
  if (stream.previous) stream.previous->next = stream.next;
  if (stream.next) stream.next->previous = stream.previous;
  if (streams_ == &stream) streams_ = stream.next;
  --open_count_;
  if (stream.announced) add_event(Event::Kind::Closed, stream, false);
  buried_.emplace_back(&stream);
}

void Http2Codec::on_violation() {
  if (++violations_ == most_violations) terminate(ErrorCode::EnhanceYourCalm);
}

void Http2Codec::reject(H2Stream& stream, std::string_view reason) {
  stream.rejected = true;
  stream.incoming.reset();
  stream.reason = reason;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_PROTOCOL_ERROR);
}

void Http2Codec::add_event(Event::Kind kind, H2Stream& stream, bool end_stream) {
  Event event{.kind = kind, .end_stream = end_stream};
  event.stream = &stream;
  events_->push_back(std::move(event));
}

void Http2Codec::on_head_complete(H2Stream& stream, bool end_stream) {
  Head& head = *stream.incoming;
  if (stream.too_large) {
    if (role_ == Role::Server && !stream.head_received) {
      refuse_large_head(stream, end_stream);
    } else {
      reject(stream, "the peer's header fields are too many or too large");
    }
    return;
  }
  if (stream.head_received) {
    stream.received = true;
    head.authority = {};
    drop_forbidden_trailers(head.fields);
    add_event(Event::Kind::Trailers, stream, true);
    events_->back().head = std::move(stream.incoming);
    return;
  }
  if (role_ == Role::Server) {
    if (stream.contradictory || !is_authority(head.authority)) {
      reject(stream, ":authority is no host, or differs from host");
      return;
    }
    stream.head_request = head.method == "HEAD";
    stream.announced = true;
  } else if (head.status < 100 || head.status > 599) {
    reject(stream, "the response's status is out of range");
    return;
  }
  join_cookies(head.fields);
  if (role_ == Role::Client && head.status < 200) {
    add_event(Event::Kind::Informational, stream, false);
    events_->back().head = std::move(stream.incoming);
    return;
  }
  stream.head_received = true;
  stream.received = end_stream;
  add_event(Event::Kind::Head, stream, end_stream);
  events_->back().head = std::move(stream.incoming);
}

// The owner never hears of the stream.
void Http2Codec::refuse_large_head(H2Stream& stream, bool end_stream) {
  stream.incoming.reset();
  stream.rejected = true;
  stream.received = end_stream;  // without it, a reset follows the answer
  FieldBlock& block = FieldBlock::fresh();
  block.add(":status", "431");
  nghttp2_submit_response(session_, stream.id, block.data(), block.size(), nullptr);
  Event event{.kind = Event::Kind::Refused};
  event.status = 431;
  event.reason = "header fields are too many or too large";
  events_->push_back(std::move(event));
  on_violation();
}

void Http2Codec::receive(ByteView bytes, Events& events) {
  if (finished_) return;
  buried_.clear();
  events_ = &events;
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  events_ = nullptr;
  if (taken < 0) finished_ = true;
}

void Http2Codec::end_of_input(Events& events) { abandon(events); }

void Http2Codec::abandon(Events& events) {
  finished_ = true;
  events_ = &events;
  while (streams_) {
    H2Stream& stream = *streams_;
    stream.reason = "the connection was closed early";
    close(stream, ErrorCode::Cancel, false);
  }
  events_ = nullptr;
}

Stream* Http2Codec::open(const Head& request, bool end_stream, void* user) {
  if (!can_open()) return nullptr;
  H2Stream* stream = new_stream(0, user);
  FieldBlock& block = FieldBlock::fresh();
  block.add(":method", request.method);
  block.add(":scheme", request.scheme.empty() ? "http" : request.scheme);
  block.add(":authority", request.authority);
  block.add_path(request.path);
  block.add_all(request.fields);
  nghttp2_data_provider body{{.ptr = stream}, Callbacks::read_body};
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, block.data(), block.size(),
                                                 end_stream ? nullptr : &body, stream);
  if (id < 0) {
    if (stream->next) stream->next->previous = nullptr;
    streams_ = stream->next;
    --open_count_;
    delete stream;
    return nullptr;
  }
  stream->id = id;
  stream->announced = true;
  stream->head_sent = true;
  stream->sent = end_stream;
  return stream;
}

bool Http2Codec::can_open() const {
  return role_ == Role::Client && !finished_ && !draining_ && !goaway_received_ &&
         open_count_ < nghttp2_session_get_remote_settings(
                           session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) &&
         nghttp2_session_check_request_allowed(session_) != 0;
}

void Http2Codec::send_informational(Stream& handle, const Head& head) {
  auto& stream = static_cast<H2Stream&>(handle);
  if (stream.broken || stream.head_sent || head.status == 101) return;
  const std::string status = fmt::format("{}", head.status);
  FieldBlock& block = FieldBlock::fresh();
  block.add(":status", status);
  block.add_all(head.fields);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, block.data(),
                         block.size(), nullptr);
}

void Http2Codec::send_head(Stream& handle, const Head& response, bool end_stream) {
  auto& stream = static_cast<H2Stream&>(handle);
  if (stream.broken || stream.head_sent) return;
  const fmt::format_int status(response.status);
  FieldBlock& block = FieldBlock::fresh();
  block.add(":status", {status.data(), status.size()});
  block.add_all(response.fields);
  nghttp2_data_provider body{{.ptr = &stream}, Callbacks::read_body};
  // Bytes of a body that must not be there are dropped, as HTTP/1 does.
  if (stream.head_request || response.status == 204 || response.status == 304) end_stream = true;
  stream.head_sent = true;
  stream.sent = end_stream;
  nghttp2_submit_response(session_, stream.id, block.data(), block.size(),
                          end_stream ? nullptr : &body);
}

void Http2Codec::send_data(Stream& handle, ByteView bytes, bool end_stream) {
  auto& stream = static_cast<H2Stream&>(handle);
  if (stream.broken || stream.sent || !stream.head_sent) return;
  stream.body.append(bytes);
  stream.sent = end_stream;
  if (stream.deferred) {
    stream.deferred = false;
    nghttp2_session_resume_data(session_, stream.id);
  }
}

void Http2Codec::send_trailers(Stream& handle, const HeaderList& trailers) {
  auto& stream = static_cast<H2Stream&>(handle);
  if (stream.broken || stream.sent || !stream.head_sent) return;
  for (const HeaderField& field : trailers.fields()) stream.trailers.add(field.name, field.value);
  stream.has_trailers = !stream.trailers.empty();
  send_data(stream, {}, true);
}

void Http2Codec::reset(Stream& handle, ErrorCode code) {
  auto& stream = static_cast<H2Stream&>(handle);
  if (stream.broken) return;
  stream.broken = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id,
                            static_cast<std::uint32_t>(code));
}

void Http2Codec::credit(Stream& handle, std::size_t bytes) {
  nghttp2_session_consume_stream(session_, handle.id, bytes);
}

void Http2Codec::produce(Buffer& out, std::size_t limit, Events& events) {
  if (finished_) return;
  buried_.clear();
  events_ = &events;
  out_ = &out;
  out_limit_ = limit;
  while (out.size() < limit) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) {
      if (size < 0) finished_ = true;
      break;
    }
    out.append(ByteView(data, static_cast<std::size_t>(size)));
  }
  events_ = nullptr;
  out_ = nullptr;
}

void Http2Codec::drain() {
  if (draining_) return;
  draining_ = true;
  if (role_ == Role::Client) return;
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void Http2Codec::terminate(ErrorCode code) {
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code));
}

bool Http2Codec::finished() const {
  if (finished_) return true;
  if (role_ == Role::Client && (draining_ || goaway_received_) && open_count_ == 0) return true;
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace outrider::protocol
