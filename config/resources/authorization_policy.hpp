#pragma once
// AuthorizationPolicy: who may do what with a workload. A value; any thread.

#include <optional>
#include <string>
#include <vector>

#include "config/resources/path_pattern.hpp"
#include "config/resources/selector.hpp"

namespace outrider::config {

// "x", "x*", "*x" or "*": how principals, methods and hosts are compared.
struct TextPattern {
  enum class Kind { Present, Exact, Prefix, Suffix };
  Kind kind = Kind::Exact;
  std::string text;  // without the star
};
[[nodiscard]] TextPattern text_pattern(std::string_view written);

using Texts = std::vector<At<std::string>>;

// Each list empty: nothing is asked.
struct Source {
  Texts principals, not_principals, request_principals, not_request_principals, namespaces, not_namespaces,
      service_accounts, not_service_accounts, trust_domains, not_trust_domains, ip_blocks, not_ip_blocks,
      remote_ip_blocks, not_remote_ip_blocks;
  yaml::Position at;
};
void describe(Fields& f, Source& s);

struct Operation {
  Texts hosts, not_hosts, methods, not_methods, ports, not_ports;  // ports: the workload's
  std::vector<PathPattern> paths, not_paths;
  yaml::Position at;
};
void describe(Fields& f, Operation& o);

struct From {
  std::optional<Source> source;
  yaml::Position at;
};
void describe(Fields& f, From& from);

struct To {
  std::optional<Operation> operation;
  yaml::Position at;
};
void describe(Fields& f, To& to);

struct Condition {
  std::string key;
  Texts values, not_values;
  yaml::Position at;
};
void describe(Fields& f, Condition& c);

// Any of the sources, any of the operations, all of the conditions; none of a kind: any.
struct AuthorizationRule {
  std::vector<From> from;
  std::vector<To> to;
  std::vector<Condition> when;
  yaml::Position at;
};
void describe(Fields& f, AuthorizationRule& r);

struct AuthorizationPolicy : PolicyTarget {
  enum class Action { Allow = 0, Deny = 1, Audit = 2, Custom = 3 };
  struct Provider {
    std::string name;
  };
  Action action = Action::Allow;
  std::optional<Provider> provider;
  std::vector<AuthorizationRule> rules;
};
void describe(Fields& f, AuthorizationPolicy::Provider& p);
void describe(Fields& f, AuthorizationPolicy& p);

}  // namespace outrider::config
