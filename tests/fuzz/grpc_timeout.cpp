// grpc-timeout: what is understood is never negative, and passed on never longer.

#include <doctest/doctest.h>

#include "proxy/policy/deadline.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {

void grpc_timeout(ByteView input) {
  const auto asked = proxy::parse_grpc_timeout(text_of(input));
  if (!asked) return;
  CHECK(asked->count() >= 0);
  const auto forwarded = proxy::parse_grpc_timeout(proxy::format_grpc_timeout(*asked));
  REQUIRE(forwarded);
  CHECK(*forwarded <= *asked);
  // Less than one of the coarsest unit that was needed is lost: eight digits are kept, or hours.
  CHECK((*asked - *forwarded < std::chrono::hours(1) || *asked - *forwarded < *asked / 1'000'000));
}

}  // namespace outrider::fuzz
