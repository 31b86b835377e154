#include "config/resources/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/resources/rules.hpp"
#include "config/resources/spec.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

bool small(const std::string& text) { return text == ascii::to_lower(text); }

// RFC 1123's subdomain, which Kubernetes asks of names.
constexpr Rule resource_name{
    [](const Node& node, const std::string& name) {
      if (node.reading.strict_istio()) return;
      const auto labels = ascii::split(name, '.');
      const bool fine =
          name.size() <= 253 && small(name) && std::all_of(labels.begin(), labels.end(), is_dns_label);
      if (fine) return;
      node.error(fmt::format("metadata.name: \"{}\" is not a valid name", name),
                 "use a-z, 0-9, '-' and '.', starting and ending with a letter or digit");
    },
    "a-z, 0-9, '-' and '.'"};

constexpr Rule namespace_name{
    [](const Node& node, const std::string& name) {
      if (node.reading.strict_istio() || (is_dns_label(name) && small(name))) return;
      if (is_dns_label(name)) {
        node.warning(fmt::format("{}: a cluster refuses the capitals of \"{}\"", node.path.text(), name),
                     "write it in small letters");
        return;
      }
      node.error(fmt::format("{}: \"{}\" is not a valid name", node.path.text(), name),
                 "use at most 63 of a-z, 0-9 and '-', starting and ending with a letter or digit");
    },
    "a-z, 0-9 and '-'"};

bool is_truth_value(std::string_view text) {
  constexpr std::string_view known[] = {"1", "t", "T", "TRUE",  "true",  "True",
                                        "0", "f", "F", "FALSE", "false", "False"};
  return std::find(std::begin(known), std::end(known), text) != std::end(known);
}

}  // namespace

void describe(Fields& f, Metadata& m) {
  f.field("name", m.name, {"What it is called"}, resource_name);
  f.field("namespace", m.ns, {"The namespace that it is in", "default"}, namespace_name);
  f.field("labels", m.labels, {"Its labels"});
  f.field("annotations", m.annotations, {"Notes on it"});
  // What Kubernetes writes into the objects that it stores says nothing about the mesh.
  f.ignored({"creationTimestamp", "generation", "resourceVersion", "uid", "managedFields",
             "ownerReferences", "finalizers", "selfLink", "generateName", "deletionTimestamp",
             "deletionGracePeriodSeconds"});
  if (f.reads() && f.reading().strict_istio()) f.ignore_others();
  if (f.reads() && !f.has("name"))
    f.error("", fmt::format("{}.name is required", f.path()), "give it a name");
}

void check_annotations(Fields& f, const Kind& kind, const Metadata& m, const Spec& spec) {
  const auto bad = [&](std::string message, std::string help = {}) {
    const yaml::Value* metadata = f.value("metadata");
    const yaml::Entry* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
    const yaml::Position at = annotations == nullptr ? f.key_at("metadata") : annotations->key_at;
    f.reading().error(at, std::move(message), std::move(help)).path = "metadata.annotations";
  };
  for (const char* internal : {"internal.istio.io/webhook-always-reject",
                               "internal.istio.io/parent-namespace", "internal.istio.io/parents"}) {
    if (m.annotations.contains(internal))
      bad(fmt::format("\"{}\" annotation found, this may not be set by users", internal));
  }
  const auto dry_run = m.annotations.find("istio.io/dry-run");
  if (dry_run == m.annotations.end()) return;
  const auto* policy = std::get_if<AuthorizationPolicy>(&spec.value);
  if (policy == nullptr) {
    return bad(
        fmt::format("{}/{} has unsupported annotation istio.io/dry-run, please remove the annotation", m.ns,
                    *m.name),
        fmt::format("it means something for AuthorizationPolicy, and nothing for {}", kind.name));
  }
  using Action = AuthorizationPolicy::Action;
  if (policy->action != Action::Allow && policy->action != Action::Deny) {
    return bad("the annotation istio.io/dry-run currently only supports action ALLOW/DENY");
  }
  if (!is_truth_value(dry_run->second)) {
    return bad(fmt::format("{}/{} has annotation istio.io/dry-run with invalid value ({})", m.ns, *m.name,
                           dry_run->second),
               "write \"true\" or \"false\"");
  }
  const yaml::Entry* entry = f.value("metadata")->find("annotations")->value.find("istio.io/dry-run");
  f.reading().inactive(entry->key_at, "metadata.annotations",
                       "annotation istio.io/dry-run is not supported yet",
                       "remove it; the policy would be enforced");
}

}  // namespace outrider::config
