#pragma once
// A sidecar's side of an ADS stream for tests: subscribes as a real one does, keeps what it got,
// and answers as it is told. It knows no transport: requests out, responses in, as bytes.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/xds/xds.hpp"
#include "control-plane/xds/resource_type.hpp"

namespace outrider::control {

class FakeSidecar {
 public:
  using Request = envoy::service::discovery::v3::DiscoveryRequest;
  using Response = envoy::service::discovery::v3::DiscoveryResponse;
  enum class Mood { Acks, Refuses, Silent };

  FakeSidecar(std::string name, std::string ns, std::string address,
              std::map<std::string, std::string> labels)
      : name_(std::move(name)),
        ns_(std::move(ns)),
        address_(std::move(address)),
        labels_(std::move(labels)) {}

  Mood mood = Mood::Acks;
  std::string reason = "cannot take it";
  std::vector<std::string> pushed;  // "CDS 3": type and version, in order of arrival
  std::map<ResourceType, std::map<std::string, std::string>> has;

  // The first requests of a stream.
  [[nodiscard]] std::vector<std::string> hello() {
    names_.clear();
    Request clusters = ask(ResourceType::Cluster);
    auto& node = *clusters.mutable_node();
    node.set_id("sidecar~" + address_ + "~" + name_ + "." + ns_ + "~" + ns_ +
                ".svc.cluster.local");
    auto& fields = *node.mutable_metadata()->mutable_fields();
    fields["NAMESPACE"].set_string_value(ns_);
    fields["SERVICE_ACCOUNT"].set_string_value(name_);
    auto& labels = *fields["LABELS"].mutable_struct_value()->mutable_fields();
    for (const auto& [key, value] : labels_) labels[key].set_string_value(value);
    return {clusters.SerializeAsString(), ask(ResourceType::Listener).SerializeAsString()};
  }

  // What it says to a response.
  [[nodiscard]] std::vector<std::string> take(const std::string& bytes) {
    Response response;
    if (!response.ParseFromString(bytes)) return {};
    const auto type = *type_of_url(response.type_url());
    pushed.push_back(std::string(short_name(type)) + " " + response.version_info());
    if (mood == Mood::Silent) return {};
    Request answer = ask(type);
    answer.set_response_nonce(response.nonce());
    if (mood == Mood::Refuses) {
      answer.mutable_error_detail()->set_code(3);
      answer.mutable_error_detail()->set_message(reason);
      return {answer.SerializeAsString()};
    }
    answer.set_version_info(response.version_info());
    if (type == ResourceType::Cluster || type == ResourceType::Listener) has[type].clear();
    std::set<std::string> follows;
    for (const auto& resource : response.resources()) {
      has[type][keep(type, resource, follows)] = resource.value();
    }
    std::vector<std::string> answers{answer.SerializeAsString()};
    if (type == ResourceType::Cluster) follow(ResourceType::Endpoints, follows, answers);
    if (type == ResourceType::Listener) follow(ResourceType::Route, follows, answers);
    return answers;
  }

 private:
  [[nodiscard]] Request ask(ResourceType type) const {
    Request request;
    request.set_type_url(std::string(type_url(type)));
    const auto names = names_.find(type);
    if (names != names_.end()) {
      for (const auto& name : names->second) request.add_resource_names(name);
    }
    return request;
  }

  void follow(ResourceType type, const std::set<std::string>& names,
              std::vector<std::string>& answers) {
    if (names == names_[type]) return;
    names_[type] = names;
    answers.push_back(ask(type).SerializeAsString());
  }

  static std::string keep(ResourceType type, const google::protobuf::Any& resource,
                          std::set<std::string>& follows) {
    switch (type) {
      case ResourceType::Cluster: {
        envoy::config::cluster::v3::Cluster cluster;
        resource.UnpackTo(&cluster);
        if (cluster.type() == envoy::config::cluster::v3::Cluster::EDS) {
          const auto& service = cluster.eds_cluster_config().service_name();
          follows.insert(service.empty() ? cluster.name() : service);
        }
        return cluster.name();
      }
      case ResourceType::Endpoints: {
        envoy::config::endpoint::v3::ClusterLoadAssignment endpoints;
        resource.UnpackTo(&endpoints);
        return endpoints.cluster_name();
      }
      case ResourceType::Listener: {
        envoy::config::listener::v3::Listener listener;
        resource.UnpackTo(&listener);
        for (const auto& chain : listener.filter_chains()) {
          for (const auto& filter : chain.filters()) {
            envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager
                manager;
            if (filter.typed_config().UnpackTo(&manager) && manager.has_rds()) {
              follows.insert(manager.rds().route_config_name());
            }
          }
        }
        return listener.name();
      }
      case ResourceType::Route: {
        envoy::config::route::v3::RouteConfiguration route;
        resource.UnpackTo(&route);
        return route.name();
      }
    }
    return {};
  }

  std::string name_, ns_, address_;
  std::map<std::string, std::string> labels_;
  std::map<ResourceType, std::set<std::string>> names_;
};

}  // namespace outrider::control
