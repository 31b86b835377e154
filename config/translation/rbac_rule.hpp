#pragma once
// One authorization rule as an RBAC policy, in Istio's shapes. Pure; any thread.

#include "config/resources/authorization_policy.hpp"
#include "config/xds/rbac.pb.h"

namespace outrider::config {

[[nodiscard]] envoy::config::rbac::v3::Policy rbac_policy(const AuthorizationRule& rule);

}  // namespace outrider::config
