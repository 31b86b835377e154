#pragma once
// Reads one HTTP/1 body as its framing says (RFC 9112 sections 6 and 7). Pure: bytes in, spans out.

#include <cstdint>
#include <expected>
#include <string>

#include "core/base/bytes.hpp"
#include "core/protocol/http1_head.hpp"

namespace outrider::protocol {

class BodyReader {
 public:
  BodyReader() = default;
  BodyReader(Framing framing, HeadLimits limits);

  struct Step {
    ByteView data{};         // body bytes, a part of the input; may be empty
    std::size_t consumed = 0;  // of the input, data and framing together
    bool complete = false;   // the body has ended; nothing beyond `consumed` belongs to it
  };

  // Takes the next piece of `input`; call again with the rest until nothing is consumed.
  [[nodiscard]] std::expected<Step, Refusal> next(ByteView input);

  // The connection ended. True when that ends the body properly.
  [[nodiscard]] bool ends_at_close() const { return framing_.kind == Framing::Kind::UntilClose; }
  [[nodiscard]] const Framing& framing() const { return framing_; }

  // After a complete chunked body.
  [[nodiscard]] HeaderList& trailers() { return trailers_; }

 private:
  enum class State : std::uint8_t { SizeLine, ChunkData, ChunkEnd, TrailerBlock, Done };
  [[nodiscard]] std::expected<Step, Refusal> next_chunked(ByteView input);
  [[nodiscard]] std::expected<void, Refusal> read_size_line(std::string_view line);

  Framing framing_;
  HeadLimits limits_;
  State state_ = State::SizeLine;
  std::uint64_t left_ = 0;       // of the body (Length) or of the chunk
  std::string line_;             // a size line or trailer block that is not whole yet
  std::size_t extensions_ = 0;   // bytes of chunk extensions so far
  HeaderList trailers_;
};

}  // namespace outrider::protocol
