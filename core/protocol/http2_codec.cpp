#include "core/protocol/http2_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "core/protocol/http2_memory.hpp"
#include "core/protocol/http2_stream.hpp"

namespace outrider::protocol {
namespace {

constexpr std::uint32_t most_informational = 100;  // 1xx before one answer

// Of what nghttp2 cannot go on after, not even to say goodbye.
Rejection rejection_of(ssize_t error) {
  switch (error) {
    case NGHTTP2_ERR_FLOODED: return Rejection::AckFlood;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: return Rejection::BadPreface;
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: return Rejection::HeaderFlood;
    default: return Rejection::ProtocolError;
  }
}

std::uint8_t* mutable_bytes(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

// Values that differ in every request would only push useful entries out of the HPACK table. One digit
// is among few.
std::uint8_t indexing(HeaderName id, std::string_view value) {
  switch (id) {
    case HeaderName::XEnvoyUpstreamServiceTime:
      return value.size() > 1 ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    case HeaderName::XRequestId:
    case HeaderName::ContentLength:
    case HeaderName::GrpcTimeout:
    case HeaderName::IdempotencyKey:
      return NGHTTP2_NV_FLAG_NO_INDEX;
    default:
      return NGHTTP2_NV_FLAG_NONE;
  }
}

}  // namespace

void FieldBlock::add(const HeaderField& field) {
  unsigned flags = held_;
  if (field.lasting_name) flags |= NGHTTP2_NV_FLAG_NO_COPY_NAME;
  if (field.id != HeaderName::Other && !first_) flags |= indexing(field.id, field.value);
  fields_.emplace_back(mutable_bytes(field.name), mutable_bytes(field.value), field.name.size(), field.value.size(),
                       static_cast<std::uint8_t>(flags));
}

void FieldBlock::add_all(const HeaderList& fields) {
  for (const HeaderField& field : fields.fields()) {
    if (!is_connection_specific(field)) add(field);
  }
}

FieldBlock& FieldBlock::fresh(Values values, bool first) {
  static thread_local FieldBlock block;
  block.fields_.clear();
  block.first_ = first;
  block.held_ = values == Values::Held ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE : NGHTTP2_NV_FLAG_NONE;
  return block;
}

Http2Codec::Http2Codec(Role role, const Http2Limits& limits) : role_(role), limits_(limits), gate_(role) {
  nghttp2_settings_entry settings[4];
  std::size_t count = 0;
  settings[count++] = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window};
  settings[count++] = {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                       static_cast<std::uint32_t>(limits.head.bytes)};
  if (role == Role::Server) {
    nghttp2_session_server_new3(&session_, Callbacks::table(), this, Callbacks::options(),
                                http2_memory());
    settings[count++] = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams};
  } else {
    nghttp2_session_client_new3(&session_, Callbacks::table(), this, Callbacks::options(),
                                http2_memory());
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
    Event& event = add_event(Event::Kind::Reset, stream, false);
    event.code = code;
    event.unprocessed = unprocessed;
    event.rejection = stream.rejection;
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

Event& Http2Codec::add_event(Event::Kind kind, H2Stream& stream, bool end_stream) {
  return events_->emplace_back(kind, end_stream, ErrorCode::NoError, false, &stream);
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
    add_event(Event::Kind::Trailers, stream, true).head = std::move(stream.incoming);
    return;
  }
  if (role_ == Role::Server) {
    if (stream.contradictory || !is_authority(head.authority)) {
      reject(stream, ":authority is no host, or differs from host");
      return;
    }
    stream.head_request = head.method == "HEAD";
    stream.announced = true;
    gate_.on_request();
  } else if (head.status < 100 || head.status > 599) {
    reject(stream, "the response's status is out of range");
    return;
  }
  join_cookies(head.fields);
  if (role_ == Role::Client && head.status < 200) {
    if (++stream.informational > most_informational) {
      reject(stream, "too many 1xx before an answer");
      return;
    }
    add_event(Event::Kind::Informational, stream, false).head = std::move(stream.incoming);
    return;
  }
  stream.head_received = true;
  stream.received = end_stream;
  add_event(Event::Kind::Head, stream, end_stream).head = std::move(stream.incoming);
}

void Http2Codec::receive(ByteView bytes, Events& events) {
  if (finished_ || rejected_) return;
  buried_.clear();
  std::size_t taken = 0;
  if (!waits()) {
    events_ = &events;
    taken = take(bytes);
    events_ = nullptr;
  }
  if (!finished_ && !rejected_) held_.append(bytes.subspan(taken));
}

void Http2Codec::begin_turn(std::size_t fields) {
  gate_.next_turn();
  fields_left_ = fields;
}

void Http2Codec::next_turn(Events& events) { resume(fields_a_turn, events); }

void Http2Codec::resume(std::size_t fields, Events& events) {
  const bool waited = waits();
  begin_turn(fields);
  resumed_.clear();
  std::swap(resumed_, held_);
  if (waited) receive(resumed_.view(), events);
}

// Hands nghttp2 what may pass now. It takes less when on_header() tells it to pause.
std::size_t Http2Codec::take(ByteView bytes) {
  admitted_ += gate_.admit(bytes.subspan(admitted_));
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes.data(), admitted_);
  if (taken < 0) {
    finished_ = true;
    tell(rejection_of(taken), *events_);
    return 0;
  }
  admitted_ -= static_cast<std::size_t>(taken);
  if (gate_.rejection() != Rejection::None) condemn(gate_.rejection());
  execute();
  return static_cast<std::size_t>(taken);
}

void Http2Codec::pass(std::int64_t seconds) {
  gate_.pass(seconds);
  large_heads_.pass(seconds);
  dropped_bytes_.pass(seconds);
}

void Http2Codec::end_of_input(Events& events) {
  // There is no next turn: an answer that is whole is one.
  if (holds_input()) resume(std::numeric_limits<std::size_t>::max(), events);
  abandon(events);
}

void Http2Codec::abandon(Events& events) {
  finished_ = true;
  events_ = &events;
  while (streams_) {
    H2Stream& stream = *streams_;
    stream.reason = "the connection was closed early";
    // A request that is still queued here was certainly not processed.
    close(stream, ErrorCode::Cancel, role_ == Role::Client && !stream.head_left);
  }
  events_ = nullptr;
}

Stream* Http2Codec::open(const Head& request, bool end_stream, void* user) {
  if (!can_open()) return nullptr;
  H2Stream* stream = new_stream(0, user);
  stream->outgoing = share(request);
  FieldBlock& block = FieldBlock::fresh(FieldBlock::Values::Held, !std::exchange(head_submitted_, true));
  block.add_pseudo(":method", request.method);
  block.add_pseudo(":scheme", request.scheme.empty() ? "http" : request.scheme);
  block.add_pseudo(":authority", request.authority);
  block.add_pseudo(":path", request.path);
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
  gate_.on_request();
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
  FieldBlock& block = FieldBlock::fresh(FieldBlock::Values::Copied);
  block.add_pseudo(":status", status);
  block.add_all(head.fields);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, block.data(),
                         block.size(), nullptr);
  ++stream.interim_queued;
}

void Http2Codec::send_head(Stream& handle, const Head& response, bool end_stream) {
  auto& stream = static_cast<H2Stream&>(handle);
  if (stream.broken || stream.head_sent) return;
  stream.outgoing = share(response);
  const fmt::format_int status(response.status);
  std::copy_n(status.data(), std::min(status.size(), stream.status.size()), stream.status.begin());
  FieldBlock& block = FieldBlock::fresh(FieldBlock::Values::Held, !std::exchange(head_submitted_, true));
  block.add_pseudo(":status", {stream.status.data(), std::min(status.size(), stream.status.size())});
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
  if (role_ == Role::Server && stream.head_sent && !stream.head_left) {
    // nghttp2 drops what is queued on a stream that is reset: the caller would not see that there
    // was an answer.
    stream.reset_behind_head = code;
    return;
  }
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id,
                            static_cast<std::uint32_t>(code));
}

void Http2Codec::credit(Stream& handle, std::size_t bytes) {
  nghttp2_session_consume_stream(session_, handle.id, bytes);
}

void Http2Codec::produce(Buffer& out, std::size_t limit, Events& events) {
  if (finished_) return;
  buried_.clear();
  if (!waits()) begin_turn();
  events_ = &events;
  out_ = &out;
  out_limit_ = limit;
  while (out.size() < limit) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (condemned_ != Rejection::None) execute();
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
  if (role_ == Role::Client && open_count_ == 0) {
    // A server that allows no stream is of no use either.
    const std::uint32_t allowed =
        nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    if (draining_ || goaway_received_ || allowed == 0) return true;
  }
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace outrider::protocol
