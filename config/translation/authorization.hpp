#pragma once
// Authorization policies as RBAC filters: DENY first, then ALLOW. Pure; any thread.

#include <vector>

#include "config/translation/view.hpp"
#include "config/xds/hcm.pb.h"
#include "config/xds/listener.pb.h"

namespace outrider::config {

// What the mesh's policies make of one workload; none where no policy selects it.
struct Authorization {
  std::vector<envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter> filters;
  google::protobuf::Struct sources;  // {policies: {"ns[..]-policy[..]-rule[0]": "file:line"}}
};

[[nodiscard]] Authorization authorization_for(const Registry& registry, const Workload& workload);

}  // namespace outrider::config
