#pragma once
// xDS resources -> Snapshot. Pure but for the registries, which only gain entries.
// Main thread (any one thread at a time).
//
// Metadata of ours that is understood, all optional, under filter_metadata["outrider"]:
//   route:    source  (text, "file:line")          retries ("route" or "mesh": who asked for them)
//   chain:    policies (name -> "file:line", of its authorization policies)
//   endpoint: app, version, cluster_id (text)
// and Istio's: cluster istio.services[0].{host,name,namespace};
// endpoint istio.workload "name;namespace;canonical service;canonical revision;cluster".
// Without `retries`, conditions that equal the default are the mesh's, any others the route's.

#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/xds/cluster.pb.h"
#include "config/xds/endpoint.pb.h"
#include "config/xds/listener.pb.h"
#include "config/xds/route.pb.h"
#include "proxy/snapshot/kept.hpp"
#include "proxy/snapshot/snapshot.hpp"
#include "proxy/snapshot/state.hpp"
#include "proxy/telemetry/labels.hpp"

namespace outrider::proxy {

struct XdsInput {
  std::vector<Kept<envoy::config::listener::v3::Listener>> listeners;
  std::vector<Kept<envoy::config::route::v3::RouteConfiguration>> routes;
  std::vector<Kept<envoy::config::cluster::v3::Cluster>> clusters;
  std::vector<Kept<envoy::config::endpoint::v3::ClusterLoadAssignment>> endpoints;
  // Addresses of STRICT_DNS names, as last resolved. A change means compiling again.
  std::unordered_map<std::string, std::vector<std::string>> resolved;
};

// One resource that cannot be understood: the NACK's text.
struct CompileError {
  std::string type_url;
  std::string resource;
  std::string message;  // names the field
};

// Every error of every resource, or the snapshot.
[[nodiscard]] std::expected<std::shared_ptr<const Snapshot>, std::vector<CompileError>> compile(
    const XdsInput& input, StateRegistry& states, LabelRegistry& labels, std::uint64_t version = 0);

// The errors as one line for a NACK or a log.
[[nodiscard]] std::string describe(const std::vector<CompileError>& errors);

}  // namespace outrider::proxy
