#pragma once
// gRPC's length-prefixed messages over HTTP/2 (grpc PROTOCOL-HTTP2). Pure.

#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace outrider::protocol {

// Puts messages together from DATA. One stream's; one thread.
class GrpcReader {
 public:
  explicit GrpcReader(std::size_t max_message) : max_message_(max_message) {}

  // Appends the messages that are whole now. Fails for compressed or oversized ones.
  [[nodiscard]] Result<void> feed(ByteView data, std::vector<std::string>& messages);
  // No half message is left.
  [[nodiscard]] bool at_boundary() const { return pending_.empty(); }

 private:
  std::size_t max_message_;
  Buffer pending_;
};

// grpc-message is percent-encoded: it may hold any text, a header value not (PROTOCOL-HTTP2).
[[nodiscard]] std::string grpc_percent_encode(std::string_view text);
[[nodiscard]] std::string grpc_percent_decode(std::string_view text);

// The five-byte prefix and the message.
[[nodiscard]] std::string grpc_frame(std::string_view message);

}  // namespace outrider::protocol
