#pragma once
// An IPv4 address or name with a port, as flags give it: "127.0.0.1:19090". A plain value.
#include <optional>
#include <string>
#include <string_view>

namespace shop {

struct HostPort {
  std::string host;
  int port = 0;

  [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};

// Nothing when the text is not HOST:PORT with a port of 0 to 65535.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace shop
