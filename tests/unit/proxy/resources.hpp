#pragma once
// xDS resources for tests, written as protobuf text, and the snapshot made of them.

#include <doctest/doctest.h>
#include <google/protobuf/text_format.h>

#include <memory>
#include <string>

#include "config/xds/hcm.pb.h"
#include "config/xds/rbac_filter.pb.h"
#include "config/xds/router.pb.h"
#include "config/xds/tls.pb.h"
#include "config/xds/upstream_http.pb.h"
#include "config/xds/uri_template.pb.h"
#include "proxy/snapshot/compile.hpp"

namespace outrider::proxy::testing {

template <typename Message>
Message parsed(const std::string& text) {
  Message message;
  REQUIRE_MESSAGE(google::protobuf::TextFormat::ParseFromString(text, &message), text);
  return message;
}

// A world under construction.
struct World {
  XdsInput input;
  StateRegistry states;
  LabelRegistry labels;

  World& listener(const std::string& text) {
    input.listeners.push_back(parsed<envoy::config::listener::v3::Listener>(text));
    return *this;
  }
  World& routes(const std::string& text) {
    input.routes.push_back(parsed<envoy::config::route::v3::RouteConfiguration>(text));
    return *this;
  }
  World& cluster(const std::string& text) {
    input.clusters.push_back(parsed<envoy::config::cluster::v3::Cluster>(text));
    return *this;
  }
  World& endpoints(const std::string& text) {
    input.endpoints.push_back(parsed<envoy::config::endpoint::v3::ClusterLoadAssignment>(text));
    return *this;
  }

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() {
    auto compiled = compile(input, states, labels);
    REQUIRE_MESSAGE(compiled.has_value(), describe(compiled ? std::vector<CompileError>{} : compiled.error()));
    return *compiled;
  }
  [[nodiscard]] std::string refusal() {
    auto compiled = compile(input, states, labels);
    return compiled ? "" : describe(compiled.error());
  }
};

inline std::string endpoint(const std::string& ip, unsigned port, const std::string& more = {}) {
  return "lb_endpoints { endpoint { address { socket_address { address: '" + ip +
         "' port_value: " + std::to_string(port) + " } } } " + more + " }";
}

// A static cluster with these endpoints.
inline std::string cluster_text(const std::string& name, const std::string& endpoints,
                                const std::string& more = {}) {
  return "name: '" + name + "' type: STATIC " + more + " load_assignment { cluster_name: '" + name +
         "' endpoints { " + endpoints + " } }";
}

}  // namespace outrider::proxy::testing
