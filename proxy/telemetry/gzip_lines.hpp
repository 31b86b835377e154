#pragma once
// Lines of text as gzip (RFC 1952), for text in which each line is much like the last one of its name, as metrics
// are: what it shares with that one is found by comparing the two, where a compressor that knows nothing would
// search. The text is never there as a whole. One thread's.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace outrider::proxy {

// Whether a request's Accept-Encoding names gzip and does not weigh it 0 (RFC 9110, 12.5.3).
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding);

class GzipLines {
 public:
  GzipLines();
  // With its newline. Any bytes are right; what is like no line before is only written longer.
  void add(std::string_view line);
  // The whole of it; nothing may be added any more.
  [[nodiscard]] std::string finish();

 private:
  // A line that later ones may refer to.
  struct Seen {
    std::uint64_t at = 0;  // in the text
    std::size_t size = 0;  // 0: none yet
    std::size_t name = 0;  // of its bytes, the first so many
  };
  [[nodiscard]] std::string_view text_of(const Seen& seen) const;
  [[nodiscard]] bool in_reach(const Seen& seen) const;
  // Where in seen_ the last line of this name is, and true; or an unused place, or else the oldest.
  [[nodiscard]] std::pair<std::size_t, bool> place_of(std::string_view name) const;
  void write_like(std::string_view line, const Seen& other);
  void sum_up(std::string_view line);
  void literals(std::string_view bytes);
  void match(std::size_t length, std::uint64_t distance);
  void bits(std::uint64_t value, int count);  // at most 32
  void append_pending(int bytes);

  std::string out_;
  std::uint64_t pending_ = 0;  // bits that are no whole byte yet
  int pending_bits_ = 0;
  std::uint64_t crc_ = 0;      // of the text so far, as zlib has it
  std::size_t head_size_ = 0;  // of the newest line, its first so many bytes: their own checksum, and zlib's operator
  std::uint64_t head_crc_ = 0, head_shift_;  // that appends them
  std::uint64_t size_ = 0;     // of the text so far
  std::string window_;         // its end, at least as far back as may be referred to
  std::array<Seen, 8> seen_{};
  std::size_t newest_ = 0;     // in seen_
};

}  // namespace outrider::proxy
