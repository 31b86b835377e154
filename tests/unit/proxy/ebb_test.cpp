#include "proxy/lifecycle/ebb.hpp"

#include <doctest/doctest.h>

namespace outrider::proxy {
namespace {

constexpr std::uint64_t mib = 1 << 20;

// How often it was the moment in `calls` calls; everything above `in_use` goes back then.
int times(Ebb& ebb, std::uint64_t resident, int calls, std::uint64_t in_use) {
  int times = 0;
  for (int call = 0; call < calls; ++call) {
    if (!ebb.due(resident)) continue;
    ++times;
    ebb.gave_back(resident = in_use);
  }
  return times;
}

}  // namespace

TEST_CASE("what an attack left behind is given back once, a second after memory stopped growing") {
  Ebb ebb;
  CHECK(times(ebb, 10 * mib, 100, 10 * mib) == 0);
  for (std::uint64_t grown = 11 * mib; grown < 30 * mib; grown += mib) CHECK_FALSE(ebb.due(grown));
  CHECK(times(ebb, 30 * mib, 10, 10 * mib) == 0);
  CHECK(times(ebb, 30 * mib, 1, 10 * mib) == 1);
  CHECK(times(ebb, 10 * mib, 100, 10 * mib) == 0);
}

TEST_CASE("memory that is in use is asked for once, not again and again") {
  Ebb ebb;
  CHECK(times(ebb, 10 * mib, 100, 10 * mib) == 0);
  CHECK(times(ebb, 30 * mib, 1000, 30 * mib) == 1);
}

TEST_CASE("a little more than before, or an eighth of a large process, is let be") {
  Ebb ebb;
  CHECK(times(ebb, 4 * mib, 100, 4 * mib) == 0);
  CHECK(times(ebb, 5 * mib, 100, 4 * mib) == 0);
  Ebb large;
  CHECK(times(large, 800 * mib, 100, 800 * mib) == 0);
  CHECK(times(large, 900 * mib, 100, 800 * mib) == 0);
  CHECK(times(large, 901 * mib, 100, 800 * mib) == 1);
}

TEST_CASE("what is known to have been freed is given back in the next calm moment, at whatever level") {
  Ebb ebb;
  CHECK(times(ebb, 50 * mib, 100, 50 * mib) == 0);
  ebb.expect();
  CHECK(times(ebb, 51 * mib, 10, 40 * mib) == 0);  // it grows at first
  CHECK(times(ebb, 51 * mib, 1, 40 * mib) == 1);
  CHECK(times(ebb, 40 * mib, 100, 40 * mib) == 0);
}

}  // namespace outrider::proxy
