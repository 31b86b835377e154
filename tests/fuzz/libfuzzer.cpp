// One target, as libFuzzer calls it. TARGET is its name.

#include "tests/fuzz/checks.hpp"
#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const outrider::fuzz::Checks checks;
  outrider::fuzz::TARGET({data, size});
  return 0;
}
