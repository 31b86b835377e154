#include "config/translation/rbac_rule.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include "config/resources/names.hpp"
#include "config/translation/messages.hpp"
#include "config/xds/uri_template.pb.h"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

namespace rbac = envoy::config::rbac::v3;
using envoy::type::matcher::v3::StringMatcher;

constexpr const char* kAnything = ".+";

// `lead` is what the compared text has in front of what a policy writes: "spiffe://".
void set_text(const TextPattern& pattern, const std::string& lead, StringMatcher& out) {
  switch (pattern.kind) {
    case TextPattern::Kind::Present: return out.mutable_safe_regex()->set_regex(kAnything);
    case TextPattern::Kind::Exact: return out.set_exact(lead + pattern.text);
    case TextPattern::Kind::Prefix: return out.set_prefix(lead + pattern.text);
    case TextPattern::Kind::Suffix: return out.set_suffix(pattern.text);
  }
}

// "prod-*" as the namespace inside a SPIFFE id.
std::string namespace_regex(std::string_view ns) {
  std::string name;
  for (const std::string_view piece : ascii::split(ns, '*')) {
    if (!name.empty() || piece.data() != ns.data()) name += ".*";
    name += RE2::QuoteMeta(re2::StringPiece(piece.data(), piece.size()));
  }
  return fmt::format(".*/ns/{}/.*", name);
}

void set_path(const PathPattern& path, rbac::Permission& out) {
  StringMatcher* text = nullptr;
  if (path.kind != PathPattern::Kind::Template) text = out.mutable_url_path()->mutable_path();
  switch (path.kind) {
    case PathPattern::Kind::Present: return text->mutable_safe_regex()->set_regex(kAnything);
    case PathPattern::Kind::Exact: return text->set_exact(path.text);
    case PathPattern::Kind::Prefix: return text->set_prefix(path.text);
    case PathPattern::Kind::Suffix: return text->set_suffix(path.text);
    case PathPattern::Kind::Template: break;
  }
  envoy::extensions::path::match::uri_template::v3::UriTemplateMatchConfig match;
  match.set_path_template(path.text);
  out.mutable_uri_template()->set_name("uri-template");
  *out.mutable_uri_template()->mutable_typed_config() = pack(match);
}

void set_header(const char* name, const std::string& text, bool ignore_case, rbac::Permission& out) {
  auto& header = *out.mutable_header();
  header.set_name(name);
  const TextPattern pattern = text_pattern(text);
  if (pattern.kind == TextPattern::Kind::Present) return header.set_present_match(true);
  set_text(pattern, "", *header.mutable_string_match());
  header.mutable_string_match()->set_ignore_case(ignore_case);
}

// Adds "one of" to an and-list, or "none of"; nothing when nothing is asked.
template <typename Values, typename Set>
void one_of(const Values& values, const Set& set, rbac::Permission::Set& all) {
  if (values.empty()) return;
  auto& any = *all.add_rules()->mutable_or_rules();
  for (const auto& value : values) set(value, *any.add_rules());
}

template <typename Values, typename Set>
void none_of(const Values& values, const Set& set, rbac::Permission::Set& all) {
  if (values.empty()) return;
  auto& any = *all.add_rules()->mutable_not_rule()->mutable_or_rules();
  for (const auto& value : values) set(value, *any.add_rules());
}

rbac::Permission permission(const Operation& operation) {
  rbac::Permission out;
  rbac::Permission::Set& all = *out.mutable_and_rules();
  const auto host = [](const std::string& text, rbac::Permission& p) {
    set_header(":authority", text, true, p);
  };
  const auto method = [](const std::string& text, rbac::Permission& p) {
    set_header(":method", text, false, p);
  };
  const auto port = [](const std::string& number, rbac::Permission& p) {
    p.set_destination_port(static_cast<std::uint32_t>(whole_number(number).value_or(0)));
  };
  one_of(operation.hosts, host, all);
  none_of(operation.not_hosts, host, all);
  one_of(operation.methods, method, all);
  none_of(operation.not_methods, method, all);
  one_of(operation.paths, set_path, all);
  none_of(operation.not_paths, set_path, all);
  one_of(operation.ports, port, all);
  none_of(operation.not_ports, port, all);
  return out;
}

void set_principal(const std::string& text, rbac::Principal& out) {
  set_text(text_pattern(text), "spiffe://", *out.mutable_authenticated()->mutable_principal_name());
}

void set_namespace(const std::string& ns, rbac::Principal& out) {
  out.mutable_authenticated()->mutable_principal_name()->mutable_safe_regex()->set_regex(
      namespace_regex(ns));
}

template <typename Set>
void add_ids(const Texts& wanted, const Texts& unwanted, const Set& set, rbac::Principal::Set& all) {
  if (!wanted.empty()) {
    auto& any = *all.add_ids()->mutable_or_ids();
    for (const std::string& each : wanted) set(each, *any.add_ids());
  }
  if (!unwanted.empty()) {
    auto& any = *all.add_ids()->mutable_not_id()->mutable_or_ids();
    for (const std::string& each : unwanted) set(each, *any.add_ids());
  }
}

rbac::Principal principal(const Source& source) {
  rbac::Principal out;
  rbac::Principal::Set& all = *out.mutable_and_ids();
  add_ids(source.principals, source.not_principals, set_principal, all);
  add_ids(source.namespaces, source.not_namespaces, set_namespace, all);
  return out;
}

}  // namespace

rbac::Policy rbac_policy(const AuthorizationRule& rule) {
  rbac::Policy policy;
  for (const To& to : rule.to) *policy.add_permissions() = permission(*to.operation);
  for (const From& from : rule.from) *policy.add_principals() = principal(*from.source);
  if (rule.to.empty()) policy.add_permissions()->set_any(true);
  if (rule.from.empty()) policy.add_principals()->set_any(true);
  return policy;
}

}  // namespace outrider::config
