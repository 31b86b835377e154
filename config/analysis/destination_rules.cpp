// Whether a destination rule is about anything, and whether its ejection can ever happen.

#include <fmt/format.h>

#include <algorithm>

#include "config/analysis/findings.hpp"

namespace outrider::config {
namespace {

std::size_t count_endpoints(const Service& service, const Labels& labels) {
  std::size_t count = 0;
  for (const Typed<ServiceEntry>& entry : service.entries) {
    count += static_cast<std::size_t>(
        std::count_if(entry->endpoints.begin(), entry->endpoints.end(),
                      [&](const WorkloadEntry& e) { return includes(e.labels, labels); }));
  }
  return count;
}

// Ejection is refused when 100 * (ejected + 1) / endpoints is more than the percentage.
void check_ejection(const OutlierDetection& o, const Service& service, const Labels& labels,
                    std::string_view subset, const Resource& resource, Findings& out) {
  const auto endpoints = static_cast<std::int64_t>(count_endpoints(service, labels));
  const std::int64_t percent =
      o.max_ejection_percent > 0 ? o.max_ejection_percent : kDefaultEjectionPercent;
  if (endpoints == 0 || endpoints * percent >= 100) return;
  const std::string what = subset.empty() ? service.host : fmt::format("subset \"{}\"", subset);
  const std::string why = o.max_ejection_percent > 0
                              ? fmt::format("maxEjectionPercent: {}", percent)
                              : fmt::format("maxEjectionPercent, {} by default,", percent);
  out.add(Level::Warning, code::kNeverEjects, resource, o.at,
          fmt::format("outlierDetection never ejects an endpoint of {}: {} of {} endpoint{} is "
                      "less than one",
                      what, why, endpoints, endpoints == 1 ? "" : "s"),
          endpoints == 1
              ? "one endpoint alone can only be ejected with maxEjectionPercent: 100"
              : fmt::format("write maxEjectionPercent: {} or more", (100 + endpoints - 1) / endpoints));
}

void check_subsets(const Typed<DestinationRule>& rule, const Service& service, Findings& out) {
  const bool knows_endpoints = count_endpoints(service, {}) > 0;
  for (const Subset& subset : rule->subsets) {
    const bool own = subset.policy && subset.policy->outlier_detection;
    const auto& ejection = own ? subset.policy->outlier_detection
                               : (rule->policy ? rule->policy->outlier_detection : std::nullopt);
    if (ejection) {
      check_ejection(*ejection, service, subset.labels, *subset.name, *rule.resource, out);
    }
    if (!knows_endpoints || count_endpoints(service, subset.labels) > 0) continue;
    out.add(Level::Error, code::kEmptySubset, *rule.resource, subset.name.at,
            fmt::format("The Subset {} defined in the DestinationRule {}/{} does not select any "
                        "pods. Which may lead to 503 UH (NoHealthyUpstream).",
                        *subset.name, rule.resource->key().ns, rule.resource->key().name),
            "compare its labels with those of the endpoints");
  }
}

}  // namespace

void check_destination_rule(const Registry& registry, const Typed<DestinationRule>& rule, Findings& out) {
  const std::string host = resolve_host(*rule->host, rule.resource->key().ns);
  bool known = false;
  for (const auto& [name, service] : registry.services) {
    if (!covers(host, name)) continue;
    known = true;
    if (rule->policy && rule->policy->outlier_detection && rule->subsets.empty()) {
      check_ejection(*rule->policy->outlier_detection, service, {}, "", *rule.resource, out);
    }
    check_subsets(rule, service, out);
  }
  if (known) return;
  out.add(Level::Warning, code::kUnknownRuleHost, *rule.resource, rule->host.at,
          fmt::format("The host {} defined in the DestinationRule does not match any services in "
                      "the mesh.",
                      *rule->host),
          "add a ServiceEntry for it, or correct the name");
}

}  // namespace outrider::config
