#include "config/resources/proxy_config.hpp"

#include "config/resources/rules.hpp"

namespace outrider::config {

void describe(Fields& f, ProxyConfig::Image& i) {
  f.message("ProxyImage");
  f.field("imageType", i.type, {"default, debug or distroless"});
}

void describe(Fields& f, ProxyConfig& p) {
  f.message("ProxyConfig");
  f.field("selector", p.selector, {"The workloads that it is for", "every workload of the namespace"});
  f.field("concurrency", p.concurrency, {"Worker threads; 0: one a core", "as many as the CPU limit"},
          Rule{[](const Node& node, std::int64_t value) {
                 if (value >= 0) return;
                 node.error(fmt::format(
                     "concurrency must be greater than or equal to 0: {} in body should be greater than or "
                     "equal to 0",
                     node.path.text()));
               },
               "0 or more"});
  f.field("environmentVariables", p.environment, {"Further environment variables of the sidecar"},
          each(cluster::at_most(2048)));
  f.field("image", p.image, {"The sidecar's image"});
}

}  // namespace outrider::config
