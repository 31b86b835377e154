#include "core/protocol/http1_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/protocol/http1_message.hpp"
#include "core/protocol/status_text.hpp"

namespace outrider::protocol {
namespace {

constexpr std::size_t high_watermark = 64 * 1024;  // received body that has not left yet
constexpr std::size_t worth_swapping = 8 * 1024;   // output that is handed over, memory and all, instead of copied

// What came over HTTP/2 was checked by nghttp2; a line break here would smuggle (H1-12). Eight bytes at a
// time: bit 7 is set in those below 0x0e, and only then a closer look is needed.
bool breaks_line(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = ones * 0x80;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data(), sizeof bytes);
    if (((bytes - ones * 0x0e) & ~bytes & high) != 0) break;
    text.remove_prefix(sizeof bytes);
  }
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Inlined, so that a literal is written by a few moves.
[[gnu::always_inline]] inline char* copy_to(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

template <typename... Parts>
void write(Buffer& out, const Parts&... parts) {
  char* at = out.extend((std::string_view(parts).size() + ...));
  ((at = copy_to(at, parts)), ...);
}

// `length`: the only content-length that may be written, null for none.
void write_fields(Buffer& out, const HeaderList& fields, const HeaderField* length = nullptr) {
  for (const HeaderField& field : fields.fields()) {
    if (is_connection_specific(field)) continue;
    if (field.id == HeaderName::ContentLength && &field != length) continue;
    if (field.id == HeaderName::Other) {
      if (field.name.empty() || breaks_line(field.name)) continue;
      if (field.name.find(':') != std::string_view::npos) continue;
    }
    if (breaks_line(field.value)) continue;
    write(out, field.name, ": ", field.value, "\r\n");
  }
}

void write_status_line(Buffer& out, int status) {
  const fmt::format_int digits(status);
  write(out, "HTTP/1.1 ", std::string_view(digits.data(), digits.size()), " ", status_text(status), "\r\n");
}

}  // namespace

Http1Codec::Http1Codec(Role role, HeadLimits limits) : role_(role), limits_(limits) {}
Http1Codec::~Http1Codec() = default;

Stream* Http1Codec::open(const Head& request, bool end_stream, void* user) {
  if (!can_open()) return nullptr;
  for (std::string_view part : {request.method, request.path, request.authority}) {
    if (breaks_line(part) || part.find(' ') != std::string_view::npos) return nullptr;
  }
  stream_ = std::make_unique<Message>();
  stream_->id = next_id_++;
  stream_->user = user;
  stream_->head_request = request.method == "HEAD";
  if (!request.upgrade.empty()) stream_->upgrade = request.upgrade;
  write(output_, request.method, " ", request.path, " HTTP/1.1\r\nhost: ", request.authority, "\r\n");
  begin_body(request, end_stream, true);
  return stream_.get();
}

bool Http1Codec::can_open() const {
  return role_ == Role::Client && !stream_ && !finished_ && !draining_ && !close_after_ &&
         input_.empty();
}

void Http1Codec::send_informational(Stream& stream, const Head& head) {
  if (&stream != stream_.get() || stream_->broken || stream_->head_sent) return;
  if (stream_->http10_peer || head.status == 101) return;
  if (head.status == 100) stream_->continued = true;
  write_status_line(output_, head.status);
  write_fields(output_, head.fields);
  output_.append("\r\n");
}

void Http1Codec::send_head(Stream& stream, const Head& response, bool end_stream) {
  if (&stream != stream_.get() || stream_->broken || stream_->head_sent) return;
  write_status_line(output_, response.status);
  if (!stream_->upgrade.empty() && response.status == 101) {
    stream_->head_sent = true;
    write_fields(output_, response.fields);
    write_upgrade();
    become_tunnel();
    return;
  }
  if (!stream_->upgrade.empty()) {
    stream_->upgrade.clear();
    stream_->received = true;
    close_after_ = true;
  }
  // Nor is more of a request awaited whose time is over (RFC 9110 section 15.5.9).
  if (response.status == 408 && !stream_->received) close_after_ = true;
  // A client that waits for 100-continue and is refused may send the body or not: close.
  if (stream_->expects_continue && !stream_->continued && !stream_->received) close_after_ = true;
  begin_body(response, end_stream, false);
}

// Writes the fields and decides how the body is framed.
void Http1Codec::begin_body(const Head& head, bool end_stream, bool request) {
  Message& message = *stream_;
  message.head_sent = true;
  const HeaderField* length = head.fields.find(HeaderName::ContentLength);
  const auto known = length ? parse_content_length(length->value) : std::nullopt;
  message.no_body_out = !request && (head.status == 204 || head.status == 304 ||
                                     message.head_request);
  if (request && !message.upgrade.empty()) {
    write_fields(output_, head.fields);
    write_upgrade();
    return;
  }
  // 204 has no content-length (RFC 9110 section 8.6), nor has what is not a number.
  write_fields(output_, head.fields, known && head.status != 204 ? length : nullptr);
  if (message.no_body_out) {
    // Its content-length, if any, describes what GET would have sent.
  } else if (known) {
    message.length_known = true;
    message.length_left = *known;
  } else if (end_stream) {
    const bool bodyless = request && (head.method == "GET" || head.method == "HEAD" ||
                                      head.method == "DELETE" || head.method == "OPTIONS");
    if (!bodyless) output_.append("content-length: 0\r\n");
  } else if (message.http10_peer) {
    close_after_ = true;
  } else {
    message.chunked_out = true;
    output_.append("transfer-encoding: chunked\r\n");
  }
  if (!request) {
    if (!message.keep_alive || draining_ || close_after_) {
      output_.append("connection: close\r\n");
      close_after_ = true;
    } else if (message.http10_peer) {
      output_.append("connection: keep-alive\r\n");
    }
  }
  output_.append("\r\n");
  if (end_stream) finish_body();
}

void Http1Codec::write_upgrade() {
  write(output_, "connection: upgrade\r\nupgrade: ", stream_->upgrade, "\r\n\r\n");
}

void Http1Codec::become_tunnel() {
  stream_->tunnel = true;
  stream_->upgrade.clear();
  stream_->received = false;
  stream_->body = BodyReader({.kind = Framing::Kind::UntilClose}, limits_);
  close_after_ = true;
}

bool Http1Codec::half_closed() const {
  return stream_ && stream_->tunnel && stream_->sent && output_.empty();
}

void Http1Codec::send_data(Stream& stream, ByteView bytes, bool end_stream) {
  if (&stream != stream_.get() || stream_->broken || stream_->sent || !stream_->head_sent) return;
  Message& message = *stream_;
  message.queued += bytes.size();  // what is dropped below has left the queue as well
  if (!bytes.empty() && !message.no_body_out) {
    if (message.chunked_out) {
      char line[24];
      const auto end = fmt::format_to_n(line, sizeof line, "{:x}\r\n", bytes.size());
      output_.append(std::string_view(line, end.size));
      output_.append(bytes);
      output_.append("\r\n");
    } else {
      if (message.length_known) {
        // More than was promised would be read as the next message: never sent.
        if (bytes.size() > message.length_left) {
          bytes = bytes.first(static_cast<std::size_t>(message.length_left));
          close_after_ = true;
        }
        message.length_left -= bytes.size();
      }
      output_.append(bytes);
    }
  }
  if (end_stream) finish_body();
}

void Http1Codec::send_trailers(Stream& stream, const HeaderList& trailers) {
  if (&stream != stream_.get() || stream_->broken || stream_->sent || !stream_->head_sent) return;
  if (!stream_->chunked_out) {
    finish_body();  // no place for trailers without chunks
    return;
  }
  output_.append("0\r\n");
  write_fields(output_, trailers);
  output_.append("\r\n");
  stream_->chunked_out = false;
  finish_body();
}

void Http1Codec::finish_body() {
  Message& message = *stream_;
  if (message.chunked_out) output_.append("0\r\n\r\n");
  // Less than was promised: the peer must not take it for the whole.
  if (message.length_known && message.length_left > 0) {
    close_after_ = true;
    if (role_ == Role::Client) finished_ = true;  // no answer can follow half a request
  }
  message.sent = true;
  maybe_complete();
}

void Http1Codec::reset(Stream& stream, ErrorCode) {
  if (&stream != stream_.get() || stream_->broken) return;
  if (stream_->sent && stream_->received) return;  // nothing is left to break off
  // HTTP/1 has no other way to break off than to close without the end of the message.
  stream_->broken = true;
  finished_ = true;
}

void Http1Codec::credit(Stream& stream, std::size_t bytes) {
  if (&stream != stream_.get()) return;
  stream_->uncredited -= std::min(bytes, stream_->uncredited);
}

bool Http1Codec::wants_input() const {
  if (finished_) return false;
  if (!stream_) return true;
  // While a response is awaited, keep an eye on the socket (client cancel), but bounded.
  if (stream_->received || !stream_->upgrade.empty()) return input_.size() < high_watermark;
  if (stream_->tunnel) return stream_->uncredited < high_watermark;
  // After an early answer the rest of the request is read and thrown away, up to a limit.
  if (role_ == Role::Server && stream_->sent) return !close_after_;
  return stream_->uncredited < high_watermark;
}

void Http1Codec::maybe_complete() {
  Message& message = *stream_;
  if (role_ == Role::Client && message.received && !message.sent && !message.tunnel) {
    // Answered before the request was whole: its rest is not wanted, nor is the connection.
    output_.clear();
    close_after_ = finished_ = true;
  }
}

void Http1Codec::abandon(Events& events) {
  finished_ = true;
  if (!stream_) return;
  const bool sent = stream_->sent && output_.empty();
  const bool whole = stream_->tunnel ? sent && stream_->received
                                     : role_ == Role::Client ? stream_->received : sent;
  if (!whole) {
    break_off(events, ErrorCode::Cancel, "the connection was closed early");
  }
  retire_message(events);
  retired_ = std::move(stream_);
}

void Http1Codec::retire_message(Events& events) {
  Event event{.kind = Event::Kind::Closed};
  event.stream = stream_.get();
  events.push_back(std::move(event));
}

bool Http1Codec::move_output(Buffer& out, std::size_t limit) {
  if (out.empty() && output_.size() >= worth_swapping && output_.size() <= limit) {
    std::swap(out, output_);
    return true;
  }
  const std::size_t take =
      out.size() < limit ? std::min(limit - out.size(), output_.size()) : 0;
  if (take == 0) return false;
  out.append(output_.view().first(take));
  output_.consume(take);
  return true;
}

void Http1Codec::produce(Buffer& out, std::size_t limit, Events& events) {
  const bool moved = move_output(out, limit);
  if (!stream_) return;
  if (moved) stream_->head_left = true;
  Message& message = *stream_;
  if (message.tunnel) read(events);  // what came before the switch was held
  // Framing bytes are few: what is left in the output bounds what is left of the body.
  const std::size_t left = std::min(message.queued, output_.size());
  if (left < message.queued) {
    Event event{.kind = Event::Kind::Drained};
    event.stream = &message;
    event.bytes = message.queued - left;
    message.queued = left;
    events.push_back(std::move(event));
  }
  if (!output_.empty()) return;
  const bool half = role_ == Role::Server ? message.sent : message.received;
  const bool over = (message.sent && message.received) || (half && close_after_ && !message.tunnel);
  if (finished_ && !over) break_off(events, ErrorCode::Cancel, "connection closed");
  if (!over && !message.broken) return;
  retire_message(events);
  retired_ = std::move(stream_);
  if (close_after_ || (role_ == Role::Client && (draining_ || !input_.empty()))) finished_ = true;
  if (!finished_ && role_ == Role::Server) {
    read(events);
    if (finished_) move_output(out, limit);  // why the next request is refused
  }
}

}  // namespace outrider::protocol
