#pragma once
// One spelling for one resource, before anything is decided: what is routed, authorized, logged and
// forwarded is the same text. Pure; on a worker.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/protocol/message.hpp"

namespace outrider::proxy {

struct PathRules {
  bool merge_slashes = false;  // Istio's MERGE_SLASHES; BASE leaves them
};

// Istio's BASE: percent-decodes unreserved bytes once, upper-case hex, `\` to `/`, `.` and `..`
// segments resolved; the query stays as it is. Refused, with the reason: %00, a `%` without two
// hex digits, `#`, control bytes and spaces, a path that does not start with `/`.
// A path that needs nothing is returned as it is; otherwise the result is in `scratch`.
[[nodiscard]] std::expected<std::string_view, std::string_view> normalize_path(
    std::string_view path, std::string& scratch, PathRules rules = {});

// The byte that path[at], path[at + 1], path[at + 2] stand for, when they are % and two hex digits.
[[nodiscard]] std::optional<char> unescape(std::string_view path, std::size_t at);

// Resolves dot segments in place (RFC 3986 section 5.2.4); above the root there is the root. `path`
// starts with a slash.
void resolve_dots(std::string& path, bool merge_slashes);

// Lower case, one trailing dot less, no leading zeros in the port. Refused: anything that is not a
// host with an optional port (user info, slashes, spaces, bytes outside ASCII).
[[nodiscard]] std::expected<std::string_view, std::string_view> normalize_host(
    std::string_view authority, std::string& scratch);

// Both, on a head; replaced text lives in the head. CONNECT has no path; `*` is for OPTIONS only.
// The reason of a refusal is for the log; the answer is 400 (Failure::BadPath, MissingHost).
enum class NormalizeRefusal : std::uint8_t { Path, Host, Method };
struct Refusal {
  NormalizeRefusal what;
  std::string_view reason;
};
[[nodiscard]] std::optional<Refusal> normalize(protocol::Head& head, std::string& scratch,
                                               PathRules rules = {});

struct HostPort {
  std::string_view host;  // without brackets
  std::optional<std::uint16_t> port;
};
[[nodiscard]] std::optional<HostPort> split_host(std::string_view authority);

}  // namespace outrider::proxy
