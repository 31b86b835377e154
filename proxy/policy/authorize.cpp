#include "proxy/policy/authorize.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "proxy/policy/readings.hpp"

namespace outrider::proxy {
namespace {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

bool holds(const RbacRule& rule, const AuthorizationInput& input);

bool any_of(const std::vector<RbacRule>& rules, const AuthorizationInput& input) {
  return std::ranges::any_of(rules, [&](const RbacRule& rule) { return holds(rule, input); });
}

bool all_of(const std::vector<RbacRule>& rules, const AuthorizationInput& input) {
  return std::ranges::all_of(rules, [&](const RbacRule& rule) { return holds(rule, input); });
}

bool holds(const RbacRule& rule, const AuthorizationInput& input) {
  return std::visit(
      Overloaded{
          [](const RbacRule::Any&) { return true; },
          [&](const RbacRule::AllOf& all) { return all_of(all.rules, input); },
          [&](const RbacRule::AnyOf& any) { return any_of(any.rules, input); },
          [&](const RbacRule::Not& negation) { return !all_of(negation.rule, input); },
          [&](const RbacRule::Header& header) { return header.matcher.matches(input.head); },
          [&](const RbacRule::Path& path) { return path.matcher.matches(input.path); },
          [&](const RbacRule::Template& path) { return path.matcher.matches(input.path); },
          [&](const RbacRule::Port& port) {
            return input.destination_port >= port.first && input.destination_port < port.end;
          },
          [&](const RbacRule::DestinationIp& ip) { return ip.network.contains(input.destination); },
          [&](const RbacRule::SourceIp& ip) { return ip.network.contains(input.source); },
          [&](const RbacRule::ServerName& name) { return name.matcher.matches(input.server_name); },
          [&](const RbacRule::AnyPrincipal&) { return !input.principal.empty(); },
          [&](const RbacRule::Principal& who) {
            return !input.principal.empty() && who.matcher.matches(input.principal);
          },
      },
      rule.condition);
}

const RbacPolicy* matching(const RbacRuleSet& rule_set, const AuthorizationInput& input) {
  for (const RbacPolicy& policy : rule_set.policies) {
    if (any_of(policy.principals.rules, input) && any_of(policy.permissions.rules, input)) {
      return &policy;
    }
  }
  return nullptr;
}

// One reading of a rule, for the sentence about what came nearest: which kind of condition is it?
enum class Aspect : std::uint8_t { Method, Path, Port, Other };

Aspect aspect_of(const RbacRule& rule) {
  if (const auto* header = std::get_if<RbacRule::Header>(&rule.condition)) {
    return header->matcher.subject == HeaderMatcher::Subject::Method ? Aspect::Method : Aspect::Other;
  }
  if (std::holds_alternative<RbacRule::Path>(rule.condition) ||
      std::holds_alternative<RbacRule::Template>(rule.condition)) {
    return Aspect::Path;
  }
  if (std::holds_alternative<RbacRule::Port>(rule.condition)) return Aspect::Port;
  const std::vector<RbacRule>* inner = nullptr;
  if (const auto* all = std::get_if<RbacRule::AllOf>(&rule.condition)) inner = &all->rules;
  if (const auto* any = std::get_if<RbacRule::AnyOf>(&rule.condition)) inner = &any->rules;
  if (const auto* negation = std::get_if<RbacRule::Not>(&rule.condition)) inner = &negation->rule;
  if (inner == nullptr || inner->empty()) return Aspect::Other;
  const Aspect first = aspect_of(inner->front());
  const bool alike = std::ranges::all_of(*inner, [&](auto& r) { return aspect_of(r) == first; });
  return alike ? first : Aspect::Other;
}

std::string_view name_of(Aspect aspect) {
  switch (aspect) {
    case Aspect::Method:
      return "method";
    case Aspect::Path:
      return "path";
    case Aspect::Port:
      return "port";
    case Aspect::Other:
      break;
  }
  return "another condition";
}

void write_rule(const RbacRule& rule, std::string& out);

void write_rules(const std::vector<RbacRule>& rules, std::string_view between, std::string& out) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (i > 0) out += between;
    write_rule(rules[i], out);
  }
}

// What the rule would have taken, as a person wrote it.
void write_rule(const RbacRule& rule, std::string& out) {
  std::visit(
      Overloaded{
          [&](const RbacRule::Any&) { out += "anything"; },
          [&](const RbacRule::AllOf& all) { write_rules(all.rules, " and ", out); },
          [&](const RbacRule::AnyOf& any) { write_rules(any.rules, " or ", out); },
          [&](const RbacRule::Not& negation) {
            out += "not ";
            write_rules(negation.rule, " and ", out);
          },
          [&](const RbacRule::Header& header) {
            if (header.matcher.subject != HeaderMatcher::Subject::Method) out += header.matcher.name + " ";
            out += header.matcher.text.describe();
          },
          [&](const RbacRule::Path& path) { out += path.matcher.describe(); },
          [&](const RbacRule::Template& path) { out += path.matcher.text(); },
          [&](const RbacRule::Port& port) { out += fmt::to_string(port.first); },
          [&](const RbacRule::DestinationIp& ip) { out += ip.network.address.text(); },
          [&](const RbacRule::SourceIp& ip) { out += ip.network.address.text(); },
          [&](const RbacRule::ServerName& name) { out += name.matcher.describe(); },
          [&](const RbacRule::AnyPrincipal&) { out += "any identity"; },
          [&](const RbacRule::Principal& who) { out += who.matcher.describe(); },
      },
      rule.condition);
}

// How close a policy came, and where it ended.
struct Near {
  const RbacPolicy* policy = nullptr;
  int score = -1;
  std::string sentence;
};

// The parts of an AND that do not hold: "its path is not /a/*".
std::string missing_parts(const RbacRule& permission, const AuthorizationInput& input, int& held) {
  const auto* all = std::get_if<RbacRule::AllOf>(&permission.condition);
  const std::vector<RbacRule> alone = all ? std::vector<RbacRule>{} : std::vector{permission};
  const std::vector<RbacRule>& parts = all ? all->rules : alone;
  std::string text;
  for (const RbacRule& part : parts) {
    if (holds(part, input)) {
      ++held;
      continue;
    }
    if (!text.empty()) text += ", ";
    text += fmt::format("its {} wants ", name_of(aspect_of(part)));
    write_rule(part, text);
  }
  return text;
}

// `spec: {}`: a policy that selects the workload and matches nothing.
bool matches_nothing(const RbacPolicy& policy) {
  return std::ranges::all_of(policy.principals.rules, [](const RbacRule& rule) {
    const auto* negation = std::get_if<RbacRule::Not>(&rule.condition);
    return negation != nullptr && std::holds_alternative<RbacRule::Any>(negation->rule.front().condition);
  });
}

std::string named(const RbacPolicy& policy) {
  return policy.source.empty() ? policy.name : fmt::format("{} ({})", policy.name, policy.source);
}

Near nearest(const RbacRuleSet& rule_set, const AuthorizationInput& input) {
  Near best;
  for (const RbacPolicy& policy : rule_set.policies) {
    if (matches_nothing(policy)) continue;
    const bool principal = any_of(policy.principals.rules, input);
    const bool permission = any_of(policy.permissions.rules, input);
    if (permission && !principal) {
      std::string wanted;
      write_rules(policy.principals.rules, " or ", wanted);
      if (best.score < 50) best = {&policy, 50, fmt::format("the operation matches, but it is for {}", wanted)};
      continue;
    }
    if (!principal) continue;
    for (const RbacRule& rule : policy.permissions.rules) {
      int held = 0;
      const std::string missing = missing_parts(rule, input, held);
      if (100 + held > best.score) {
        best = {&policy, 100 + held, fmt::format("the identity matches, but {}", missing)};
      }
    }
  }
  return best;
}

Decision judge(std::span<const RbacRuleSet> rule_sets, const AuthorizationInput& input) {
  const RbacPolicy* allowed_by = nullptr;
  for (const RbacRuleSet& rule_set : rule_sets) {
    const RbacPolicy* policy = matching(rule_set, input);
    if ((policy != nullptr) == (rule_set.action == RbacAction::Deny)) return {false, policy};
    if (policy != nullptr) allowed_by = policy;
  }
  return {true, allowed_by};
}

AuthorizationInput read_as(const AuthorizationInput& input, std::string_view path) {
  AuthorizationInput other = input;
  other.path = path;
  return other;
}

}  // namespace

Decision authorize(std::span<const RbacRuleSet> rule_sets, const AuthorizationInput& input) {
  Decision decision = judge(rule_sets, input);
  if (!decision.allowed || !has_other_readings(input.path)) return decision;
  for (const std::string& reading : other_readings(input.path)) {
    Decision other = judge(rule_sets, read_as(input, reading));
    if (other.allowed) continue;
    other.read_as = reading;
    return other;
  }
  return decision;
}

std::string denial_details(const Decision& decision) {
  return fmt::format("rbac_access_denied_matched_policy[{}]",
                     decision.policy != nullptr ? std::string_view(decision.policy->name) : "none");
}

std::string explain_denial(std::span<const RbacRuleSet> rule_sets, const AuthorizationInput& asked,
                           const Decision& decision) {
  const AuthorizationInput input = decision.read_as.empty() ? asked : read_as(asked, decision.read_as);
  const std::string_view who = input.principal.empty() ? "a caller without identity" : input.principal;
  std::string what = fmt::format("{} {} of {} on port {}", input.head.method, without_query(input.head.path),
                                 who, input.destination_port);
  if (!decision.read_as.empty()) what += fmt::format(", which an application may read as {},", decision.read_as);
  if (decision.policy != nullptr) {
    return fmt::format("{} is denied by {}", what, named(*decision.policy));
  }
  for (const RbacRuleSet& rule_set : rule_sets) {
    if (rule_set.action != RbacAction::Allow || matching(rule_set, input) != nullptr) continue;
    if (std::ranges::all_of(rule_set.policies, matches_nothing)) {
      return fmt::format("{} is denied: {} allows nothing", what,
                         rule_set.policies.empty() ? "the policy" : named(rule_set.policies.front()));
    }
    const Near near = nearest(rule_set, input);
    if (near.policy == nullptr) {
      return fmt::format("{} is allowed by none of {} rules; none is for this identity or this operation",
                         what, rule_set.policies.size());
    }
    return fmt::format("{} is allowed by none of {} rules; nearest is {}: {}", what,
                       rule_set.policies.size(), named(*near.policy), near.sentence);
  }
  return fmt::format("{} is denied", what);
}

}  // namespace outrider::proxy
