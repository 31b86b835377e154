// Deflate (RFC 1951) with its fixed codes, one block.
#include "proxy/telemetry/gzip_lines.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/ascii.hpp"

namespace outrider::proxy {
namespace {

constexpr std::size_t reach = 32768, longest_match = 258;
constexpr std::size_t shortest_match = 4;  // shorter ones are longer than what they stand for
constexpr std::size_t window_size = 4 * reach;
constexpr int end_of_block = 256;

struct Code {
  std::uint16_t bits = 0;  // as written: the first bit lowest
  std::uint8_t count = 0;
};

constexpr std::uint16_t reversed(unsigned code, int count) {
  unsigned out = 0;
  for (int i = 0; i < count; ++i) out |= ((code >> i) & 1U) << (count - 1 - i);
  return static_cast<std::uint16_t>(out);
}

// Section 3.2.6.
constexpr std::array<Code, 288> symbols = [] {
  std::array<Code, 288> codes{};
  for (unsigned i = 0; i < codes.size(); ++i) {
    if (i < 144) codes[i] = {reversed(0x30 + i, 8), 8};
    else if (i < 256) codes[i] = {reversed(0x190 + i - 144, 9), 9};
    else if (i < 280) codes[i] = {reversed(i - 256, 7), 7};
    else codes[i] = {reversed(0xc0 + i - 280, 8), 8};
  }
  return codes;
}();

// A length or distance less its least, as section 3.2.5 has them: each further power of two has 2^`shift` codes.
struct Ranged {
  unsigned code;
  int extra_bits;
  std::uint64_t extra;
};
constexpr Ranged ranged(std::uint64_t value, int shift) {
  const auto width = static_cast<int>(std::bit_width(value));
  if (width <= shift + 1) return {static_cast<unsigned>(value), 0, 0};
  const int extra_bits = width - shift - 1;
  const auto step = static_cast<unsigned>(value >> extra_bits);  // its first shift + 1 bits
  return {(static_cast<unsigned>(extra_bits) << shift) + step, extra_bits, value & ((std::uint64_t{1} << extra_bits) - 1)};
}

std::size_t shared(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t n = 0;
  while (n + 32 <= most && std::memcmp(a.data() + n, b.data() + n, 32) == 0) n += 32;
  while (n < most && a[n] == b[n]) ++n;
  return n;
}

// How many bytes of both are passed over until they are alike again: a few where one text has replaced another of its
// length, or up to the end of the quoted value that they are in; else all.
std::pair<std::size_t, std::size_t> difference(std::string_view a, std::string_view b) {
  constexpr std::size_t furthest = 8;
  for (std::size_t n = 1; n <= furthest && n + shortest_match <= std::min(a.size(), b.size()); ++n) {
    if (a.substr(n, shortest_match) == b.substr(n, shortest_match)) return {n, n};
  }
  const std::size_t x = a.find('"'), y = b.find('"');
  if (x == a.npos || y == b.npos) return {a.size(), b.size()};
  return {std::max<std::size_t>(x, 1), std::max<std::size_t>(y, x == 0 ? 1 : 0)};
}

std::uint64_t crc_of(std::uint64_t before, std::string_view bytes) {
  return ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

}  // namespace

GzipLines::GzipLines() : head_shift_(::crc32_combine_gen(0)) {
  constexpr std::string_view header("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
  out_ = header;
  bits(0b011, 3);  // the last block, with fixed codes
}

void GzipLines::add(std::string_view line) {
  std::string_view name = line.substr(0, line.find('{'));
  name = name.substr(0, name.find(' '));
  const auto [place, known] = place_of(name);
  // Where none of its name is in reach, the line before it may still have much of it.
  write_like(line, seen_[known ? place : newest_]);
  sum_up(line);
  if (window_.size() + line.size() > window_size && window_.size() > reach) window_.erase(0, window_.size() - reach);
  window_ += line;
  seen_[place] = {size_, line.size(), name.size()};
  size_ += line.size();
  newest_ = place;
}

std::string GzipLines::finish() {
  bits(symbols[end_of_block].bits, symbols[end_of_block].count);
  bits(0, (8 - pending_bits_ % 8) % 8);
  bits(crc_, 32);
  bits(size_ & 0xffffffff, 32);
  append_pending(pending_bits_ / 8);
  return std::move(out_);
}

// The buckets of a histogram differ behind their last comma: what stands before it is summed up once.
void GzipLines::sum_up(std::string_view line) {
  const std::string_view head = line.substr(0, line.rfind(',') + 1);
  if (head.size() != head_size_ || !text_of(seen_[newest_]).starts_with(head)) {
    head_size_ = head.size();
    head_crc_ = crc_of(0, head);
    head_shift_ = ::crc32_combine_gen(static_cast<z_off_t>(head.size()));
  }
  crc_ = crc_of(::crc32_combine_op(crc_, head_crc_, head_shift_), line.substr(head.size()));
}

std::string_view GzipLines::text_of(const Seen& seen) const {
  return std::string_view(window_).substr(window_.size() - (size_ - seen.at), seen.size);
}

bool GzipLines::in_reach(const Seen& seen) const { return seen.size > 0 && size_ - seen.at <= reach; }

std::pair<std::size_t, bool> GzipLines::place_of(std::string_view name) const {
  std::size_t oldest = 0;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (in_reach(seen_[i]) && text_of(seen_[i]).substr(0, seen_[i].name) == name) return {i, true};
    if (seen_[i].size == 0 || (seen_[oldest].size > 0 && seen_[i].at < seen_[oldest].at)) oldest = i;
  }
  return {oldest, false};
}

void GzipLines::write_like(std::string_view line, const Seen& other) {
  if (!in_reach(other)) {
    literals(line);
    return;
  }
  std::string_view rest = line, theirs = text_of(other);
  const std::uint64_t between = size_ - other.at;
  while (!rest.empty()) {
    const std::size_t alike = shared(rest, theirs);
    // How far back the same bytes are depends on how much each line has had until here.
    const std::uint64_t distance = between + (line.size() - rest.size()) - (other.size - theirs.size());
    if (alike < shortest_match || distance > reach) {
      literals(rest.substr(0, alike));
    } else {
      for (std::size_t left = alike; left > 0;) {
        std::size_t length = std::min(left, longest_match);
        if (left > length && left - length < 3) length -= 3;  // what is left may not be too short for a match
        match(length, distance);
        left -= length;
      }
    }
    rest.remove_prefix(alike);
    theirs.remove_prefix(alike);
    if (rest.empty()) break;
    const auto [ours, passed] = difference(rest, theirs);
    literals(rest.substr(0, ours));
    rest.remove_prefix(ours);
    theirs.remove_prefix(passed);
  }
}

void GzipLines::literals(std::string_view bytes) {
  for (const char c : bytes) {
    const Code code = symbols[static_cast<unsigned char>(c)];
    bits(code.bits, code.count);
  }
}

void GzipLines::match(std::size_t length, std::uint64_t distance) {
  // 258 has a code of its own.
  const Ranged far = length == longest_match ? Ranged{28, 0, 0} : ranged(length - 3, 2);
  const Code symbol = symbols[257 + far.code];
  bits(symbol.bits, symbol.count);
  bits(far.extra, far.extra_bits);
  const Ranged back = ranged(distance - 1, 1);
  bits(reversed(back.code, 5), 5);
  bits(back.extra, back.extra_bits);
}

void GzipLines::append_pending(int bytes) {
  static_assert(std::endian::native == std::endian::little, "the lowest byte is the first");
  out_.append(reinterpret_cast<const char*>(&pending_), static_cast<std::size_t>(bytes));
  pending_ >>= 8 * bytes;
  pending_bits_ -= 8 * bytes;
}

void GzipLines::bits(std::uint64_t value, int count) {
  pending_ |= value << pending_bits_;
  pending_bits_ += count;
  if (pending_bits_ >= 32) append_pending(4);
}

bool takes_gzip(std::string_view accept_encoding) {
  for (const std::string_view coding : ascii::split(accept_encoding, ',')) {
    const std::size_t end = coding.find(';');
    if (!ascii::equals_ignoring_case(ascii::trim(coding.substr(0, end)), "gzip")) continue;
    const std::string_view weight = end == std::string_view::npos ? "" : ascii::trim(coding.substr(end + 1));
    return !weight.starts_with("q=0") || weight.find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

}  // namespace outrider::proxy
