#pragma once
// HTTP/2 frames and header blocks written by hand, as a peer of ill will writes them: HPACK
// literals without indexing and without Huffman.

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/unit/core/side.hpp"

namespace outrider::test::raw {

inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Type : std::uint8_t {
  Data,
  Headers,
  Priority,
  Rst,
  Settings,
  Push,
  Ping,
  GoAway,
  Window,
  Continuation
};
inline constexpr std::uint8_t end_stream = 1, ack = 1, end_headers = 4;

inline std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xff);
  return bytes;
}

inline std::string frame(Type type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload = {}) {
  std::string bytes = number(static_cast<std::uint32_t>(payload.size())).substr(1);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  bytes += number(stream);
  bytes += payload;
  return bytes;
}

// An HPACK string without Huffman: its length with a prefix of seven bits, then itself.
inline std::string text(std::string_view value) {
  std::string bytes;
  std::size_t size = value.size();
  if (size < 127) {
    bytes += static_cast<char>(size);
  } else {
    bytes += '\x7f';
    size -= 127;
    for (; size >= 128; size /= 128) bytes += static_cast<char>(size % 128 + 128);
    bytes += static_cast<char>(size);
  }
  bytes += value;
  return bytes;
}

inline std::string block(const Fields& fields) {
  std::string bytes;
  for (const auto& [name, value] : fields) {
    bytes += '\0';
    bytes += text(name);
    bytes += text(value);
  }
  return bytes;
}

inline const Fields get = {
    {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "shop.test"}};

inline Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// HEADERS, and CONTINUATIONs when it is long.
inline std::string headers_of(std::uint32_t stream, std::string rest, bool ends = true) {
  constexpr std::size_t most = 16 * 1024;
  std::string bytes;
  for (bool first = true; first || !rest.empty(); first = false) {
    const std::string piece = rest.substr(0, most);
    rest.erase(0, piece.size());
    const auto flags = static_cast<std::uint8_t>((first && ends ? end_stream : 0) |
                                                 (rest.empty() ? end_headers : 0));
    bytes += frame(first ? Headers : Continuation, flags, stream, piece);
  }
  return bytes;
}

inline std::string headers(std::uint32_t stream, const Fields& fields, bool ends = true) {
  return headers_of(stream, block(fields), ends);
}

// One SETTINGS entry.
inline std::string setting(std::uint16_t id, std::uint32_t value) {
  return number(id).substr(2) + number(value);
}
inline constexpr std::uint16_t header_table_size = 1, max_concurrent_streams = 3, initial_window_size = 4;

// The error codes of the RST_STREAM frames for a stream in what a codec has produced, and of
// GOAWAY.
struct Answers {
  std::vector<std::uint32_t> resets, goaways;
  std::size_t headers = 0, pongs = 0, data = 0;  // data: bytes of bodies
};

inline Answers answers(std::string_view bytes) {
  Answers found;
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  const auto word = [&](std::size_t i) {
    return at(i) << 24 | at(i + 1) << 16 | at(i + 2) << 8 | at(i + 3);
  };
  while (bytes.size() >= 9) {
    const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
    if (at(3) == Rst) found.resets.push_back(word(9));
    if (at(3) == GoAway) found.goaways.push_back(word(13));
    if (at(3) == Headers) ++found.headers;
    if (at(3) == Ping && (at(4) & ack) != 0) ++found.pongs;
    if (at(3) == Data) found.data += size;
    bytes.remove_prefix(9 + size);
  }
  return found;
}

}  // namespace outrider::test::raw
