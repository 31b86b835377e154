#include "proxy/lifecycle/overload.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace outrider::proxy {

TEST_CASE("memory sheds requests before connections, and neither turns on and off by a little") {
  struct Row {
    Load now;
    double used;
    Load next;
  };
  const Row rows[] = {
      {Load::Fine, 0.0, Load::Fine},         {Load::Fine, 0.949, Load::Fine},
      {Load::Fine, 0.95, Load::Shedding},    {Load::Fine, 0.99, Load::Full},
      {Load::Shedding, 0.91, Load::Shedding}, {Load::Shedding, 0.89, Load::Fine},
      {Load::Shedding, 0.98, Load::Full},    {Load::Full, 0.94, Load::Full},
      {Load::Full, 0.925, Load::Shedding},   {Load::Full, 0.5, Load::Fine},
  };
  for (const Row& row : rows) {
    CAPTURE(row.used);
    CHECK(next_load(row.now, row.used) == row.next);
  }
}

TEST_CASE("half of the descriptors are for callers, after those that the proxy needs itself") {
  CHECK(most_connections(0) == 16);
  CHECK(most_connections(64) == 16);
  CHECK(most_connections(128) == 32);
  CHECK(most_connections(1024) == 480);
  CHECK(most_connections(1 << 20) == 524'256);
  CHECK(most_connections(std::numeric_limits<std::uint64_t>::max()) == std::numeric_limits<std::uint32_t>::max());
}

}  // namespace outrider::proxy
