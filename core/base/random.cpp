#include "core/base/random.hpp"

#include <bit>
#include <cstring>
#include <random>

namespace outrider {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t split_mix(std::uint64_t& x) {
  x += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// The eight digits of the lower 32 bits, as they stand in memory: all at once, a byte each.
std::uint64_t hex(std::uint64_t bits) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t nibbles = std::byteswap(static_cast<std::uint32_t>(bits));
  nibbles = (nibbles | nibbles << 16) & 0x0000ffff0000ffff;
  nibbles = (nibbles | nibbles << 8) & 0x00ff00ff00ff00ff;
  nibbles = (nibbles >> 4 | nibbles << 8) & (ones * 0x0f);
  const std::uint64_t letters = (nibbles + ones * 6) >> 4 & ones;  // 1 where the digit is one
  return nibbles + ones * '0' + letters * ('a' - '0' - 10);
}

std::uint64_t seed_from_system() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Random::Random() : Random(seed_from_system()) {}

Random::Random(std::uint64_t seed) {
  for (auto& word : state_) word = split_mix(seed);
}

std::uint64_t Random::next() {
  auto& s = state_;
  const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
  const std::uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = std::rotl(s[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Multiply-shift (Lemire): the bias is below bound / 2^64.
  return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
}

std::array<char, 36> Random::uuid4() {
  const std::uint64_t high = (next() & 0xffffffffffff0fffULL) | 0x4000ULL;
  const std::uint64_t low = (next() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  const auto digits = std::bit_cast<std::array<char, 32>>(std::array{hex(high >> 32), hex(high), hex(low >> 32), hex(low)});
  std::array<char, 36> text;
  text[8] = text[13] = text[18] = text[23] = '-';
  std::memcpy(&text[0], &digits[0], 8);
  std::memcpy(&text[9], &digits[8], 4);
  std::memcpy(&text[14], &digits[12], 4);
  std::memcpy(&text[19], &digits[16], 4);
  std::memcpy(&text[24], &digits[20], 12);
  return text;
}

}  // namespace outrider
