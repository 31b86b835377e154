#pragma once
// How long a request may take: the route's timeout and the caller's grpc-timeout. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/protocol/message.hpp"
#include "proxy/snapshot/route.hpp"

namespace outrider::proxy {

// A hundred years: beyond, there is no difference, and a moment so far away can still be told.
inline constexpr Duration longest_timeout = std::chrono::hours(100 * 365 * 24);

// One to eight digits and one of H M S m u n, at most longest_timeout; nothing for anything else.
[[nodiscard]] std::optional<Duration> parse_grpc_timeout(std::string_view text);
// The shortest spelling that is not longer than `remaining`; never negative.
[[nodiscard]] std::string format_grpc_timeout(Duration remaining);

// Nothing: no limit.
struct EffectiveTimeout {
  std::optional<Duration> route;   // from the end of the request, as Envoy's route timeout
  std::optional<Duration> client;  // from its head: a gRPC caller's own clock runs already
};

// The route's timeout, with its cap on grpc-timeout where the caller asks for more; the caller's
// grpc-timeout. Fails when that is there and cannot be understood, or is there twice (BadTimeout).
[[nodiscard]] Result<EffectiveTimeout> effective_timeout(const Forward& forward,
                                                         const protocol::Head& head);

// perTryTimeout, where it is less than what remains: otherwise it is ignored, as in Envoy.
[[nodiscard]] std::optional<Duration> attempt_timeout(const Forward& forward,
                                                      std::optional<Duration> remaining);

}  // namespace outrider::proxy
