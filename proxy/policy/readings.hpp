#pragma once
// What an application may take a path for. Proxy and application agree on most paths; but some
// applications decode what the proxy has to leave (%2F), merge slashes, or strip ;parameters, and
// act on another resource than the one that was authorized (reliability 2.6). Pure; on a worker.

#include <string>
#include <string_view>
#include <vector>

namespace outrider::proxy {

// False for nearly every path: all applications read it alike. `path` is normalized, without query.
[[nodiscard]] bool has_other_readings(std::string_view path);

// The other readings: each combination of decoding, merging slashes, and stripping parameters before
// that, after it, or both; dot segments resolved last. Without `path` itself and without repetitions.
[[nodiscard]] std::vector<std::string> other_readings(std::string_view path);

}  // namespace outrider::proxy
