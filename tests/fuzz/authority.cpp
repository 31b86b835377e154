// normalize_host, split_host, is_authority: one spelling a host, and all three agree on it.

#include <doctest/doctest.h>

#include <string>

#include "core/protocol/message.hpp"
#include "proxy/policy/normalize.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {

void authority(ByteView input) {
  const std::string_view spelled = text_of(input);
  static_cast<void>(proxy::split_host(spelled));
  const bool legal = protocol::is_authority(spelled);
  if (legal) {
    CHECK(spelled.find_first_of(" @/?#%,\\\r\n\t") == std::string_view::npos);
  }
  std::string scratch, again;
  const auto host = proxy::normalize_host(spelled, scratch);
  if (!host) {
    CHECK_FALSE(host.error().empty());
    return;
  }
  for (const char c : *host) CHECK(!(c >= 'A' && c <= 'Z'));
  const auto parts = proxy::split_host(*host);
  REQUIRE(parts);
  if (!host->starts_with('[')) CHECK_FALSE(parts->host.ends_with('.'));
  const auto before = proxy::split_host(spelled);
  REQUIRE(before);
  CHECK(before->port == parts->port);
  const auto twice = proxy::normalize_host(*host, again);
  REQUIRE(twice);
  CHECK(*twice == *host);
}

}  // namespace outrider::fuzz
