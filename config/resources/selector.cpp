#include "config/resources/selector.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

void no_wildcards(const Node& node, const Labels& labels) {
  for (const auto& [key, value] : labels) {
    if (key.find('*') == std::string::npos && value.find('*') == std::string::npos) continue;
    node.error(fmt::format("wildcard is not supported in selector: {}={}", key, value));
  }
}

void warn_if_empty(Fields& f, const Selector& s) {
  if (!s.labels.empty()) return;
  f.reading().report(
      Level::Warning, code::kSchemaWarning, f.at(),
      fmt::format("{} without labels selects every workload of the namespace", f.path()),
      "leave it out if that is meant");
}

}  // namespace

bool includes(const Labels& labels, const Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

void describe(Fields& f, Selector& s) {
  f.field("matchLabels", s.labels, no_wildcards);
  warn_if_empty(f, s);
}

void describe(Fields& f, WorkloadSelector& s) {
  f.field("labels", s.labels, no_wildcards);
  warn_if_empty(f, s);
}

bool Visibility::reaches(std::string_view own_namespace, std::string_view viewer) const {
  if (export_to.empty() || own_namespace == viewer) return true;
  return std::any_of(export_to.begin(), export_to.end(),
                     [](const At<std::string>& to) { return *to == "*"; });
}

void describe_export_to(Fields& f, Visibility& v) {
  f.field("exportTo", v.export_to, each([](const Node& node, const std::string& to) {
            if (to == "*" || to == ".") return;
            node.reading.report(
                Level::Error, code::kUnsupported, node.value.at,
                fmt::format("{}: \"{}\" is not supported yet", node.path.text(), to),
                "write \"*\" (everybody) or \".\" (this namespace)");
          }));
}

std::string resolve_host(std::string_view host, std::string_view ns) {
  if (host == "*" || host.find_first_of(".:") != std::string_view::npos) {
    return std::string(host.substr(0, host.size() - (host.ends_with('.') ? 1 : 0)));
  }
  return fmt::format("{}.{}.svc.{}", host, ns, kTrustDomain);
}

bool covers(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with('*')) return pattern == host;
  pattern.remove_prefix(1);
  return host.size() > pattern.size() && host.ends_with(pattern);
}

}  // namespace outrider::config
