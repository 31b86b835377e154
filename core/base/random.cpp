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
  // Both digits of every byte, and where each of the 16 bytes stands.
  static constexpr auto pairs = [] {
    std::array<char, 512> digits{};
    for (std::size_t i = 0; i < 256; ++i) {
      digits[2 * i] = "0123456789abcdef"[i >> 4];
      digits[2 * i + 1] = "0123456789abcdef"[i & 0xf];
    }
    return digits;
  }();
  static constexpr std::uint8_t places[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
  const std::uint64_t words[2] = {(next() & 0xffffffffffff0fffULL) | 0x4000ULL,
                                  (next() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL};
  std::array<char, 36> text;
  text[8] = text[13] = text[18] = text[23] = '-';
  for (std::size_t i = 0; i < 16; ++i) {
    const auto byte = static_cast<std::size_t>(words[i / 8] >> (56 - 8 * (i % 8))) & 0xff;
    std::memcpy(&text[places[i]], &pairs[2 * byte], 2);
  }
  return text;
}

}  // namespace outrider
