#pragma once
// Authorization rules, compiled from Envoy's RBAC. Owned by the Snapshot, frozen; any thread.
// policy/authorize.hpp evaluates them.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/address.hpp"
#include "proxy/snapshot/match.hpp"

namespace outrider::proxy {

// A condition on a request: a small tree. Permissions and principals are the same kind of thing.
struct RbacRule {
  struct Any {};
  struct AllOf { std::vector<RbacRule> rules; };
  struct AnyOf { std::vector<RbacRule> rules; };
  struct Not { std::vector<RbacRule> rule; };  // exactly one
  struct Header { HeaderMatcher matcher; };
  struct Path { StringMatcher matcher; };
  struct Template { UriTemplate matcher; };
  struct Port { std::uint32_t first = 0; std::uint32_t end = 0; };  // [first, end)
  struct DestinationIp { IpNetwork network; };
  struct SourceIp { IpNetwork network; };
  struct ServerName { StringMatcher matcher; };
  struct AnyPrincipal {};                         // some verified identity
  struct Principal { StringMatcher matcher; };    // of the identity's URI

  std::variant<Any, AllOf, AnyOf, Not, Header, Path, Template, Port, DestinationIp, SourceIp,
               ServerName, AnyPrincipal, Principal>
      condition;
};

struct RbacPolicy {
  std::string name;         // ns[NAMESPACE]-policy[NAME]-rule[INDEX], as Istio names them
  RbacRule::AnyOf permissions;
  RbacRule::AnyOf principals;
  std::string source = {};  // file:line, when the translator said so
};

enum class RbacAction : std::uint8_t { Allow, Deny };

// One RBAC filter. Allow without policies denies everything; Deny without any denies nothing.
struct RbacRuleSet {
  RbacAction action = RbacAction::Allow;
  std::vector<RbacPolicy> policies;  // by name
};

}  // namespace outrider::proxy
