#pragma once
// What Kubernetes calls services and workloads, so that its files name them outside a cluster as well.
// Only what says so is read; all the rest of these kinds is the cluster's. Values; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/selector.hpp"

namespace outrider::config::kubernetes {

// A number or a name.
struct IntOrString {
  std::string written;
  static constexpr const char* kType = "number or string";
};
[[nodiscard]] bool read(const Node& node, IntOrString& out);
[[nodiscard]] yaml::Value print(const IntOrString& value);

struct ServicePort {
  At<std::string> name;
  std::string protocol, app_protocol;
  std::uint32_t port = 0;
  IntOrString target_port;  // the name of a container's port, or its number
  yaml::Position at;
};
void describe(Fields& f, ServicePort& p);

struct Service {
  std::vector<ServicePort> ports;
  Labels selector;
  std::string cluster_ip, external_name, type;
};
void describe(Fields& f, Service& s);

struct EndpointSlice {
  struct Port {
    std::string name, protocol, app_protocol;
    std::uint32_t port = 0;
  };
  struct Conditions {
    std::optional<bool> ready, serving, terminating;
  };
  struct Endpoint {
    std::vector<std::string> addresses;
    std::optional<Conditions> conditions;
    std::string zone;
  };
  std::string address_type;
  std::vector<Port> ports;
  std::vector<Endpoint> endpoints;
};
void describe(Fields& f, EndpointSlice::Port& p);
void describe(Fields& f, EndpointSlice::Conditions& c);
void describe(Fields& f, EndpointSlice::Endpoint& e);
void describe(Fields& f, EndpointSlice& s);

struct ContainerPort {
  std::string name, protocol;
  std::uint32_t port = 0;
};
void describe(Fields& f, ContainerPort& p);
struct Container {
  std::string name;
  std::vector<ContainerPort> ports;
};
void describe(Fields& f, Container& c);
struct Pod {
  std::vector<Container> containers;
  std::string service_account;
};
void describe(Fields& f, Pod& p);

struct Deployment {
  struct Meta {
    Labels labels;
  };
  struct Template {
    std::optional<Meta> metadata;
    std::optional<Pod> spec;
  };
  std::optional<std::int32_t> replicas;
  std::optional<Template> pods;
};
void describe(Fields& f, Deployment::Meta& m);
void describe(Fields& f, Deployment::Template& t);
void describe(Fields& f, Deployment& d);

struct Namespace {};
void describe(Fields& f, Namespace& n);
struct ServiceAccount {};
void describe(Fields& f, ServiceAccount& a);

// Of type kubernetes.io/tls; its fields stand beside `metadata`, not in a spec.
struct Secret {
  std::string type;
  std::map<std::string, std::string> data, string_data;
};
void describe(Fields& f, Secret& s);

}  // namespace outrider::config::kubernetes
