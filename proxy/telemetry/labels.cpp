#include "proxy/telemetry/labels.hpp"

namespace outrider::proxy {
namespace {

template <typename Labels, typename Id>
Id intern_in(std::map<Labels, Id>& ids, std::vector<Labels>& all, const Labels& labels,
             std::size_t capacity) {
  if (const auto found = ids.find(labels); found != ids.end()) return found->second;
  if (all.size() >= capacity) return Id{0};
  const Id id{static_cast<std::uint32_t>(all.size())};
  all.push_back(labels);
  ids.emplace(labels, id);
  return id;
}

// Two label sets that are shown alike have to be one, or a scrape would show a series twice.
WorkloadLabels canonical(WorkloadLabels labels) {
  for (std::string* text : {&labels.workload, &labels.workload_namespace, &labels.canonical_service,
                            &labels.principal, &labels.app, &labels.version, &labels.cluster}) {
    if (*text == "unknown") text->clear();
  }
  if (labels.canonical_revision == "latest") labels.canonical_revision.clear();
  return labels;
}

ServiceLabels canonical(ServiceLabels labels) {
  for (std::string* text : {&labels.host, &labels.name, &labels.service_namespace}) {
    if (*text == "unknown") text->clear();
  }
  return labels;
}

}  // namespace

LabelRegistry::LabelRegistry(std::size_t capacity) : capacity_(capacity) {
  workloads_.emplace_back();
  services_.emplace_back();
  workload_ids_.emplace(WorkloadLabels{}, unknown_workload);
  service_ids_.emplace(ServiceLabels{}, unknown_service);
}

WorkloadId LabelRegistry::intern(const WorkloadLabels& labels) {
  const std::lock_guard lock(mutex_);
  return intern_in(workload_ids_, workloads_, canonical(labels), capacity_);
}

ServiceId LabelRegistry::intern(const ServiceLabels& labels) {
  const std::lock_guard lock(mutex_);
  return intern_in(service_ids_, services_, canonical(labels), capacity_);
}

WorkloadLabels LabelRegistry::workload(WorkloadId id) const {
  const std::lock_guard lock(mutex_);
  return workloads_.at(static_cast<std::size_t>(id));
}

ServiceLabels LabelRegistry::service(ServiceId id) const {
  const std::lock_guard lock(mutex_);
  return services_.at(static_cast<std::size_t>(id));
}

WorkloadLabels labels_of_principal(const std::string& principal) {
  constexpr std::string_view marker = "/ns/";
  WorkloadLabels labels;
  labels.principal = principal;
  if (const std::size_t at = principal.find(marker); at != std::string::npos) {
    const std::size_t from = at + marker.size();
    labels.workload_namespace = principal.substr(from, principal.find('/', from) - from);
  }
  return labels;
}

}  // namespace outrider::proxy
