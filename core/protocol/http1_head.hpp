#pragma once
// The strict reader of HTTP/1 heads (RFC 9112): a pure function over one whole header block.
//
// Stricter than llhttp and than every peer: CRLF only, no obs-fold, token names, no control bytes,
// one valid Content-Length, Transfer-Encoding exactly "chunked", never both. tests/unit/core holds
// it against llhttp: it may refuse more, never less.

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/protocol/codec.hpp"
#include "core/protocol/message.hpp"

namespace outrider::protocol {

// Why a message is refused; `status` is what a server answers (400, 414, 431, 501,
// 505); 0: nothing, the connection just ends.
struct Refusal {
  int status = 400;
  std::string_view reason;  // static text
  Rejection rejection = Rejection::MalformedHead;
};

// How a body is delimited (RFC 9112 section 6.3).
struct Framing {
  enum class Kind : std::uint8_t { None, Length, Chunked, UntilClose };
  Kind kind = Kind::None;
  std::uint64_t length = 0;
};

struct ParsedHead {
  Framing framing;
  bool keep_alive = true;        // the connection may carry another message
  bool expects_continue = false;  // Expect: 100-continue
};

// `text` is a whole head, its final CRLF CRLF included. Fills `head`, which keeps a copy.
[[nodiscard]] std::expected<ParsedHead, Refusal> parse_request_head(std::string_view text,
                                                                    const HeadLimits& limits,
                                                                    Head& head);

// `to_head`: the answer to a HEAD has no body, whatever it says.
[[nodiscard]] std::expected<ParsedHead, Refusal> parse_response_head(
    std::string_view text, const HeadLimits& limits, bool to_head, Head& head);

// Trailer fields of a chunked body, up to and including the empty line. Framing is refused; routing
// and hop-by-hop fields are dropped (RFC 9110 section 6.5.1).
[[nodiscard]] std::expected<void, Refusal> parse_trailers(std::string_view block,
                                                          const HeadLimits& limits,
                                                          HeaderList& trailers);

// A name as RFC 9110 section 5.6.2 has it.
[[nodiscard]] bool is_token(std::string_view text);

// Digits only, no sign, no leading zero beyond "0", at most 2^63 - 1 (stricter than RFC 9110 8.6).
[[nodiscard]] std::optional<std::uint64_t> parse_content_length(std::string_view text);

}  // namespace outrider::protocol
