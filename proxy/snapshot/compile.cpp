#include "proxy/snapshot/compile.hpp"

#include <optional>
#include <set>

#include "proxy/snapshot/compiling.hpp"

namespace outrider::proxy {
namespace {

constexpr std::string_view listener_type = "type.googleapis.com/envoy.config.listener.v3.Listener";
constexpr std::string_view route_type =
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
constexpr std::string_view cluster_type = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
constexpr std::string_view endpoint_type =
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

using envoy::config::cluster::v3::Cluster;
using envoy::config::endpoint::v3::ClusterLoadAssignment;
using Assignments = TextMap<const Kept<ClusterLoadAssignment>*>;

// One pass over the four lists, in the order in which they name each other. Each message is there for as long as it
// is looked at.
class Compiler {
 public:
  Compiler(const XdsInput& input, StateRegistry& states, LabelRegistry& labels,
           std::uint64_t version)
      : input_(input), states_(states), labels_(labels), snapshot_(std::make_shared<Snapshot>()) {
    snapshot_->version = version;
  }

  std::expected<std::shared_ptr<const Snapshot>, std::vector<CompileError>> run() {
    index_endpoints();
    compile_clusters();
    compile_routes();
    compile_listeners();
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::shared_ptr<const Snapshot>(std::move(snapshot_));
  }

 private:
  compiling::Report report(std::string_view type, std::string_view name) {
    return {errors_, snapshot_->ignored, type, name};
  }

  void index_endpoints() {
    for (const auto& assignment : input_.endpoints) {
      if (!assignments_.emplace(assignment.name(), &assignment).second) {
        report(endpoint_type, assignment.name()).error("cluster_name", "is there twice");
      }
    }
  }

  std::optional<ClusterLoadAssignment> assignment_of(const Cluster& source) {
    if (source.type() != Cluster::EDS) return source.load_assignment();
    const std::string& named = source.eds_cluster_config().service_name();
    const auto found = assignments_.find(named.empty() ? source.name() : named);
    if (found == assignments_.end()) return std::nullopt;
    return found->second->message();
  }

  void compile_clusters() {
    snapshot_->clusters.reserve(input_.clusters.size());
    for (const auto& kept : input_.clusters) {
      const Cluster source = kept.message();
      const auto assignment = assignment_of(source);
      auto reporter = report(cluster_type, source.name());
      auto spec = compiling::cluster(source, assignment ? &*assignment : nullptr, input_, states_, labels_, reporter);
      if (spec == nullptr) continue;
      if (!spec->endpoints_known) snapshot_->missing_endpoints.push_back(spec->name);
      if (!snapshot_->clusters.emplace(source.name(), std::move(spec)).second) {
        reporter.error("name", "is there twice");
      }
    }
  }

  void compile_routes() {
    for (const auto& kept : input_.routes) {
      const auto source = kept.message();
      auto reporter = report(route_type, source.name());
      auto table = compiling::route_table(source, *snapshot_, reporter);
      if (!snapshot_->routes.emplace(source.name(), std::move(table)).second) {
        reporter.error("name", "is there twice");
      }
    }
  }

  void compile_listeners() {
    std::set<std::string_view> names;
    for (const auto& kept : input_.listeners) {
      const auto source = kept.message();
      auto reporter = report(listener_type, source.name());
      if (!names.insert(kept.name()).second) reporter.error("name", "is there twice");
      auto spec = compiling::listener(source, *snapshot_, reporter);
      if (spec != nullptr) snapshot_->listeners.push_back(std::move(spec));
    }
  }

  const XdsInput& input_;
  StateRegistry& states_;
  LabelRegistry& labels_;
  std::shared_ptr<Snapshot> snapshot_;
  std::vector<CompileError> errors_;
  Assignments assignments_;
};

}  // namespace

std::expected<std::shared_ptr<const Snapshot>, std::vector<CompileError>> compile(
    const XdsInput& input, StateRegistry& states, LabelRegistry& labels, std::uint64_t version) {
  return Compiler(input, states, labels, version).run();
}

std::string describe(const std::vector<CompileError>& errors) {
  std::string text;
  for (const CompileError& error : errors) {
    const std::size_t dot = error.type_url.rfind('.');
    if (!text.empty()) text += "; ";
    text += fmt::format("{} \"{}\": {}", error.type_url.substr(dot + 1), error.resource, error.message);
  }
  return text;
}

}  // namespace outrider::proxy
