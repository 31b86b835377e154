#pragma once
// What several kinds share: which workloads a resource is about, and who may see it. Values; any thread.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/fields.hpp"

namespace outrider::config {

using Labels = std::map<std::string, std::string>;

// Every label of `wanted` is among `labels`.
[[nodiscard]] bool includes(const Labels& labels, const Labels& wanted);

// `selector: {matchLabels: {...}}` of security resources. Without labels: the whole namespace.
struct Selector {
  Labels labels;
  yaml::Position at;

  [[nodiscard]] bool matches(const Labels& workload) const { return includes(workload, labels); }
};
void describe(Fields& f, Selector& s);

// `workloadSelector: {labels: {...}}` of Sidecar and ServiceEntry, which begin Istio's warning.
struct WorkloadSelector : Selector {};
void describe(Fields& f, WorkloadSelector& s);
// `kind` as Istio's message has it; null: there is no selector.
void warn_of_no_labels(Fields& f, const char* kind, const WorkloadSelector* selector);

// `targetRefs`: the gateways and services that a policy is for, instead of a selector.
struct TargetReference {
  std::string group, kind, name, ns;
  yaml::Position at;
};
void describe(Fields& f, TargetReference& t);

// Which workloads a policy is for: at most one of the three is given.
struct PolicyTarget {
  std::optional<Selector> selector;
  Box<TargetReference> target;
  std::vector<TargetReference> targets;
};
void describe_target(Fields& f, PolicyTarget& p);
void check_target(Fields& f, const PolicyTarget& p);

// The namespace of mesh-wide resources.
inline constexpr std::string_view kRootNamespace = "istio-system";
inline constexpr std::string_view kTrustDomain = "cluster.local";

// `exportTo`: everybody ("*", the default), the own namespace (".") or others by name.
struct Visibility {
  std::vector<At<std::string>> export_to;

  [[nodiscard]] bool reaches(std::string_view own_namespace, std::string_view viewer) const;
};
void describe_export_to(Fields& f, Visibility& v);
enum class ExportOf { Rule, RuleWithSelector, Service };
void check_export_to(Fields& f, const Visibility& v, ExportOf what);

// "order-service" written in namespace ecommerce is order-service.ecommerce.svc.cluster.local; a
// name with a dot, "*" and addresses are themselves.
[[nodiscard]] std::string resolve_host(std::string_view host, std::string_view ns);

// "*.example.com" or "*" covers the host; a name without a wildcard covers itself.
[[nodiscard]] bool covers(std::string_view pattern, std::string_view host);

}  // namespace outrider::config
