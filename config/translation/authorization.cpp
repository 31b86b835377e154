#include "config/translation/authorization.hpp"

#include <fmt/format.h>

#include "config/translation/messages.hpp"
#include "config/translation/rbac_rule.hpp"
#include "config/xds/rbac_filter.pb.h"

namespace outrider::config {
namespace {

namespace rbac = envoy::config::rbac::v3;
using Action = AuthorizationPolicy::Action;

// An ALLOW policy without rules: a rule by name, so that a denial can say whose it was, which
// nothing matches.
rbac::Policy never() {
  rbac::Policy policy;
  policy.add_permissions()->mutable_not_rule()->set_any(true);
  policy.add_principals()->mutable_not_id()->set_any(true);
  return policy;
}

void add_filter(const Registry& registry, const Workload& workload, Action action,
                Authorization& out) {
  const auto policies = registry.policies_for(workload.ns, workload.labels, action);
  if (policies.empty()) return;
  envoy::extensions::filters::http::rbac::v3::RBAC filter;
  rbac::RBAC& rules = *filter.mutable_rules();
  rules.set_action(action == Action::Deny ? rbac::RBAC::DENY : rbac::RBAC::ALLOW);
  google::protobuf::Struct& sources =
      *(*out.sources.mutable_fields())["policies"].mutable_struct_value();
  for (const Typed<AuthorizationPolicy>& policy : policies) {
    const ResourceKey& key = policy.resource->key();
    const auto add = [&](std::size_t index, rbac::Policy rule, yaml::Position at) {
      const std::string name = fmt::format("ns[{}]-policy[{}]-rule[{}]", key.ns, key.name, index);
      (*rules.mutable_policies())[name] = std::move(rule);
      set_string(sources, name, source_of(*policy.resource, at));
    };
    for (std::size_t i = 0; i < policy->rules.size(); ++i) {
      const AuthorizationRule& rule = policy->rules[i];
      const yaml::Position whole = policy.resource->origin().kind;
      add(i, rbac_policy(rule), rule.at.line == 0 ? whole : rule.at);
    }
    if (policy->rules.empty()) add(0, never(), policy.resource->origin().kind);
  }
  auto& http_filter = out.filters.emplace_back();
  http_filter.set_name("envoy.filters.http.rbac");
  *http_filter.mutable_typed_config() = pack(filter);
}

}  // namespace

Authorization authorization_for(const Registry& registry, const Workload& workload) {
  Authorization out;
  add_filter(registry, workload, Action::Deny, out);
  add_filter(registry, workload, Action::Allow, out);
  return out;
}

}  // namespace outrider::config
