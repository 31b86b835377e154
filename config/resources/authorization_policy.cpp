#include "config/resources/authorization_policy.hpp"

#include <algorithm>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

using Action = AuthorizationPolicy::Action;

// "IpBlocks", as Istio writes a field's name in its messages.
std::string in_capitals(std::string_view field) {
  std::string name(field);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

constexpr auto no_empty =
    each(Rule{[](const Node& node, const std::string& text) {
                if (!text.empty()) return;
                const std::string_view field = node.path.parent->name;
                node.error(fmt::format("empty value not allowed, found in {}", in_capitals(field)),
                           "remove it");
              },
              "not empty"});

// What the author cannot have meant: a star that is compared as a character.
const auto patterns =
    each(Rule{[](const Node& node, const std::string& text) {
                if (node.reading.strict_istio()) return;
                if (text_pattern(text).text.find('*') == std::string::npos) return;
                Diagnostic& d =
                    node.report(Level::Warning, code::kNoImpact,
                                fmt::format("{}: '*' in the middle of \"{}\" would be compared literally",
                                            node.path.text(), text),
                                "a '*' may stand at one end only, or alone");
                d.note = "as written it matches nothing";
              },
              "x, x*, *x or *"});

const auto no_scheme =
    each(Rule{[](const Node& node, const std::string& principal) {
                if (node.reading.strict_istio() || !principal.starts_with("spiffe://")) return;
                Diagnostic& d = node.report(
                    Level::Warning, code::kNoImpact,
                    fmt::format("{}: principals are written without \"spiffe://\"", node.path.text()),
                    fmt::format("write \"{}\"", principal.substr(9)));
                d.note = "as written it matches nobody";
                d.replace(node.value.at, fmt::format("\"{}\"", principal.substr(9)));
              },
              "trust-domain/ns/NAMESPACE/sa/ACCOUNT"});

const auto upper_case =
    each(Rule{[](const Node& node, const std::string& method) {
                if (node.reading.strict_istio()) return;
                if (method.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos) return;
                std::string upper = method;
                for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
                Diagnostic& d =
                    node.report(Level::Warning, code::kNoImpact,
                                fmt::format("{}: methods are compared with case: \"{}\" matches no request",
                                            node.path.text(), method),
                                "write it in capitals");
                d.replace(node.value.at, fmt::format("\"{}\"", upper));
              },
              "in capitals"});

std::string address_complaint(const std::string& text) {
  if (text.empty()) return {};
  if (text.find('/') != std::string::npos) {
    return is_ip_prefix(text) ? "" : fmt::format("bad CIDR range ({}): it is none", text);
  }
  return is_ip_address(text) ? "" : fmt::format("bad IP address ({})", text);
}
std::string port_complaint(const std::string& text) {
  const auto port = whole_number(text);
  const bool digits = !text.empty() && text[0] != '-';
  return port && digits && *port <= 65535 ? "" : fmt::format("bad port ({}): not in range 0..65535", text);
}
std::string account_complaint(const std::string& text) {
  if (text.empty()) return "empty value not allowed, found in ServiceAccounts";
  if (text.find('*') != std::string::npos) return "wildcard not allowed, found in ServiceAccounts";
  const auto slashes = std::count(text.begin(), text.end(), '/');
  if (slashes > 1 || text.starts_with('/') || text.ends_with('/')) {
    return fmt::format(
        "expected format 'serviceAccount' or 'namespace/serviceAccount', found \"{}\" in ServiceAccounts",
        text);
  }
  return text.size() > 320
             ? fmt::format("value cannot exceed 320 characters, found \"{}\" in ServiceAccounts", text)
             : "";
}
std::string wildcard_complaint(const std::string& text) {
  if (text.empty()) return "empty value not allowed, found in TrustDomains";
  const auto stars = std::count(text.begin(), text.end(), '*');
  if (stars > 1) return fmt::format("at most one wildcard is allowed, found in TrustDomains: \"{}\"", text);
  if (stars == 1 && !text.starts_with('*') && !text.ends_with('*')) {
    return fmt::format("wildcard is only allowed at the start or end, found in TrustDomains: \"{}\"", text);
  }
  return {};
}
std::string trust_domain_complaint(const std::string& text) {
  std::string found = wildcard_complaint(text);
  if (found.empty() && text.find('/') != std::string::npos) {
    found = fmt::format("trust domain must not contain '/', found in TrustDomains: \"{}\"", text);
  }
  return found;
}

template <std::string (*complain)(const std::string&)>
constexpr auto texts_without(const char* says) {
  return each(Rule{[](const Node& node, const std::string& text) {
                     if (std::string found = complain(text); !found.empty()) node.error(std::move(found));
                   },
                   says});
}
constexpr auto addresses = texts_without<address_complaint>("IP addresses or CIDR blocks");
constexpr auto ports = texts_without<port_complaint>("ports, in quotes");
constexpr auto accounts = texts_without<account_complaint>("ACCOUNT or NAMESPACE/ACCOUNT");
constexpr auto trust_domains = texts_without<trust_domain_complaint>("x, x*, *x or *");
constexpr Rule few_accounts{[](const Node& node, const Texts& texts) {
                              if (texts.size() > 16) node.error("may not have more than 16 values");
                            },
                            "at most 16"};

// A list that is given but empty asks nothing and opens the door, whatever its author meant.
void warn_of_empty(Fields& f, std::initializer_list<std::string_view> names) {
  if (!f.reads() || f.reading().strict_istio()) return;
  for (const std::string_view name : names) {
    const yaml::Value* value = f.value(name);
    const bool empty = value != nullptr && (value->shape == yaml::Shape::Null ||
                                            (value->shape == yaml::Shape::List && value->items.empty()));
    if (!empty) continue;
    Diagnostic& d = f.report(Level::Error, code::kSchema, name, fmt::format("`{}` must not be empty", name),
                             "remove it if everything is meant");
    d.note = "an empty list asks nothing: every request would match";
  }
}

std::string bracketed_key_complaint(const std::string& key) {
  const std::size_t open = key.find('[');
  const bool fine = key.ends_with(']') && open != std::string::npos && open > 0 && open + 2 < key.size();
  return fine ? "" : fmt::format("bad key ({}): should have format a[b]", key);
}

std::string values_complaint(const std::string& key, const Texts& values, const char* which) {
  const auto any = [&](auto complain) {
    for (const auto& value : values) {
      if (std::string found = complain(*value); !found.empty()) return found;
    }
    return std::string();
  };
  const auto wrap = [&](std::string found) {
    return found.empty() ? found : fmt::format("invalid `{}` for `key` {}: {}", which, key, found);
  };
  for (const auto& value : values) {
    if (value->empty()) return wrap(fmt::format("empty value not allowed, found in {}", key));
  }
  if (key.starts_with("request.headers") || key.starts_with("request.auth.claims") ||
      key.starts_with("experimental.envoy.filters.")) {
    return wrap(bracketed_key_complaint(key));
  }
  if (key == "source.ip" || key == "remote.ip" || key == "destination.ip")
    return wrap(any(address_complaint));
  if (key == "source.serviceAccount") {
    return wrap(values.size() > 16 ? std::string("may not have more than 16 values")
                                   : any(account_complaint));
  }
  if (key == "source.trustDomain") return wrap(any(wildcard_complaint));
  if (key == "destination.port") return wrap(any(port_complaint));
  constexpr std::string_view known[] = {"source.namespace",       "source.principal",
                                        "request.auth.principal", "request.auth.audiences",
                                        "request.auth.presenter", "connection.sni"};
  if (std::find(std::begin(known), std::end(known), key) != std::end(known)) return {};
  if (key == "destination.namespace")
    return wrap("attribute destination.namespace is replaced by the metadata.namespace");
  if (key.starts_with("destination.labels"))
    return wrap(fmt::format("attribute {} is replaced by the workload selector", key));
  if (key == "destination.name" || key == "destination.user") {
    return wrap(fmt::format("deprecated attribute {}: only supported in v1alpha1", key));
  }
  return wrap(fmt::format("unknown attribute: {}", key));
}

bool asks_for_identity(const Source& s) {
  return !s.principals.empty() || !s.not_principals.empty() || !s.namespaces.empty() ||
         !s.not_namespaces.empty();
}

// CUSTOM is asked before the caller's identity is known.
void check_custom(Fields& f, const AuthorizationPolicy& p) {
  const auto refuse = [&](bool given, yaml::Position at, std::string_view name) {
    if (!given) return;
    f.reading().error(at, fmt::format("{} is currently not supported with CUSTOM action", name),
                      "use addresses, hosts, paths, methods, ports or headers");
  };
  for (const AuthorizationRule& rule : p.rules) {
    for (const From& from : rule.from) {
      if (!from.source) continue;
      const Source& s = *from.source;
      const std::pair<const Texts&, std::string_view> fields[] = {
          {s.namespaces, "From.Namespaces"},
          {s.not_namespaces, "From.NotNamespaces"},
          {s.service_accounts, "From.ServiceAccounts"},
          {s.not_service_accounts, "From.NotServiceAccounts"},
          {s.trust_domains, "From.TrustDomains"},
          {s.not_trust_domains, "From.NotTrustDomains"},
          {s.principals, "From.Principals"},
          {s.not_principals, "From.NotPrincipals"},
          {s.request_principals, "From.RequestPrincipals"},
          {s.not_request_principals, "From.NotRequestPrincipals"}};
      for (const auto& [values, name] : fields) refuse(!values.empty(), s.at, name);
    }
    for (const Condition& c : rule.when) {
      const bool identity = c.key == "source.namespace" || c.key == "source.serviceAccount" ||
                            c.key == "source.trustDomain" || c.key == "source.principal" ||
                            c.key.starts_with("request.auth.");
      refuse(identity, c.at, c.key);
    }
  }
}

// Istio drops what only HTTP has from a DENY rule on a TCP port, and denies what is left: everything.
bool denies_all_tcp(const AuthorizationRule& rule) {
  bool from = false, to = false, tcp_from = false, tcp_to = false;
  for (const From& each : rule.from) {
    if (!each.source) continue;
    const Source& s = *each.source;
    from = true;
    tcp_from |= asks_for_identity(s) || !s.ip_blocks.empty() || !s.not_ip_blocks.empty() ||
                !s.remote_ip_blocks.empty() || !s.not_remote_ip_blocks.empty() ||
                !s.service_accounts.empty() || !s.not_service_accounts.empty();
  }
  for (const To& each : rule.to) {
    if (!each.operation) continue;
    to = true;
    tcp_to |= !each.operation->ports.empty() || !each.operation->not_ports.empty();
  }
  return (from && !to && !tcp_from) || (to && !tcp_to);
}

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
  f.message("Source");
  f.field("principals", s.principals, {"Identities of peers: trust-domain/ns/NAMESPACE/sa/ACCOUNT"},
          no_empty, patterns, no_scheme);
  f.field("notPrincipals", s.not_principals, {"Identities of peers that are left out"}, no_empty, patterns,
          no_scheme);
  f.field("requestPrincipals", s.request_principals, {"Identities of tokens: issuer/subject"}, no_empty,
          patterns);
  f.field("notRequestPrincipals", s.not_request_principals, {"Identities of tokens that are left out"},
          no_empty, patterns);
  f.field("namespaces", s.namespaces, {"Namespaces of peers"}, no_empty);
  f.field("notNamespaces", s.not_namespaces, {"Namespaces of peers that are left out"}, no_empty);
  f.field("serviceAccounts", s.service_accounts,
          {"Accounts of peers: ACCOUNT of this namespace, or NAMESPACE/ACCOUNT"}, accounts, few_accounts);
  f.field("notServiceAccounts", s.not_service_accounts, {"Accounts of peers that are left out"}, accounts,
          few_accounts);
  f.field("trustDomains", s.trust_domains, {"Trust domains of peers"}, trust_domains);
  f.field("notTrustDomains", s.not_trust_domains, {"Trust domains of peers that are left out"},
          trust_domains);
  f.field("ipBlocks", s.ip_blocks, {"Addresses of peers"}, no_empty, addresses);
  f.field("notIpBlocks", s.not_ip_blocks, {"Addresses of peers that are left out"}, no_empty, addresses);
  f.field("remoteIpBlocks", s.remote_ip_blocks, {"Addresses of clients, as X-Forwarded-For or PROXY tells"},
          no_empty, addresses);
  f.field("notRemoteIpBlocks", s.not_remote_ip_blocks, {"Addresses of clients that are left out"}, no_empty,
          addresses);
  warn_of_empty(f, {"principals", "notPrincipals", "requestPrincipals", "notRequestPrincipals",
                    "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts", "trustDomains",
                    "notTrustDomains", "ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"});
  if (!f.sound()) return;
  if (asks_for_identity(s) && (!s.service_accounts.empty() || !s.not_service_accounts.empty())) {
    f.error("serviceAccounts", "cannot set serviceAccounts with namespaces or principals",
            "write one of them");
  }
  const Texts* all[] = {
      &s.principals,       &s.not_principals,      &s.request_principals, &s.not_request_principals,
      &s.namespaces,       &s.not_namespaces,      &s.service_accounts,   &s.not_service_accounts,
      &s.trust_domains,    &s.not_trust_domains,   &s.ip_blocks,          &s.not_ip_blocks,
      &s.remote_ip_blocks, &s.not_remote_ip_blocks};
  if (std::all_of(std::begin(all), std::end(all), [](const Texts* texts) { return texts->empty(); })) {
    f.error("", "`from.source` must not be empty", "remove `from` if everybody is meant");
  }
}

void describe(Fields& f, Operation& o) {
  f.message("Operation");
  f.field("hosts", o.hosts, {"Hosts that were called, without case; name:PORT is another host"}, no_empty,
          patterns);
  f.field("notHosts", o.not_hosts, {"Hosts that are left out"}, no_empty, patterns);
  f.field("ports", o.ports, {"Ports of the workload, not of the service"}, ports);
  f.field("notPorts", o.not_ports, {"Ports that are left out"}, ports);
  f.field("methods", o.methods, {"Methods; gRPC is always POST"}, no_empty, patterns, upper_case);
  f.field("notMethods", o.not_methods, {"Methods that are left out"}, no_empty, patterns, upper_case);
  f.field("paths", o.paths,
          {"Paths without the query: /a, /a/*, *.js, /a/{*}/b, /a/{**}; of gRPC /package.Service/Method"});
  f.field("notPaths", o.not_paths, {"Paths that are left out"});
  warn_of_empty(f,
                {"hosts", "notHosts", "methods", "notMethods", "paths", "notPaths", "ports", "notPorts"});
  if (!f.sound()) return;
  const bool empty = o.hosts.empty() && o.not_hosts.empty() && o.ports.empty() && o.not_ports.empty() &&
                     o.methods.empty() && o.not_methods.empty() && o.paths.empty() && o.not_paths.empty();
  if (empty) f.error("", "`to.operation` must not be empty", "remove `to` if everything is meant");
}

void describe(Fields& f, From& from) {
  f.message("Rule.From");
  f.field("source", from.source, {"All that has to be true of a caller"});
  if (f.sound() && !from.source)
    f.error("", "`from.source` must not be nil", "write source: with what is asked");
}

void describe(Fields& f, To& to) {
  f.message("Rule.To");
  f.field("operation", to.operation, {"All that has to be true of a request"});
  if (f.sound() && !to.operation)
    f.error("", "`to.operation` must not be nil", "write operation: with what is asked");
}

void describe(Fields& f, Condition& c) {
  f.message("Condition");
  f.needs({"key"});
  f.field("key", c.key,
          {"What is looked at: request.headers[NAME], source.ip, request.auth.claims[NAME], ..."});
  f.field("values", c.values, {"Values of which it has to have one"});
  f.field("notValues", c.not_values, {"Values of which it must have none"});
  if (!f.sound()) return;
  if (c.key.empty()) return void(f.error("key", "`key` must not be empty"));
  if (c.values.empty() && c.not_values.empty()) {
    return void(f.error(
        "key", fmt::format("at least one of `values` or `notValues` must be set for key {}", c.key)));
  }
  std::string found = values_complaint(c.key, c.values, "value");
  if (found.empty()) found = values_complaint(c.key, c.not_values, "notValue");
  if (!found.empty()) f.error("key", std::move(found));
}

void describe(Fields& f, AuthorizationRule& r) {
  f.message("Rule");
  f.field("from", r.from, {"Callers: any of these", "everybody"}, cluster::at_most(512));
  f.field("to", r.to, {"Requests: any of these", "all"});
  f.field("when", r.when, {"Conditions: all of these"});
  warn_of_empty(f, {"from", "to"});
}

void describe(Fields& f, AuthorizationPolicy::Provider& p) {
  f.message("AuthorizationPolicy.ExtensionProvider");
  f.field("name", p.name, {"An extensionProvider of the mesh's configuration"});
}

void describe(Fields& f, AuthorizationPolicy& p) {
  f.message("AuthorizationPolicy");
  describe_target(f, p);
  f.field("rules", p.rules, {"Any of these has to match; ALLOW without any lets nobody in"},
          cluster::at_most(512));
  f.choice("action", p.action,
           {{"ALLOW", Action::Allow},
            {"DENY", Action::Deny},
            {"AUDIT", Action::Audit},
            {"CUSTOM", Action::Custom}},
           {"What a match means; CUSTOM is asked first, then DENY, then ALLOW", "ALLOW"});
  f.field("provider", p.provider, {"Who decides, with action CUSTOM"});
  if (!f.sound()) return;
  check_target(f, p);
  if (p.action == Action::Custom) {
    if (p.rules.empty()) {
      f.error("action",
              "CUSTOM action without `rules` is meaningless as it will never be triggered, add an empty "
              "rule `{}` "
              "if you want it be triggered for every request");
    } else if (!p.provider || p.provider->name.empty()) {
      f.error("provider", "`provider.name` must not be empty");
    }
    check_custom(f, p);
  } else if (p.provider) {
    constexpr const char* names[] = {"ALLOW", "DENY", "AUDIT"};
    const auto index = static_cast<std::size_t>(p.action);
    f.error("provider", fmt::format("`provider` must not be with non CUSTOM action, found {}",
                                    index < 3 ? names[index] : ""));
  }
  if (p.action != Action::Deny) return;
  if (p.rules.empty()) {
    f.error("action",
            "DENY action without `rules` is meaningless as it will never be triggered, add an empty rule "
            "`{}` if "
            "you want it be triggered for every request",
            "add rules: [{}] to deny everything");
  }
  for (const AuthorizationRule& rule : p.rules) {
    if (!denies_all_tcp(rule)) continue;
    f.reading().report(
        Level::Warning, code::kSchemaWarning, rule.at,
        "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to the use "
        "of "
        "only HTTP attributes in a DENY rule; it is recommended to explicitly specify the port",
        "add ports: to the operation");
  }
}

}  // namespace outrider::config
