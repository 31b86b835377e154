#pragma once
// Who is who in metrics: workloads and services, interned to small numbers, so that a request is
// counted by comparing numbers. Numbers are never reused and mean the same in every snapshot.

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace outrider::proxy {

// Empty text is shown as "unknown" (canonical revision: "latest").
struct WorkloadLabels {
  std::string workload;
  std::string workload_namespace;
  std::string canonical_service;
  std::string canonical_revision;
  std::string principal;  // spiffe://...
  std::string app;
  std::string version;
  std::string cluster;

  auto operator<=>(const WorkloadLabels&) const = default;
};
using PeerLabels = WorkloadLabels;

struct ServiceLabels {
  std::string host;  // order.ecommerce.svc.cluster.local
  std::string name;
  std::string service_namespace;

  auto operator<=>(const ServiceLabels&) const = default;
};

enum class WorkloadId : std::uint32_t {};
enum class ServiceId : std::uint32_t {};
inline constexpr WorkloadId unknown_workload{0};
inline constexpr ServiceId unknown_service{0};

// Any thread; a mutex: called once a connection and when a snapshot is compiled, never per request.
// Beyond `capacity` of a kind everything new is unknown, so that no peer can fill the memory.
class LabelRegistry {
 public:
  explicit LabelRegistry(std::size_t capacity = 10'000);

  [[nodiscard]] WorkloadId intern(const WorkloadLabels& labels);
  [[nodiscard]] ServiceId intern(const ServiceLabels& labels);
  // Good for as long as the registry.
  [[nodiscard]] const WorkloadLabels& workload(WorkloadId id) const;
  [[nodiscard]] const ServiceLabels& service(ServiceId id) const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  struct Less {
    bool operator()(const auto* a, const auto* b) const { return *a < *b; }
  };
  // Labels stay where they are, each once; the maps point to them.
  std::deque<WorkloadLabels> workloads_;
  std::deque<ServiceLabels> services_;
  std::map<const WorkloadLabels*, WorkloadId, Less> workload_ids_;
  std::map<const ServiceLabels*, ServiceId, Less> service_ids_;
};

// What a SPIFFE id says about its holder: namespace and principal; everything else unknown.
[[nodiscard]] WorkloadLabels labels_of_principal(const std::string& principal);

}  // namespace outrider::proxy
