#include "config/resources/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// Annotations that would change what a resource does.
void no_effect_lost(const Node& node, const std::map<std::string, std::string>& annotations) {
  for (const char* name : {"istio.io/dry-run"}) {
    if (!annotations.contains(name)) continue;
    node.reading.report(Level::Error, code::kUnsupported, node.value.find(name)->key_at,
                        fmt::format("annotation {} is not supported yet", name),
                        "remove it; the policy would be enforced");
  }
}

// RFC 1123's subdomain, which Kubernetes asks of names.
void resource_name(const Node& node, const std::string& name) {
  const auto labels = ascii::split(name, '.');
  if (name.size() <= 253 && std::all_of(labels.begin(), labels.end(), is_dns_label)) return;
  node.error(fmt::format("metadata.name: \"{}\" is not a valid name", name),
             "use a-z, 0-9, '-' and '.', starting and ending with a letter or digit");
}

}  // namespace

void describe(Fields& f, Metadata& m) {
  f.require("name", m.name, resource_name);
  f.field("namespace", m.ns, dns_label);
  f.field("labels", m.labels);
  f.field("annotations", m.annotations, no_effect_lost);
  // What Kubernetes writes into the objects that it stores says nothing about the mesh.
  f.ignored({"creationTimestamp", "generation", "resourceVersion", "uid", "managedFields",
             "ownerReferences", "finalizers", "selfLink", "generateName", "deletionTimestamp",
             "deletionGracePeriodSeconds"});
}

}  // namespace outrider::config
