#include "config/translation/translate.hpp"

#include "config/translation/clusters.hpp"
#include "config/translation/listeners.hpp"
#include "config/translation/outbound_routes.hpp"
#include "config/translation/view.hpp"
#include "config/xds/cluster.pb.h"
#include "config/xds/endpoint.pb.h"
#include "config/xds/listener.pb.h"
#include "config/xds/route.pb.h"

namespace outrider::config {

Translator::Translator(const Mesh& mesh) : registry_(std::make_unique<const Registry>(mesh)) {}
Translator::~Translator() = default;
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;

XdsResources Translator::translate(const Workload& workload) const {
  const View view(*registry_, workload);
  XdsResources out;
  add_outbound_listener(view, out);
  add_outbound_routes(view, out);
  add_outbound_clusters(view, out);
  add_inbound(view, out);
  return out;
}

XdsResources translate(const Mesh& mesh, const Workload& workload) {
  return Translator(mesh).translate(workload);
}

}  // namespace outrider::config
