#include "control-plane/store/plan.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "config/analysis/analyze.hpp"

namespace outrider::control {
namespace {

using config::Diagnostic;

// Blank lines around a document are the file's, not the resource's.
std::string_view without_margins(std::string_view yaml) {
  constexpr std::string_view blank = " \t\r\n";
  if (yaml.starts_with("---")) yaml.remove_prefix(3);
  const std::size_t first = yaml.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return yaml.substr(first, yaml.find_last_not_of(blank) - first + 1);
}

Action action_for(const config::Mesh& mesh, const config::Resource& resource) {
  const auto before = mesh.find(resource.key());
  if (!before) return Action::Created;
  const bool same = before->api_version() == resource.api_version() &&
                    without_margins(before->yaml()) == without_margins(resource.yaml());
  return same ? Action::Unchanged : Action::Configured;
}

// A line may move without anything being new.
auto identity_of(const Diagnostic& diagnostic) {
  return std::tuple(diagnostic.code, diagnostic.file, diagnostic.message);
}

// By the line itself: standard input is always called "-", whatever it held the last time.
bool is_about(const Diagnostic& finding, std::span<const Change> changes) {
  return std::any_of(changes.begin(), changes.end(), [&](const Change& change) {
    if (change.resource->origin().file != finding.file || finding.source_line.empty()) return false;
    const std::string_view line = change.resource->source_line(finding.line);
    Diagnostic here;
    here.show(line, config::byte_of(line, finding.column));
    return here.source_line == finding.source_line;
  });
}

std::vector<Diagnostic> new_findings(const config::Mesh& before, const config::Mesh& after,
                                     std::span<const Change> applied) {
  std::set<decltype(identity_of(std::declval<Diagnostic>()))> known;
  for (const Diagnostic& finding : config::analyze(before)) known.insert(identity_of(finding));
  std::vector<Diagnostic> findings = config::analyze(after);
  std::erase_if(findings, [&](const Diagnostic& finding) {
    return known.contains(identity_of(finding)) && !is_about(finding, applied);
  });
  return findings;
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::Created:
      return "created";
    case Action::Configured:
      return "configured";
    case Action::Unchanged:
      return "unchanged";
    case Action::Deleted:
      return "deleted";
  }
  return {};
}

bool Plan::changes_anything() const {
  return std::any_of(changes.begin(), changes.end(),
                     [](const Change& change) { return change.action != Action::Unchanged; });
}

Plan plan_apply(const config::Mesh& mesh, std::span<const config::SourceFile> files,
                const config::LoadOptions& options) {
  Plan plan;
  config::Loaded loaded = config::load(files, options);
  plan.diagnostics = std::move(loaded.diagnostics);
  plan.mesh = mesh;
  std::vector<config::ResourcePtr> changed;
  for (const config::ResourcePtr& resource : loaded.mesh.resources()) {
    plan.changes.push_back({action_for(mesh, *resource), resource});
    if (plan.changes.back().action != Action::Unchanged) changed.push_back(resource);
  }
  plan.refused = config::has_errors(plan.diagnostics);
  if (plan.refused) return plan;
  plan.mesh = mesh.with(changed);
  const auto findings = new_findings(mesh, plan.mesh, plan.changes);
  plan.diagnostics.insert(plan.diagnostics.end(), findings.begin(), findings.end());
  plan.refused = config::has_errors(plan.diagnostics);
  return plan;
}

Plan plan_delete(const config::Mesh& mesh, std::span<const config::ResourceKey> keys) {
  Plan plan;
  plan.mesh = mesh;
  for (const config::ResourceKey& key : keys) {
    auto resource = plan.mesh.find(key);
    if (!resource) continue;
    plan.mesh = plan.mesh.without(key);
    plan.changes.push_back({Action::Deleted, std::move(resource)});
  }
  plan.diagnostics = new_findings(mesh, plan.mesh, {});
  return plan;
}

}  // namespace outrider::control
