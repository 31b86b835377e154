#include "core/protocol/grpc_framing.hpp"

#include <fmt/format.h>

namespace outrider::protocol {

constexpr std::size_t prefix_bytes = 5;

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
