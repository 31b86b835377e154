#pragma once
// DestinationRule: how a service is called once it is chosen, and its subsets. A value; any thread.

#include <optional>
#include <string>
#include <vector>

#include "config/resources/traffic_policy.hpp"

namespace outrider::config {

struct Subset {
  At<std::string> name;
  Labels labels;
  std::optional<TrafficPolicy> policy;
  yaml::Position at;
};
void describe(Fields& f, Subset& s);

struct DestinationRule : Visibility {
  At<std::string> host;
  std::optional<TrafficPolicy> policy;
  std::vector<Subset> subsets;
  Box<Selector> workloads;
};
void describe(Fields& f, DestinationRule& r);

}  // namespace outrider::config
