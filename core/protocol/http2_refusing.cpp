// Http2Codec towards a peer that breaks the rules: one stream refused, or the whole connection.

#include <fmt/format.h>

#include <algorithm>

#include "core/protocol/http2_stream.hpp"

namespace outrider::protocol {
namespace {

// What nghttp2 itself does not count: a peer may make us reset this many streams, then it has to go
// (MadeYouReset, CVE-2025-8671).
constexpr std::size_t most_violations = 100;
// Streams beyond the number that we allow: some may be on their way before our SETTINGS arrive.
constexpr std::size_t most_refused_streams = 1000;

ErrorCode code_of(Rejection why) {
  switch (why) {
    case Rejection::ProtocolError: return ErrorCode::ProtocolError;
    case Rejection::EndedStream: return ErrorCode::StreamClosed;
    case Rejection::SettingsTimeout: return ErrorCode::SettingsTimeout;
    default: return ErrorCode::EnhanceYourCalm;
  }
}

// Of a GOAWAY that nghttp2 sends by itself.
Rejection rejection_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::CompressionError: return Rejection::CompressionError;
    case ErrorCode::InternalError: return Rejection::ResetFlood;  // the code of nghttp2's own limit
    default: return Rejection::ProtocolError;
  }
}

}  // namespace

void Http2Codec::reject(H2Stream& stream, std::string_view reason) {
  stream.rejected = true;
  stream.incoming.reset();
  stream.reason = reason;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_PROTOCOL_ERROR);
}

// The owner never hears of the stream.
void Http2Codec::refuse_large_head(H2Stream& stream, bool end_stream) {
  stream.incoming.reset();
  stream.rejected = true;
  stream.received = end_stream;  // without it, a reset follows the answer
  FieldBlock& block = FieldBlock::fresh(FieldBlock::Values::Held);
  block.add_pseudo(":status", "431");
  nghttp2_submit_response(session_, stream.id, block.data(), block.size(), nullptr);
  add_refusal(431, Rejection::HeadTooLarge, sentence(Rejection::HeadTooLarge));
  if (!large_heads_.spend()) condemn(Rejection::HeaderFlood);
}

// Eight times the weight: the turn has better to do.
void Http2Codec::drop_field(std::size_t bytes) {
  fields_left_ -= std::min<std::size_t>(fields_left_, 7);
  if (!dropped_bytes_.spend(static_cast<std::int64_t>(bytes))) condemn(Rejection::HeaderFlood);
}

// A reset that was not the owner's: nghttp2's or ours, for what the peer did.
void Http2Codec::on_reset_sent(H2Stream* stream, ErrorCode code) {
  if (code == ErrorCode::RefusedStream) {
    if (stream) return;  // a GOAWAY was on its way: no fault
    add_refusal(0, Rejection::TooManyStreams, sentence(Rejection::TooManyStreams));
    if (++refused_streams_ == most_refused_streams) condemn(Rejection::BrokenStreams);
    return;
  }
  const bool message = code == ErrorCode::ProtocolError;
  const Rejection why = message ? Rejection::MalformedMessage : Rejection::ProtocolError;
  if (stream) stream->rejection = why;
  add_refusal(0, why, stream && !stream->reason.empty() ? stream->reason : sentence(why));
  if (++violations_ == most_violations) condemn(Rejection::BrokenStreams);
}

void Http2Codec::on_goaway_sent(ErrorCode code, std::string_view debug) {
  if (code != ErrorCode::NoError) tell(rejection_of(code), *events_, debug);
}

void Http2Codec::add_refusal(int status, Rejection why, std::string_view reason) {
  Event event{.kind = Event::Kind::Refused};
  event.status = status;
  event.reason = reason;
  event.rejection = why;
  events_->push_back(std::move(event));
}

void Http2Codec::condemn(Rejection why) {
  if (condemned_ == Rejection::None) condemned_ = why;
}

void Http2Codec::execute() {
  if (condemned_ == Rejection::None || rejected_) return;
  tell(condemned_, *events_);
  terminate(code_of(condemned_));
}

void Http2Codec::tell(Rejection why, Events& events, std::string_view detail) {
  if (rejected_) return;
  rejected_ = true;
  told_ = detail.empty() ? std::string(sentence(why)) : fmt::format("{}: {}", sentence(why), detail);
  Event event{.kind = Event::Kind::Violation};
  event.rejection = why;
  event.reason = told_;
  events.push_back(std::move(event));
}

void Http2Codec::give_up(Rejection why, Events& events) {
  tell(why, events);
  terminate(code_of(why));
}

}  // namespace outrider::protocol
