#pragma once
// A JSON Web Key Set (RFC 7517), as far as its writer may have erred. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::config {

struct JwksReading {
  std::string error;                      // empty: it can be read
  std::vector<std::size_t> private_keys;  // which of the keys hold what has to stay secret
};
[[nodiscard]] JwksReading read_jwks(std::string_view text);

}  // namespace outrider::config
