#include "config/resources/authorization_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

using Texts = std::vector<At<std::string>>;

// What the policy's author cannot have meant: a star that would be compared as a character.
const auto patterns = each([](const Node& node, const std::string& text) {
  if (text.empty()) {
    return node.error(
        fmt::format("empty value not allowed, found in {}", node.path.parent->text()));
  }
  if (text_pattern(text).text.find('*') == std::string::npos) return;
  node.error(fmt::format("{}: '*' in the middle of \"{}\" would be compared literally",
                         node.path.text(), text),
             "a '*' may stand at one end only, or alone");
});

const auto no_scheme = each([](const Node& node, const std::string& principal) {
  if (!principal.starts_with("spiffe://")) return;
  node.error(fmt::format("{}: principals are written without \"spiffe://\"", node.path.text()),
             fmt::format("write \"{}\"", principal.substr(9)));
});

const auto upper_case = each([](const Node& node, const std::string& method) {
  if (method.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos) return;
  node.reading.report(Level::Warning, code::kNoImpact, node.value.at,
                      fmt::format("{}: methods are compared with case: \"{}\" matches no request",
                                  node.path.text(), method),
                      "write it in capitals");
});

void namespaces(const Node& node, const Texts& names) { each(not_empty)(node, names); }

// A list that is given but empty would ask nothing and open the door.
void never_empty(Fields& f, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (f.given(name) && !f.has(name)) {
      f.error(name, fmt::format("`{}` must not be empty", name),
              "remove it if everything is meant");
    }
  }
}

void read_ports(Fields& f, std::string_view name, std::vector<std::uint32_t>& out) {
  std::vector<At<std::string>> texts;
  f.field(name, texts, not_empty);
  for (const At<std::string>& text : texts) {
    const auto digits = [](char c) { return c >= '0' && c <= '9'; };
    const bool fine =
        !text->empty() && text->size() <= 5 && std::all_of(text->begin(), text->end(), digits);
    const unsigned long port = fine ? std::stoul(*text) : 0;
    if (port < 1 || port > 65535) {
      f.reading().error(text.at, fmt::format("bad port ({}): {}", *text, "not in range 1..65535"));
    } else {
      out.push_back(static_cast<std::uint32_t>(port));
    }
  }
}

struct From {
  Source source;
};
void describe(Fields& f, From& from) { f.require("source", from.source); }

struct To {
  Operation operation;
};
void describe(Fields& f, To& to) { f.require("operation", to.operation); }

}  // namespace

TextPattern text_pattern(std::string_view written) {
  using Kind = TextPattern::Kind;
  if (written == "*") return {Kind::Present, {}};
  if (written.starts_with('*')) return {Kind::Suffix, std::string(written.substr(1))};
  if (written.ends_with('*')) {
    return {Kind::Prefix, std::string(written.substr(0, written.size() - 1))};
  }
  return {Kind::Exact, std::string(written)};
}

void describe(Fields& f, Source& s) {
  f.field("principals", s.principals, not_empty, patterns, no_scheme);
  f.field("notPrincipals", s.not_principals, not_empty, patterns, no_scheme);
  f.field("namespaces", s.namespaces, not_empty, namespaces);
  f.field("notNamespaces", s.not_namespaces, not_empty, namespaces);
  f.unsupported({"requestPrincipals", "notRequestPrincipals", "ipBlocks", "notIpBlocks",
                 "remoteIpBlocks", "notRemoteIpBlocks", "serviceAccounts", "notServiceAccounts",
                 "trustDomains", "notTrustDomains"});
  never_empty(f, {"principals", "notPrincipals", "namespaces", "notNamespaces"});
  if (s.principals.empty() && s.not_principals.empty() && s.namespaces.empty() &&
      s.not_namespaces.empty() && !f.reading().failed()) {
    f.error("", "`from.source` must not be empty", "remove `from` if everybody is meant");
  }
}

void describe(Fields& f, Operation& o) {
  f.field("hosts", o.hosts, not_empty, patterns);
  f.field("notHosts", o.not_hosts, not_empty, patterns);
  f.field("methods", o.methods, not_empty, patterns, upper_case);
  f.field("notMethods", o.not_methods, not_empty, patterns, upper_case);
  f.field("paths", o.paths, not_empty);
  f.field("notPaths", o.not_paths, not_empty);
  read_ports(f, "ports", o.ports);
  read_ports(f, "notPorts", o.not_ports);
  never_empty(
      f, {"hosts", "notHosts", "methods", "notMethods", "paths", "notPaths", "ports", "notPorts"});
  if (o.hosts.empty() && o.not_hosts.empty() && o.methods.empty() && o.not_methods.empty() &&
      o.paths.empty() && o.not_paths.empty() && o.ports.empty() && o.not_ports.empty() &&
      !f.reading().failed()) {
    f.error("", "`to.operation` must not be empty", "remove `to` if everything is meant");
  }
}

void describe(Fields& f, AuthorizationRule& r) {
  std::vector<From> from;
  std::vector<To> to;
  f.field("from", from, not_empty);
  f.field("to", to, not_empty);
  f.unsupported({"when"});
  never_empty(f, {"from", "to"});
  for (From& each_from : from) r.from.push_back(std::move(each_from.source));
  for (To& each_to : to) r.to.push_back(std::move(each_to.operation));
}

void describe(Fields& f, AuthorizationPolicy& p) {
  f.field("selector", p.selector);
  f.choice(
      "action", p.action,
      {{"ALLOW", AuthorizationPolicy::Action::Allow}, {"DENY", AuthorizationPolicy::Action::Deny}},
      {"AUDIT", "CUSTOM"});
  f.field("rules", p.rules);
  f.unsupported({"targetRef", "targetRefs", "provider"});
  if (p.action == AuthorizationPolicy::Action::Deny && p.rules.empty()) {
    f.error("action",
            "DENY action without `rules` is meaningless as it will never be triggered, add an "
            "empty rule `{}` if you want it be triggered for every request");
  }
}

}  // namespace outrider::config
