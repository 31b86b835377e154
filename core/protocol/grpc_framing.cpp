#include "core/protocol/grpc_framing.hpp"

#include <fmt/format.h>

namespace outrider::protocol {

namespace {

constexpr std::size_t prefix_bytes = 5;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string grpc_percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4U];
      encoded += digits[byte & 15U];
    }
  }
  return encoded;
}

// What is not an escape stays as it is.
std::string grpc_percent_decode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

Result<void> GrpcReader::feed(ByteView data, std::vector<std::string>& messages) {
  pending_.append(data);
  while (pending_.size() >= prefix_bytes) {
    const ByteView bytes = pending_.view();
    if (bytes[0] != 0) return fail("a gRPC message is compressed, which was not offered");
    const std::size_t size = (std::size_t{bytes[1]} << 24) | (std::size_t{bytes[2]} << 16) |
                             (std::size_t{bytes[3]} << 8) | std::size_t{bytes[4]};
    if (size > max_message_) {
      return fail(fmt::format("a gRPC message of {} bytes is larger than {}", size, max_message_));
    }
    if (bytes.size() < prefix_bytes + size) return {};
    messages.emplace_back(text_of(bytes.subspan(prefix_bytes, size)));
    pending_.consume(prefix_bytes + size);
  }
  return {};
}

std::string grpc_frame(std::string_view message) {
  const std::size_t size = message.size();
  std::string frame;
  frame.reserve(prefix_bytes + size);
  frame += '\0';
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>((size >> shift) & 0xff);
  frame += message;
  return frame;
}

}  // namespace outrider::protocol
