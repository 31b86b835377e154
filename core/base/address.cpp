#include "core/base/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace outrider {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton would stop at a NUL and take what stands before it.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != text.npos) return std::nullopt;
  char terminated[INET6_ADDRSTRLEN] = {};
  std::copy(text.begin(), text.end(), terminated);
  IpAddress ip;
  if (inet_pton(AF_INET, terminated, ip.bytes.data()) == 1) return ip;
  if (inet_pton(AF_INET6, terminated, ip.bytes.data()) != 1) return std::nullopt;
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), ip.bytes.begin())) {
    std::copy(ip.bytes.begin() + 12, ip.bytes.end(), ip.bytes.begin());
    std::fill(ip.bytes.begin() + 4, ip.bytes.end(), std::uint8_t{0});
  } else {
    ip.v4 = false;
  }
  return ip;
}

std::string IpAddress::text() const {
  char out[INET6_ADDRSTRLEN] = {};
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data(), out, sizeof out);
  return out;
}

bool IpNetwork::contains(const IpAddress& ip) const {
  if (ip.v4 != address.v4) return false;
  const std::size_t whole = bits / 8U;
  if (!std::equal(ip.bytes.begin(), ip.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin())) {
    return false;
  }
  const unsigned rest = bits % 8U;
  if (rest == 0) return true;
  const unsigned mask = 0xff00U >> rest & 0xffU;
  return (ip.bytes.at(whole) & mask) == (address.bytes.at(whole) & mask);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  SocketAddress address{std::string(host)};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (!IpAddress::parse(host)) return std::nullopt;
  return address;
}

std::string SocketAddress::text() const {
  if (ip.find(':') != std::string::npos) return fmt::format("[{}]:{}", ip, port);
  return fmt::format("{}:{}", ip, port);
}

}  // namespace outrider
