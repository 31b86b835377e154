#pragma once
// Chance as an argument: a small, fast generator (xoshiro256++) that each worker owns.
// Not for keys: those come from OpenSSL.

#include <array>
#include <cstdint>

namespace outrider {

class Random {
 public:
  // Seeds from the operating system.
  Random();
  // Seeds from a number: the same number gives the same sequence. For tests.
  explicit Random(std::uint64_t seed);

  [[nodiscard]] std::uint64_t next();

  // Uniform in [0, bound); bound 0 gives 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);

  // A version 4 UUID in its 36 characters, as Envoy writes x-request-id.
  [[nodiscard]] std::array<char, 36> uuid4();

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace outrider
