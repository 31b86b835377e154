#pragma once
// Whether a request may pass. DENY rule sets before ALLOW ones, in filter order; fails closed.
// A path that applications may read in several ways (readings.hpp) passes if each reading may.
// Pure; on a worker, against the snapshot that the exchange pins.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol/message.hpp"
#include "core/base/address.hpp"
#include "proxy/snapshot/rbac.hpp"

namespace outrider::proxy {

// What a connection says about every request on it.
struct Caller {
  std::string_view principal;      // the peer's verified spiffe://...; empty: none
  IpAddress source;                // the connection's peer
  IpAddress destination;           // our own side of it
  std::uint16_t destination_port = 0;
  std::string_view server_name;    // SNI
};

struct AuthorizationInput {
  const protocol::Head& head;      // normalized
  Caller caller;
  std::string_view path = without_query(head.path);  // the reading that is judged
};

struct Decision {
  bool allowed = true;
  // What decided: the policy that denied, or that allowed; null when no policy matched.
  const RbacPolicy* policy = nullptr;
  // The reading of the path that was denied, where it is not the path itself.
  std::string read_as{};
};

// Rule sets without the policies that cannot match whatever this caller asks: most of them name
// others. Made once a connection; the rule sets have to outlive it.
class CallerRules {
 public:
  CallerRules() = default;
  CallerRules(std::span<const RbacRuleSet> rule_sets, const Caller& caller);

 private:
  friend Decision authorize(const CallerRules& rules, const AuthorizationInput& input);
  [[nodiscard]] Decision judge(const AuthorizationInput& input) const;

  struct RuleSet {
    RbacAction action;
    std::vector<const RbacPolicy*> policies;
  };
  std::vector<RuleSet> rule_sets_;
};

// `rules` have to be those of the input's caller.
[[nodiscard]] Decision authorize(const CallerRules& rules, const AuthorizationInput& input);

// rbac_access_denied_matched_policy[ns[..]-policy[..]-rule[..]], or [none].
[[nodiscard]] std::string denial_details(const Decision& decision);

// One sentence for the log: who was refused what by which policy, and which rule came nearest.
// Allocates; for denials only.
[[nodiscard]] std::string explain_denial(std::span<const RbacRuleSet> rule_sets,
                                         const AuthorizationInput& input, const Decision& decision);

}  // namespace outrider::proxy
