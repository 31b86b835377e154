#pragma once
// IP addresses and networks as values: parsed once, compared as bytes. No sockets. Any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first four
  bool v4 = true;

  // An IPv4 address in IPv6 clothes (::ffff:1.2.3.4) is the IPv4 address.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const IpAddress&) const = default;
};

struct IpNetwork {
  IpAddress address;
  std::uint8_t bits = 0;

  [[nodiscard]] bool contains(const IpAddress& ip) const;
};

// Where a listener listens, an endpoint is, an upstream socket is bound.
struct SocketAddress {
  std::string ip;
  std::uint16_t port = 0;

  // "10.0.0.1:80" or "[::1]:80", nothing for anything else.
  [[nodiscard]] static std::optional<SocketAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace outrider
