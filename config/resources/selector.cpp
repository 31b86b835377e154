#include "config/resources/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr Rule exact_labels{
    [](const Node& node, const Labels& labels) {
      for (const yaml::Entry& entry : node.value.entries) {
        const auto label = labels.find(entry.key);
        if (label == labels.end()) continue;
        const bool wild =
            entry.key.find('*') != std::string::npos || label->second.find('*') != std::string::npos;
        if (!entry.key.empty() && !wild) continue;
        node.reading
            .error(entry.key_at,
                   fmt::format("{} is not supported in selector: \"{}={}\"",
                               wild ? "wildcard" : "key must not be empty: empty key", entry.key,
                               label->second),
                   "write the whole label; all labels given have to be there")
            .path = node.path.text();
      }
    },
    "labels without wildcards"};

constexpr auto short_values = each(cluster::at_most(63));

struct AllowedTarget {
  std::string_view group, kind;
};
constexpr AllowedTarget kAllowedTargets[] = {{"", "Service"},
                                             {"core", "Service"},
                                             {"networking.istio.io", "ServiceEntry"},
                                             {"gateway.networking.k8s.io", "Gateway"},
                                             {"gateway.networking.k8s.io", "GatewayClass"}};

void check_target(Fields& f, const TargetReference& t) {
  const auto bad = [&](std::string message) {
    f.reading().error(t.at, std::move(message)).path = f.path();
  };
  if (t.name.empty()) bad("targetRef name must be set");
  if (!t.ns.empty()) {
    bad("targetRef namespace must not be set; cross namespace referencing is not currently supported");
  }
  const bool allowed = std::any_of(std::begin(kAllowedTargets), std::end(kAllowedTargets),
                                   [&](const auto& a) { return a.group == t.group && a.kind == t.kind; });
  if (!allowed) {
    bad(fmt::format(
        "targetRef must be to one of Service, ServiceEntry, Gateway, GatewayClass but was {}/{}", t.group,
        t.kind));
  }
}

}  // namespace

bool includes(const Labels& labels, const Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

void describe(Fields& f, Selector& s) {
  f.message("WorkloadSelector");
  f.field("matchLabels", s.labels, {"Labels that a workload has to have, all of them"}, exact_labels,
          short_values, cluster::at_most(4096));
  if (!f.sound() || !s.labels.empty()) return;
  f.warning("", "workload selector specified without labels", "leave it out if every workload is meant");
}

void describe(Fields& f, WorkloadSelector& s) {
  f.message("WorkloadSelector");
  f.field("labels", s.labels, {"Labels that a workload has to have, all of them"}, exact_labels,
          short_values, cluster::at_most(256));
}

void warn_of_no_labels(Fields& f, const char* kind, const WorkloadSelector* selector) {
  if (selector == nullptr || !selector->labels.empty()) return;
  f.warning("workloadSelector",
            fmt::format("{}: workload selector specified without labels, will be applied to all services in "
                        "namespace",
                        kind),
            "leave it out if every workload is meant");
}

void describe(Fields& f, TargetReference& t) {
  f.message("PolicyTargetReference");
  f.needs({"kind", "name"});
  f.field(
      "group", t.group, {"API group of what is meant", "that of Service"}, cluster::at_most(253),
      cluster::must(
          [](const std::string& g) {
            return g.empty() || (g == ascii::to_lower(g) && fqdn_complaint(g).empty());
          },
          "in body should match '^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'",
          "an API group"));
  f.field("kind", t.kind, {"Gateway, GatewayClass, Service or ServiceEntry"}, cluster::not_empty,
          cluster::must(is_dns_label, "in body should match '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$'",
                        "a kind"));
  f.field("name", t.name, {"Its name"}, cluster::not_empty, cluster::at_most(253));
  f.field("namespace", t.ns, {"Its namespace, which has to be the policy's", "the policy's"});
}

void describe_target(Fields& f, PolicyTarget& p) {
  f.field("selector", p.selector, {"The workloads that it is for", "every workload of the namespace"});
  f.field("targetRef", p.target, {"The gateway or service that it is for; write targetRefs"});
  f.field("targetRefs", p.targets, {"The gateways and services that it is for"}, cluster::at_most(16));
}

void check_target(Fields& f, const PolicyTarget& p) {
  if (p.target) check_target(f, *p.target);
  for (const TargetReference& target : p.targets) check_target(f, target);
  const int given = (p.selector ? 1 : 0) + (p.target ? 1 : 0) + (p.targets.empty() ? 0 : 1);
  if (given < 2) return;
  f.error("selector",
          "only one of targetRefs or workloadSelector can be set: "
          "only one of targetRefs or selector can be set",
          "remove the selector, or the targets");
}

bool Visibility::reaches(std::string_view own_namespace, std::string_view viewer) const {
  if (export_to.empty() || own_namespace == viewer) return true;
  return std::any_of(export_to.begin(), export_to.end(),
                     [](const At<std::string>& to) { return *to == "*"; });
}

void describe_export_to(Fields& f, Visibility& v) {
  f.field("exportTo", v.export_to,
          {"Who sees it: \"*\" everybody, \".\" its own namespace, or namespaces by name", "*"});
}

void check_export_to(Fields& f, const Visibility& v, ExportOf what) {
  const std::string ns(f.reading().ns());
  std::set<std::string> seen;
  const auto bad = [&](yaml::Position at, std::string message, std::string help = {}) {
    f.reading().error(at, std::move(message), std::move(help)).path = f.path() + ".exportTo";
  };
  for (const At<std::string>& to : v.export_to) {
    const std::string key = *to == "." ? ns : *to;
    if (seen.contains(key)) {
      bad(to.at,
          key == *to ? fmt::format("duplicate entries in exportTo for entry {}", *to)
                     : fmt::format("duplicate entries in exportTo: . and current namespace {}", ns),
          "keep one");
    } else if (*to == "~") {
      if (what == ExportOf::Service) {
        seen.insert(key);
      } else {
        bad(to.at, "exportTo ~ (none) is not allowed for Istio configuration objects");
      }
    } else if (key != "*" && !is_dns_label(key)) {
      bad(to.at, "only .,*, or a valid DNS 1123 label is allowed as exportTo entry",
          "write \"*\", \".\" or the name of a namespace");
    } else {
      seen.insert(key);
    }
  }
  if (v.export_to.empty()) return;
  const yaml::Position at = f.key_at("exportTo");
  if (what == ExportOf::RuleWithSelector && !seen.empty()) {
    if (!seen.contains(ns)) {
      bad(at, "destination rule with workload selector cannot have exportTo beyond current namespace");
    } else if (seen.size() > 1) {
      bad(at, "destination rule with workload selector cannot have multiple entries in exportTo");
    }
  }
  if (seen.contains("*") && v.export_to.size() > 1) {
    bad(at, "cannot have both public (*) and non-public exportTo values for a resource",
        "keep one of them");
  }
  if (seen.contains("~") && v.export_to.size() > 1) {
    bad(at, "cannot export service entry to no one (~) and someone", "keep one of them");
  }
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
