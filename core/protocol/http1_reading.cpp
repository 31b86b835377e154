// Http1Codec's reading half: heads and bodies in, events out; and what a wrong one is answered.

#include <fmt/format.h>

#include <utility>

#include "core/base/ascii.hpp"
#include "core/protocol/http1_message.hpp"
#include "core/protocol/status_text.hpp"

namespace outrider::protocol {

constexpr std::size_t most_discarded = 256 * 1024;  // of a request body nobody wants any more
constexpr std::size_t most_informational = 32;  // 1xx heads before an answer

void Http1Codec::receive(ByteView bytes, Events& events) {
  if (finished_) return;
  if (input_.empty()) {
    fresh_ = bytes;
  } else {
    input_.append(bytes);
  }
  read(events);
  input_.append(std::exchange(fresh_, {}));
}

void Http1Codec::consume(std::size_t count) {
  if (input_.empty()) {
    fresh_ = fresh_.subspan(count);
  } else {
    input_.consume(count);
  }
}

void Http1Codec::read(Events& events) {
  while (!finished_) {
    if (role_ == Role::Server && !stream_) {
      if (!read_head(events)) return;
    } else if (stream_ && !stream_->head_received) {
      if (!read_head(events)) return;
    } else if (stream_ && !stream_->received) {
      if (!stream_->upgrade.empty() || !read_body(events)) return;
    } else {
      // A server's pipelined request waits; bytes that no request asked for end a client's use.
      if (role_ == Role::Client && !stream_ && !pending().empty()) finished_ = true;
      return;
    }
  }
}

bool Http1Codec::read_head(Events& events) {
  if (role_ == Role::Server && !empty_line_seen_ && text_of(pending()).starts_with("\r\n")) {
    consume(2);  // one empty line before a request is tolerated (RFC 9112 section 2.2)
    empty_line_seen_ = true;
    scanned_ = 0;
  }
  const std::string_view all = text_of(pending());
  if (all.empty()) return false;
  const std::size_t limit = limits_.bytes + 16 * 1024;  // fields, and the start line
  // Another protocol altogether is told by its first bytes: it may never send what ends a head.
  constexpr std::string_view version = "HTTP/1.";
  if (role_ == Role::Client && !all.starts_with(version.substr(0, all.size()))) {
    on_refused({502, "the answer is not HTTP/1"}, events);
    return false;
  }
  // Nothing beyond the limit is looked at, so that the answer does not depend on how much came.
  const std::string_view text = all.substr(0, limit + 1);
  std::size_t end = 0;
  for (std::size_t at = text.find('\n', scanned_ ? scanned_ - 1 : 0); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') {
      on_refused({400, "a line ends in a bare LF"}, events);
      return false;
    }
    if (at >= 3 && text[at - 2] == '\n' && text[at - 3] == '\r') {
      end = at + 1;
      break;
    }
  }
  scanned_ = text.size();
  if (end == 0 ? text.size() > limit : end > limit) {
    const bool line_ended = text.find("\r\n") != std::string_view::npos;
    on_refused(line_ended ? Refusal{431, "the head is too large", Rejection::HeadTooLarge}
                          : Refusal{414, "the target is too long", Rejection::TargetTooLong},
               events);
    return false;
  }
  if (end == 0) return false;

  HeadPtr head = make_head();
  const std::string_view block = text.substr(0, end);
  const auto parsed = role_ == Role::Server
                          ? parse_request_head(block, limits_, *head)
                          : parse_response_head(block, limits_, stream_->head_request, *head);
  if (!parsed) {
    on_refused(parsed.error(), events);
    return false;
  }
  consume(end);
  scanned_ = 0;
  empty_line_seen_ = false;

  if (role_ == Role::Client && head->status == 101) {
    if (stream_->upgrade.empty() || !ascii::equals_ignoring_case(head->upgrade, stream_->upgrade)) {
      on_refused({502, "101 to a protocol that was not asked for"}, events);
      return false;
    }
    become_tunnel();
    stream_->head_received = true;
    Event event{.kind = Event::Kind::Head};
    event.stream = stream_.get();
    event.head = std::move(head);
    events.push_back(std::move(event));
    return true;
  }
  if (role_ == Role::Client && head->status < 200) {
    if (++stream_->informational > most_informational) {
      on_refused({502, "informational responses without an end"}, events);
      return false;
    }
    Event event{.kind = Event::Kind::Informational};
    event.stream = stream_.get();
    event.head = std::move(head);
    events.push_back(std::move(event));
    return true;
  }
  if (role_ == Role::Server) {
    stream_ = std::make_unique<Message>();
    stream_->id = next_id_++;
    stream_->head_request = head->method == "HEAD";
    stream_->http10_peer = head->version == HttpVersion::Http10;
    stream_->expects_continue = parsed->expects_continue;
    if (!head->upgrade.empty()) stream_->upgrade = head->upgrade;
  } else if (!stream_->upgrade.empty()) {
    stream_->upgrade.clear();  // refused: nothing more is sent
    stream_->sent = true;
    close_after_ = true;
  }
  Message& message = *stream_;
  message.head_received = true;
  // Behind CONNECT comes what is for the tunnel that there will be none of: not the next request.
  message.keep_alive = parsed->keep_alive && head->method != "CONNECT";
  if (role_ == Role::Client && !parsed->keep_alive) close_after_ = true;
  message.body = BodyReader(parsed->framing, limits_);
  message.received = message.upgrade.empty() &&
                     (parsed->framing.kind == Framing::Kind::None ||
                      (parsed->framing.kind == Framing::Kind::Length && parsed->framing.length == 0));
  Event event{.kind = Event::Kind::Head, .end_stream = message.received};
  event.stream = &message;
  event.head = std::move(head);
  events.push_back(std::move(event));
  maybe_complete();
  return !message.received;
}

bool Http1Codec::read_body(Events& events) {
  Message& message = *stream_;
  // Events point into the bytes, which stay where they are: input_ does not move before receive() appends.
  const ByteView bytes = pending();
  if (bytes.empty()) return false;
  std::size_t used = 0;
  while (used < bytes.size() && !message.received) {
    const auto step = message.body.next(bytes.subspan(used));
    if (!step) {
      consume(used);
      on_refused(step.error(), events);
      return false;
    }
    used += step->consumed;
    const bool trailers = step->complete && !message.body.trailers().empty();
    message.received = step->complete;
    if (message.sent && role_ == Role::Server && !message.tunnel) {
      message.discarded += step->consumed;
      if (message.discarded > most_discarded) close_after_ = true;
      continue;
    }
    if (!step->data.empty() || (step->complete && !trailers)) {
      Event event{.kind = Event::Kind::Data, .end_stream = step->complete && !trailers};
      event.stream = &message;
      event.data = step->data;
      message.uncredited += step->data.size();
      events.push_back(std::move(event));
    }
    if (trailers) {
      Event event{.kind = Event::Kind::Trailers, .end_stream = true};
      event.stream = &message;
      event.head = make_head();
      event.head->fields = std::move(message.body.trailers());
      events.push_back(std::move(event));
    }
  }
  consume(used);
  if (message.received) maybe_complete();
  return false;
}

void Http1Codec::on_refused(const Refusal& refusal, Events& events) {
  if (role_ == Role::Client) {
    finished_ = true;
    break_off(events, ErrorCode::ProtocolError, refusal.reason);
    tell(refusal.rejection, refusal.reason, events);
    return;
  }
  if (stream_ && stream_->sent) {
    // The answer is complete, only the rest of the request was still thrown away.
    stream_->received = true;
    close_after_ = true;
    tell(refusal.rejection, refusal.reason, events);
    return;
  }
  if (stream_) {
    // The request's body went wrong. Answer for it unless an answer is under way.
    const bool answer = !stream_->head_sent;
    break_off(events, ErrorCode::ProtocolError, refusal.reason);
    if (!answer) {
      finished_ = true;
      tell(refusal.rejection, refusal.reason, events);
      return;
    }
  }
  finished_ = true;
  if (refusal.status > 0) refuse_all(refusal.status, refusal.reason, output_);
  Event event{.kind = Event::Kind::Refused};
  event.status = refusal.status;
  event.reason = refusal.reason;
  event.rejection = refusal.rejection;
  events.push_back(std::move(event));
}

void Http1Codec::give_up(Rejection why, Events& events) {
  if (reading_head()) {
    on_refused({408, "the request's head did not come in time", why}, events);
  } else {
    finished_ = true;
  }
}

// For the connection, which counts it when it ends.
void Http1Codec::tell(Rejection why, std::string_view reason, Events& events) {
  Event event{.kind = Event::Kind::Violation};
  event.rejection = why;
  event.reason = reason;
  events.push_back(std::move(event));
}

void Http1Codec::refuse_all(int status, std::string_view reason, Buffer& out) {
  out.append(fmt::format("HTTP/1.1 {} {}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n"
                         "connection: close\r\n\r\n{}\n",
                         status, status_text(status), reason.size() + 1, reason));
  finished_ = true;
}

void Http1Codec::break_off(Events& events, ErrorCode code, std::string_view reason) {
  if (!stream_ || stream_->broken) return;
  stream_->broken = true;
  Event event{.kind = Event::Kind::Reset};
  event.stream = stream_.get();
  event.code = code;
  event.unprocessed = role_ == Role::Client && !stream_->head_left;
  event.reason = reason;
  events.push_back(std::move(event));
}

void Http1Codec::end_of_input(Events& events) {
  close_after_ = true;
  if (!stream_ || stream_->broken) {
    finished_ = true;
    return;
  }
  Message& message = *stream_;
  if (message.tunnel) {
    read(events);
    if (message.received) return;
    message.received = true;
    Event event{.kind = Event::Kind::Data, .end_stream = true};
    event.stream = &message;
    events.push_back(std::move(event));
    return;
  }
  if (role_ == Role::Client && message.head_received && !message.received &&
      message.body.ends_at_close()) {
    message.received = true;
    Event event{.kind = Event::Kind::Data, .end_stream = true};
    event.stream = &message;
    events.push_back(std::move(event));
    maybe_complete();
    return;
  }
  if (role_ == Role::Client ? message.received : message.sent) return;  // its end is on its way
  // A client that closes has given up, as Envoy and nginx take it: HTTP/1 has no other cancel.
  break_off(events, ErrorCode::Cancel, "the connection was closed early");
  finished_ = true;
}

}  // namespace outrider::protocol
