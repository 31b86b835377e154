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

// One to eight digits and one of H M S m u n. Saturates; nothing for anything else.
[[nodiscard]] std::optional<Duration> parse_grpc_timeout(std::string_view text);
// The shortest spelling that is not longer than `remaining`; never negative.
[[nodiscard]] std::string format_grpc_timeout(Duration remaining);

struct EffectiveTimeout {
  std::optional<Duration> total;  // nothing: no limit
  bool by_client = false;         // the caller's own deadline is the tighter one: ClientDeadline
};

// The smaller of the route's timeout and, for gRPC, the caller's grpc-timeout capped by the route.
// Fails when grpc-timeout is there and cannot be understood, or is there twice (BadTimeout).
[[nodiscard]] Result<EffectiveTimeout> effective_timeout(const Forward& forward,
                                                         const protocol::Head& head);

// How long the next attempt may take: the smaller of perTryTimeout and what remains.
[[nodiscard]] std::optional<Duration> attempt_timeout(const Forward& forward,
                                                      std::optional<Duration> remaining);

}  // namespace outrider::proxy
