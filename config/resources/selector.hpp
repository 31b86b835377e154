#pragma once
// What several kinds share: which workloads a resource is about, and who may see it.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/fields.hpp"

namespace outrider::config {

using Labels = std::map<std::string, std::string>;

// Every label of `wanted` is among `labels`.
[[nodiscard]] bool includes(const Labels& labels, const Labels& wanted);

// `selector: {matchLabels: {...}}` of security resources, `workloadSelector: {labels: {...}}` of
// Sidecar. Without labels it selects the whole namespace.
struct Selector {
  Labels labels;
  yaml::Position at;

  [[nodiscard]] bool matches(const Labels& workload) const { return includes(workload, labels); }
};
void describe(Fields& f, Selector& s);

struct WorkloadSelector : Selector {};
void describe(Fields& f, WorkloadSelector& s);

// The namespace of mesh-wide resources.
inline constexpr std::string_view kRootNamespace = "istio-system";
inline constexpr std::string_view kTrustDomain = "cluster.local";

// `exportTo`: everybody ("*", the default) or the own namespace (".").
struct Visibility {
  std::vector<At<std::string>> export_to;

  [[nodiscard]] bool reaches(std::string_view own_namespace, std::string_view viewer) const;
};
void describe_export_to(Fields& f, Visibility& v);

// "order-service" written in namespace ecommerce is order-service.ecommerce.svc.cluster.local; a
// name with a dot, "*" and addresses are themselves.
[[nodiscard]] std::string resolve_host(std::string_view host, std::string_view ns);

// "*.example.com" or "*" covers the host; a name without a wildcard covers itself.
[[nodiscard]] bool covers(std::string_view pattern, std::string_view host);

}  // namespace outrider::config
