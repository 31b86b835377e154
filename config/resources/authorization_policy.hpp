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

// Each list empty: nothing is asked.
struct Source {
  std::vector<At<std::string>> principals, not_principals;
  std::vector<At<std::string>> namespaces, not_namespaces;
  yaml::Position at;
};

struct Operation {
  std::vector<At<std::string>> hosts, not_hosts;
  std::vector<At<std::string>> methods, not_methods;
  std::vector<PathPattern> paths, not_paths;
  std::vector<std::uint32_t> ports, not_ports;  // the workload's
  yaml::Position at;
};

// Any of the sources and any of the operations; empty: any.
struct AuthorizationRule {
  std::vector<Source> from;
  std::vector<Operation> to;
  yaml::Position at;
};

struct AuthorizationPolicy {
  enum class Action { Allow, Deny };
  std::optional<Selector> selector;
  Action action = Action::Allow;
  std::vector<AuthorizationRule> rules;
};
void describe(Fields& f, AuthorizationPolicy& p);

}  // namespace outrider::config
