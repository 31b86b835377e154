#include "proxy/admin/dumps.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "config/xds/xds.hpp"

namespace outrider::proxy {
namespace {

std::vector<const ClusterSpec*> by_name(const Snapshot& snapshot) {
  std::vector<const ClusterSpec*> clusters;
  for (const auto& [name, cluster] : snapshot.clusters) clusters.push_back(cluster.get());
  std::sort(clusters.begin(), clusters.end(),
            [](const ClusterSpec* a, const ClusterSpec* b) { return a->name < b->name; });
  return clusters;
}

std::string health(const EndpointSpec& endpoint) {
  if (endpoint.health != EndpointHealth::Healthy) return "/failed_eds_health";
  return endpoint.state->ejected ? "/failed_outlier_check" : "healthy";
}

// A key that a resource has in itself is shown to nobody.
void hide_keys(nlohmann::json& json) {
  for (auto& [name, value] : json.items()) {
    if (name == "private_key" || name == "password") {
      value = "[redacted]";
    } else if (value.is_structured()) {
      hide_keys(value);
    }
  }
}

template <typename T>
nlohmann::json as_json(const std::vector<Kept<T>>& resources) {
  auto list = nlohmann::json::array();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  for (const Kept<T>& kept : resources) {
    std::string text;
    if (google::protobuf::util::MessageToJsonString(kept.message(), &text, options).ok()) {
      list.push_back(nlohmann::json::parse(text));
      hide_keys(list.back());
    }
  }
  return list;
}

}  // namespace

std::string clusters_text(const Snapshot& snapshot) {
  std::string text;
  for (const ClusterSpec* cluster : by_name(snapshot)) {
    const auto line = [&](std::string_view rest) { text += fmt::format("{}::{}\n", cluster->name, rest); };
    line(fmt::format("default_priority::max_connections::{}", cluster->limits.connections));
    line(fmt::format("default_priority::max_pending_requests::{}", cluster->limits.pending));
    line(fmt::format("default_priority::max_requests::{}", cluster->limits.requests));
    if (const auto& budget = cluster->limits.retry_budget) {
      line(fmt::format("default_priority::retry_budget_percent::{}", budget->percent));
      line(fmt::format("default_priority::min_retry_concurrency::{}", budget->least));
    } else {
      line(fmt::format("default_priority::max_retries::{}", cluster->limits.retries));
    }
    for (const EndpointSpec& endpoint : cluster->endpoints) {
      const std::string at = endpoint.address.text();
      const auto value = [&](std::string_view name, auto number) { line(fmt::format("{}::{}::{}", at, name, number)); };
      value("cx_active", endpoint.state->active_connections.load());
      value("cx_connect_fail", endpoint.state->connect_failures_total.load());
      value("cx_total", endpoint.state->connections_total.load());
      value("rq_active", endpoint.state->active_requests.load());
      value("rq_error", endpoint.state->errors_total.load());
      value("rq_total", endpoint.state->requests_total.load());
      value("health_flags", health(endpoint));
      value("weight", endpoint.weight);
    }
  }
  return text;
}

std::string clusters_json(const Snapshot& snapshot) {
  nlohmann::json statuses = nlohmann::json::array();
  for (const ClusterSpec* cluster : by_name(snapshot)) {
    nlohmann::json hosts = nlohmann::json::array();
    for (const EndpointSpec& endpoint : cluster->endpoints) {
      hosts.push_back({
          {"address", {{"socket_address", {{"address", endpoint.address.ip}, {"port_value", endpoint.address.port}}}}},
          {"weight", endpoint.weight},
          {"health_status", {{"eds_health_status", endpoint.health == EndpointHealth::Healthy ? "HEALTHY" : "UNHEALTHY"},
                             {"failed_outlier_check", endpoint.state->ejected.load()}}},
          {"stats", {{"rq_total", endpoint.state->requests_total.load()},
                     {"rq_active", endpoint.state->active_requests.load()},
                     {"rq_error", endpoint.state->errors_total.load()},
                     {"cx_active", endpoint.state->active_connections.load()},
                     {"cx_total", endpoint.state->connections_total.load()}}},
      });
    }
    statuses.push_back({{"name", cluster->name}, {"host_statuses", std::move(hosts)}});
  }
  return nlohmann::json{{"cluster_statuses", std::move(statuses)}}.dump(2) + "\n";
}

std::string config_dump(const XdsInput& input, std::uint64_t version) {
  const auto section = [&](std::string_view kind, std::string_view key, nlohmann::json list) {
    return nlohmann::json{{"@type", fmt::format("type.googleapis.com/envoy.admin.v3.{}ConfigDump", kind)},
                          {"version_info", std::to_string(version)},
                          {std::string(key), std::move(list)}};
  };
  const nlohmann::json dump = {{"configs",
                                {section("Clusters", "dynamic_active_clusters", as_json(input.clusters)),
                                 section("Listeners", "dynamic_listeners", as_json(input.listeners)),
                                 section("Routes", "dynamic_route_configs", as_json(input.routes)),
                                 section("Endpoints", "dynamic_endpoint_configs", as_json(input.endpoints))}}};
  return dump.dump(2) + "\n";
}

}  // namespace outrider::proxy
