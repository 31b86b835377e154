#pragma once
// What every HTTP/2 frame of a peer passes before nghttp2 reads it, by its header alone: nghttp2 1.52
// counts few of the frames that cost us something, and shows its caller not even all of them.
//
// Frames cost; what moves a request forward pays for them (CVE-2019-9512 to 9518, MadeYouReset).
// A turn takes so many requests and so many bytes of heads, so that no peer fills one (Rapid Reset, HPACK bombs).
// And two rules of RFC 9113 that nghttp2 is lenient about: no request on a stream that was passed over
// (section 5.1.1), nothing on a stream after its sender has ended it (section 5.1).
// Owned by a Http2Codec; pure: time is told by its owner.

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include "core/protocol/codec.hpp"

namespace outrider::protocol {

// So much at once, and so much more with each second.
class Allowance {
 public:
  constexpr Allowance(std::int64_t most, std::int64_t a_second)
      : most_(most), a_second_(a_second), left_(most) {}
  // False when it is used up.
  bool spend(std::int64_t amount = 1) { return (left_ -= amount) >= 0; }
  void earn(std::int64_t amount) { left_ = left_ + amount < most_ ? left_ + amount : most_; }
  void pass(std::int64_t seconds) { earn(seconds < most_ ? seconds * a_second_ : most_); }

 private:
  std::int64_t most_, a_second_, left_;
};

// Which of the last 128 streams of one side something holds for; of older ones nobody knows.
class RecentStreams {
 public:
  void mark(std::int64_t id) {
    if (id > highest_) {
      marked_ <<= static_cast<std::size_t>((id - highest_) / 2);
      highest_ = id;
    }
    const auto ago = static_cast<std::size_t>((highest_ - id) / 2);
    if (ago < marked_.size()) marked_.set(ago);
  }
  [[nodiscard]] bool has(std::int64_t id, bool if_unknown) const {
    if (id > highest_) return false;
    const auto ago = static_cast<std::size_t>((highest_ - id) / 2);
    return ago < marked_.size() ? marked_.test(ago) : if_unknown;
  }
  [[nodiscard]] std::int64_t highest() const { return highest_; }

 private:
  std::int64_t highest_ = -1;  // ids are odd
  std::bitset<128> marked_;
};

class Http2Gate {
 public:
  explicit Http2Gate(Role role) : role_(role), preface_left_(role == Role::Server ? 24 : 0) {}

  // How many of `bytes` may pass now. When it is not all of them, the turn has seen enough of heads,
  // or rejection() says why nothing may follow.
  [[nodiscard]] std::size_t admit(ByteView bytes);
  [[nodiscard]] Rejection rejection() const { return rejection_; }
  // A header block has begun and not ended, whatever becomes of it.
  [[nodiscard]] bool reading_head() const {
    return head_ == HeadPart::More || (head_ == HeadPart::Last && payload_left_ > 0);
  }
  void next_turn() {
    requests_ = 0;
    head_bytes_left_ = head_refused_ && reading_head() ? refused_head_bytes_a_turn : head_bytes_a_turn;
  }
  // The head that is being read is answered already: nobody waits for the rest of it.
  void refuse_head() { head_refused_ = true; }

  // What pays.
  void on_request() { frames_.earn(frames_a_request); }
  void on_data_received() { frames_.earn(2); }  // itself, and one more
  void on_data_sent() { frames_.earn(frames_a_data_frame); }
  void on_response_sent() { resets_.earn(1); }
  void pass(std::int64_t seconds) {
    frames_.pass(seconds);
    resets_.pass(seconds);
  }

 private:
  // Envoy's proportions: 100 PRIORITY a stream, 10 WINDOW_UPDATE a DATA frame.
  static constexpr std::int64_t frames_a_request = 100, frames_a_data_frame = 10;
  static constexpr std::uint32_t requests_a_turn = 64;
  static constexpr std::size_t head_bytes_a_turn = 4 * 1024, refused_head_bytes_a_turn = 512;

  enum class HeadPart : std::uint8_t { None, More, Last };  // of a head, in the frame that came last

  [[nodiscard]] std::size_t admit_payload(std::size_t most);
  [[nodiscard]] bool admit_frame();
  [[nodiscard]] Rejection refusal(std::uint8_t type, std::int64_t id) const;

  Role role_;
  std::size_t preface_left_;
  std::size_t payload_left_ = 0;
  HeadPart head_ = HeadPart::None;
  bool head_refused_ = false;
  std::array<std::uint8_t, 9> header_{};
  std::size_t header_size_ = 0;
  RecentStreams opened_;        // by the peer: those between were passed over
  RecentStreams ended_;         // by the peer, with END_STREAM or RST_STREAM
  std::uint32_t requests_ = 0;  // in this turn
  std::size_t head_bytes_left_ = head_bytes_a_turn;
  Allowance frames_{1000, 100};
  Allowance resets_{500, 50};  // by the peer, of requests that were not answered
  Rejection rejection_ = Rejection::None;
};

}  // namespace outrider::protocol
