#include "proxy/telemetry/labels.hpp"

namespace outrider::proxy {
namespace {

template <typename Ids, typename Labels>
auto intern_in(Ids& ids, std::deque<Labels>& all, Labels labels, std::size_t capacity) {
  using Id = typename Ids::mapped_type;
  if (const auto found = ids.find(&labels); found != ids.end()) return found->second;
  if (all.size() >= capacity) return Id{0};
  const Id id{static_cast<std::uint32_t>(all.size())};
  ids.emplace(&all.emplace_back(std::move(labels)), id);
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
  workload_ids_.emplace(&workloads_.emplace_back(), unknown_workload);
  service_ids_.emplace(&services_.emplace_back(), unknown_service);
}

WorkloadId LabelRegistry::intern(const WorkloadLabels& labels) {
  const std::lock_guard lock(mutex_);
  return intern_in(workload_ids_, workloads_, canonical(labels), capacity_);
}

ServiceId LabelRegistry::intern(const ServiceLabels& labels) {
  const std::lock_guard lock(mutex_);
  return intern_in(service_ids_, services_, canonical(labels), capacity_);
}

const WorkloadLabels& LabelRegistry::workload(WorkloadId id) const {
  const std::lock_guard lock(mutex_);
  return workloads_.at(static_cast<std::size_t>(id));
}

const ServiceLabels& LabelRegistry::service(ServiceId id) const {
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
