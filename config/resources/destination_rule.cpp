#include "config/resources/destination_rule.hpp"

#include <map>

#include "config/resources/rules.hpp"

namespace outrider::config {

void describe(Fields& f, Subset& s) {
  f.message("Subset");
  f.needs({"name"});
  f.field("name", s.name, {"What routes call it"}, subset_name);
  f.field("labels", s.labels, {"Labels of its endpoints, all of them", "every endpoint"}, workload_labels);
  if (f.reads()) f.reading().warn_below(false);
  f.field("trafficPolicy", s.policy, {"What holds for it instead, block by block"});
  if (f.reads()) f.reading().warn_below(true);
  if (f.sound() && !f.has("name")) f.error("name", "subset name cannot be empty");
}

void describe(Fields& f, DestinationRule& r) {
  f.message("DestinationRule");
  f.needs({"host"});
  f.field("host", r.host, {"The service; *.x: each one below that has no rule of its own"}, wildcard_host);
  f.field("trafficPolicy", r.policy, {"How it is called"});
  f.field("subsets", r.subsets, {"Endpoints by label, as the versions of a service"});
  describe_export_to(f, r);
  f.field("workloadSelector", r.workloads, {"The calling workloads that it is for", "all"});
  if (!f.sound()) return;
  if (!f.has("host")) f.error("host", "empty domain name not allowed", "name a service: host: NAME");
  std::map<std::string, int> lines;
  for (const Subset& subset : r.subsets) {
    const auto [first, is_new] = lines.try_emplace(*subset.name, subset.name.at.line);
    if (is_new) continue;
    Diagnostic& d =
        f.reading().error(subset.name.at, fmt::format("duplicate subset names: {}", *subset.name),
                          "give it another name, or write all labels below one");
    d.note = fmt::format("line {} defines it already: Istio would take that one and drop this", first->second);
  }
  check_export_to(f, r, r.workloads ? ExportOf::RuleWithSelector : ExportOf::Rule);
}

}  // namespace outrider::config
