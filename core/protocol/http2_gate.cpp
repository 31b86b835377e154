#include "core/protocol/http2_gate.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

namespace outrider::protocol {

std::size_t Http2Gate::admit(ByteView bytes) {
  std::size_t at = std::min(preface_left_, bytes.size());
  preface_left_ -= at;
  while (at < bytes.size()) {
    at += admit_payload(bytes.size() - at);
    if (payload_left_ > 0) return at;  // of which more has to come, or may only come in the next turn
    const std::size_t part = std::min(header_.size() - header_size_, bytes.size() - at);
    std::memcpy(header_.data() + header_size_, bytes.data() + at, part);
    header_size_ += part;
    at += part;
    if (header_size_ < header_.size()) break;
    // A frame that may not pass lacks its header's last byte: nghttp2 never sees it begin.
    if (!admit_frame()) {
      --header_size_;
      return at - 1;
    }
    payload_left_ = static_cast<std::size_t>(header_[0] << 16 | header_[1] << 8 | header_[2]);
    header_size_ = 0;
  }
  return at;
}

std::size_t Http2Gate::admit_payload(std::size_t most) {
  std::size_t size = std::min(payload_left_, most);
  if (head_ != HeadPart::None && role_ == Role::Server) {
    size = std::min(size, head_bytes_left_);
    head_bytes_left_ -= size;
  }
  payload_left_ -= size;
  return size;
}

bool Http2Gate::admit_frame() {
  const std::uint8_t type = header_[3];
  const std::int64_t id = (header_[5] & 0x7f) << 24 | header_[6] << 16 | header_[7] << 8 | header_[8];
  const bool begins =
      role_ == Role::Server && type == NGHTTP2_HEADERS && id % 2 == 1 && id > opened_.highest();
  if (begins && requests_ == requests_a_turn) return false;
  rejection_ = refusal(type, id);
  if (type == NGHTTP2_RST_STREAM && role_ == Role::Server && !resets_.spend())
    rejection_ = Rejection::ResetFlood;
  if (!frames_.spend() && rejection_ == Rejection::None) rejection_ = Rejection::ControlFlood;
  if (rejection_ != Rejection::None) return false;

  const bool of_a_head = type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION;
  const bool last_of_it = (header_[4] & NGHTTP2_FLAG_END_HEADERS) != 0;
  head_ = !of_a_head ? HeadPart::None : last_of_it ? HeadPart::Last : HeadPart::More;
  if (type == NGHTTP2_HEADERS) head_refused_ = false;
  if (begins) {
    ++requests_;
    opened_.mark(id);
  }
  const bool carries = type == NGHTTP2_HEADERS || type == NGHTTP2_DATA;
  if (id % 2 == 1 &&
      (type == NGHTTP2_RST_STREAM || (carries && (header_[4] & NGHTTP2_FLAG_END_STREAM) != 0))) {
    ended_.mark(id);
  }
  return true;
}

// Streams of even numbers are nghttp2's to refuse, and DATA on streams that never were.
Rejection Http2Gate::refusal(std::uint8_t type, std::int64_t id) const {
  const bool carries = type == NGHTTP2_HEADERS || type == NGHTTP2_DATA;
  if (!carries || id % 2 == 0) return Rejection::None;
  if (ended_.has(id, false)) return Rejection::EndedStream;
  const bool passed_over =
      role_ == Role::Server && type == NGHTTP2_HEADERS && id < opened_.highest() && !opened_.has(id, true);
  return passed_over ? Rejection::ProtocolError : Rejection::None;
}

}  // namespace outrider::protocol
