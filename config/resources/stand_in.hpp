#pragma once
// Refusal is safe: what stands in for a security policy that could not be understood and has no
// last good version. It denies the policy's scope. Pure; any thread.

#include <memory>

#include "config/resources/fields.hpp"
#include "config/resources/kinds.hpp"
#include "config/resources/spec.hpp"

namespace outrider::config {

// For an AuthorizationPolicy: DENY everything; for a PeerAuthentication: STRICT; else null. The
// scope is the policy's selector, or its whole namespace when that cannot be read either.
[[nodiscard]] std::shared_ptr<const Spec> make_stand_in(const Kind& kind, const Node& spec,
                                                        const ResourceKey& key);

}  // namespace outrider::config
