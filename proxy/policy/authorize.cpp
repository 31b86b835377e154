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

// Unknown: it depends on the request, and there is none yet.
enum class Truth : std::uint8_t { No, Unknown, Yes };

struct Facts {
  const Caller& caller;
  const protocol::Head* head = nullptr;  // null: only the caller is known
  std::string_view path{};
};

Truth truth(const RbacRule& rule, const Facts& facts);

Truth any_of(const std::vector<RbacRule>& rules, const Facts& facts) {
  Truth all = Truth::No;
  for (const RbacRule& rule : rules) {
    all = std::max(all, truth(rule, facts));
    if (all == Truth::Yes) break;
  }
  return all;
}

Truth all_of(const std::vector<RbacRule>& rules, const Facts& facts) {
  Truth all = Truth::Yes;
  for (const RbacRule& rule : rules) {
    all = std::min(all, truth(rule, facts));
    if (all == Truth::No) break;
  }
  return all;
}

Truth truth(const RbacRule& rule, const Facts& facts) {
  const auto known = [](bool holds) { return holds ? Truth::Yes : Truth::No; };
  const auto asked = [&](auto matches) { return facts.head ? known(matches()) : Truth::Unknown; };
  const Caller& caller = facts.caller;
  return std::visit(
      Overloaded{
          [&](const RbacRule::Any&) { return Truth::Yes; },
          [&](const RbacRule::AllOf& all) { return all_of(all.rules, facts); },
          [&](const RbacRule::AnyOf& any) { return any_of(any.rules, facts); },
          [&](const RbacRule::Not& negation) {
            const Truth inner = all_of(negation.rule, facts);
            return inner == Truth::Unknown ? inner : known(inner == Truth::No);
          },
          [&](const RbacRule::Header& header) {
            return asked([&] { return header.matcher.matches(*facts.head); });
          },
          [&](const RbacRule::Path& path) { return asked([&] { return path.matcher.matches(facts.path); }); },
          [&](const RbacRule::Template& path) { return asked([&] { return path.matcher.matches(facts.path); }); },
          [&](const RbacRule::Port& port) {
            return known(caller.destination_port >= port.first && caller.destination_port < port.end);
          },
          [&](const RbacRule::DestinationIp& ip) { return known(ip.network.contains(caller.destination)); },
          [&](const RbacRule::SourceIp& ip) { return known(ip.network.contains(caller.source)); },
          [&](const RbacRule::ServerName& name) { return known(name.matcher.matches(caller.server_name)); },
          [&](const RbacRule::AnyPrincipal&) { return known(!caller.principal.empty()); },
          [&](const RbacRule::Principal& who) {
            return known(!caller.principal.empty() && who.matcher.matches(caller.principal));
          },
      },
      rule.condition);
}

Facts facts_of(const AuthorizationInput& input) { return {input.caller, &input.head, input.path}; }

bool holds(const RbacRule& rule, const AuthorizationInput& input) {
  return truth(rule, facts_of(input)) == Truth::Yes;
}

// How far the policy applies: to none of what the caller asks, to some of it, or to this request.
Truth applies(const RbacPolicy& policy, const Facts& facts) {
  const Truth principal = any_of(policy.principals.rules, facts);
  return principal == Truth::No ? principal : std::min(principal, any_of(policy.permissions.rules, facts));
}

bool allows(const RbacRuleSet& rule_set, const AuthorizationInput& input) {
  return std::ranges::any_of(rule_set.policies, [&](const RbacPolicy& policy) {
    return applies(policy, facts_of(input)) == Truth::Yes;
  });
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
    const bool principal = any_of(policy.principals.rules, facts_of(input)) == Truth::Yes;
    const bool permission = any_of(policy.permissions.rules, facts_of(input)) == Truth::Yes;
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

AuthorizationInput read_as(const AuthorizationInput& input, std::string_view path) {
  AuthorizationInput other = input;
  other.path = path;
  return other;
}

}  // namespace

CallerRules::CallerRules(std::span<const RbacRuleSet> rule_sets, const Caller& caller) {
  for (const RbacRuleSet& rule_set : rule_sets) {
    RuleSet& kept = rule_sets_.emplace_back(RuleSet{rule_set.action, {}});
    for (const RbacPolicy& policy : rule_set.policies) {
      if (applies(policy, {caller}) != Truth::No) kept.policies.push_back(&policy);
    }
  }
}

Decision CallerRules::judge(const AuthorizationInput& input) const {
  const RbacPolicy* allowed_by = nullptr;
  const Facts facts = facts_of(input);
  for (const RuleSet& rule_set : rule_sets_) {
    const auto found = std::ranges::find_if(rule_set.policies, [&facts](const RbacPolicy* policy) {
      return applies(*policy, facts) == Truth::Yes;
    });
    const RbacPolicy* policy = found == rule_set.policies.end() ? nullptr : *found;
    if ((policy != nullptr) == (rule_set.action == RbacAction::Deny)) return {false, policy};
    if (policy != nullptr) allowed_by = policy;
  }
  return {true, allowed_by};
}

Decision authorize(const CallerRules& rules, const AuthorizationInput& input) {
  Decision decision = rules.judge(input);
  if (!decision.allowed || !has_other_readings(input.path)) return decision;
  for (const std::string& reading : other_readings(input.path)) {
    Decision other = rules.judge(read_as(input, reading));
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
  const std::string_view who = input.caller.principal.empty() ? "a caller without identity" : input.caller.principal;
  std::string what = fmt::format("{} {} of {} on port {}", input.head.method, without_query(input.head.path),
                                 who, input.caller.destination_port);
  if (!decision.read_as.empty()) what += fmt::format(", which an application may read as {},", decision.read_as);
  if (decision.policy != nullptr) {
    return fmt::format("{} is denied by {}", what, named(*decision.policy));
  }
  for (const RbacRuleSet& rule_set : rule_sets) {
    if (rule_set.action != RbacAction::Allow || allows(rule_set, input)) continue;
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
