#include <algorithm>

#include "proxy/snapshot/compiling.hpp"
#include "config/xds/uri_template.pb.h"

namespace outrider::proxy::compiling {
namespace {

namespace v3 = envoy::config::rbac::v3;

// Where a rule stands. A repeated header matches by any one of its values where a match refuses the
// request, and by its joined value where a match lets it pass.
struct Place {
  bool deny;
  bool negated;
  std::string field;
  Report& report;

  [[nodiscard]] Place inverted() const { return {deny, !negated, field, report}; }
  void error(std::string_view message) const { report.error(field, message); }
};

std::optional<RbacRule> rule_of(const v3::Permission& source, const Place& place);
std::optional<RbacRule> rule_of(const v3::Principal& source, const Place& place);

template <typename Sources>
std::vector<RbacRule> rules_of(const Sources& sources, const Place& place) {
  std::vector<RbacRule> rules;
  if (sources.empty()) place.error("an empty set of conditions");
  for (const auto& source : sources) {
    if (auto rule = rule_of(source, place)) rules.push_back(std::move(*rule));
  }
  return rules;
}

template <typename Source>
std::optional<RbacRule> negation(const Source& source, const Place& place) {
  auto inner = rule_of(source, place.inverted());
  if (!inner) return std::nullopt;
  return RbacRule{RbacRule::Not{{std::move(*inner)}}};
}

std::optional<RbacRule> header_rule(const envoy::config::route::v3::HeaderMatcher& source,
                                    const Place& place) {
  auto matcher = header_matcher(source, place.field, place.report);
  if (!matcher) return std::nullopt;
  matcher->any_value = (place.deny != place.negated) != matcher->invert;
  return RbacRule{RbacRule::Header{std::move(*matcher)}};
}

std::optional<RbacRule> path_rule(const envoy::type::matcher::v3::PathMatcher& source,
                                  const Place& place) {
  auto matcher = string_matcher(source.path(), place.field, place.report);
  if (!matcher) return std::nullopt;
  return RbacRule{RbacRule::Path{std::move(*matcher)}};
}

std::optional<IpNetwork> network(const envoy::config::core::v3::CidrRange& source,
                                 const Place& place) {
  const auto address = IpAddress::parse(source.address_prefix());
  const std::uint32_t most = address && address->v4 ? 32 : 128;
  const std::uint32_t bits = source.has_prefix_len() ? source.prefix_len().value() : 0;
  if (!address || bits > most) {
    place.error(fmt::format("\"{}/{}\" is not a network", source.address_prefix(), bits));
    return std::nullopt;
  }
  return IpNetwork{*address, static_cast<std::uint8_t>(bits)};
}

std::optional<RbacRule> template_rule(const envoy::config::core::v3::TypedExtensionConfig& source,
                                      const Place& place) {
  envoy::extensions::path::match::uri_template::v3::UriTemplateMatchConfig config;
  if (!source.typed_config().UnpackTo(&config)) {
    place.error("uri_template: not a UriTemplateMatchConfig");
    return std::nullopt;
  }
  auto made = UriTemplate::make(config.path_template());
  if (!made) {
    place.error(made.error().message);
    return std::nullopt;
  }
  return RbacRule{RbacRule::Template{std::move(*made)}};
}

std::optional<RbacRule> rule_of(const v3::Permission& source, const Place& place) {
  switch (source.rule_case()) {
    case v3::Permission::kAndRules:
      return RbacRule{RbacRule::AllOf{rules_of(source.and_rules().rules(), place)}};
    case v3::Permission::kOrRules:
      return RbacRule{RbacRule::AnyOf{rules_of(source.or_rules().rules(), place)}};
    case v3::Permission::kAny:
      if (source.any()) return RbacRule{RbacRule::Any{}};
      break;
    case v3::Permission::kHeader:
      return header_rule(source.header(), place);
    case v3::Permission::kDestinationIp:
      if (auto found = network(source.destination_ip(), place)) return RbacRule{RbacRule::DestinationIp{*found}};
      return std::nullopt;
    case v3::Permission::kDestinationPort:
      return RbacRule{RbacRule::Port{source.destination_port(), source.destination_port() + 1}};
    case v3::Permission::kNotRule:
      return negation(source.not_rule(), place);
    case v3::Permission::kRequestedServerName:
      if (auto name = string_matcher(source.requested_server_name(), place.field, place.report)) {
        return RbacRule{RbacRule::ServerName{std::move(*name)}};
      }
      return std::nullopt;
    case v3::Permission::kUrlPath:
      return path_rule(source.url_path(), place);
    case v3::Permission::kDestinationPortRange:
      return RbacRule{RbacRule::Port{
          static_cast<std::uint32_t>(std::max(source.destination_port_range().start(), 0)),
          static_cast<std::uint32_t>(std::max(source.destination_port_range().end(), 0))}};
    case v3::Permission::kUriTemplate:
      return template_rule(source.uri_template(), place);
    case v3::Permission::RULE_NOT_SET:
      break;
  }
  place.error("a permission of a kind that is not known here");
  return std::nullopt;
}

std::optional<RbacRule> rule_of(const v3::Principal& source, const Place& place) {
  const auto from = [&](const envoy::config::core::v3::CidrRange& range) -> std::optional<RbacRule> {
    if (auto found = network(range, place)) return RbacRule{RbacRule::SourceIp{*found}};
    return std::nullopt;
  };
  switch (source.identifier_case()) {
    case v3::Principal::kAndIds:
      return RbacRule{RbacRule::AllOf{rules_of(source.and_ids().ids(), place)}};
    case v3::Principal::kOrIds:
      return RbacRule{RbacRule::AnyOf{rules_of(source.or_ids().ids(), place)}};
    case v3::Principal::kAny:
      if (source.any()) return RbacRule{RbacRule::Any{}};
      break;
    case v3::Principal::kAuthenticated: {
      if (!source.authenticated().has_principal_name()) return RbacRule{RbacRule::AnyPrincipal{}};
      auto name = string_matcher(source.authenticated().principal_name(), place.field, place.report);
      if (!name) return std::nullopt;
      return RbacRule{RbacRule::Principal{std::move(*name)}};
    }
    case v3::Principal::kHeader:
      return header_rule(source.header(), place);
    case v3::Principal::kNotId:
      return negation(source.not_id(), place);
    case v3::Principal::kUrlPath:
      return path_rule(source.url_path(), place);
    case v3::Principal::kDirectRemoteIp:
      return from(source.direct_remote_ip());
    case v3::Principal::kRemoteIp:
      return from(source.remote_ip());
    case v3::Principal::IDENTIFIER_NOT_SET:
      break;
  }
  place.error("a principal of a kind that is not known here");
  return std::nullopt;
}

}  // namespace

std::optional<RbacRuleSet> rbac(const v3::RBAC& source, std::string_view field, Report& report) {
  if (const std::string unknown = unknown_field(source); !unknown.empty()) {
    report.error(field, fmt::format("{} is not known here, and a rule that is read in part would "
                                    "be another rule", unknown));
    return std::nullopt;
  }
  RbacRuleSet set;
  switch (source.action()) {
    case v3::RBAC::ALLOW:
      set.action = RbacAction::Allow;
      break;
    case v3::RBAC::DENY:
      set.action = RbacAction::Deny;
      break;
    case v3::RBAC::LOG:
      return std::nullopt;  // decides nothing
    default:
      report.error(field, fmt::format("action {} is not known here", static_cast<int>(source.action())));
      return std::nullopt;
  }
  for (const auto& [name, policy] : source.policies()) {
    const Place place{set.action == RbacAction::Deny, false, fmt::format("{}.policies[{}]", field, name),
                      report};
    set.policies.push_back({name,
                            {rules_of(policy.permissions(), place)},
                            {rules_of(policy.principals(), place)}});
  }
  std::ranges::sort(set.policies, {}, &RbacPolicy::name);
  return set;
}

}  // namespace outrider::proxy::compiling
