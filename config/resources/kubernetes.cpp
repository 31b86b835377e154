#include "config/resources/kubernetes.hpp"

#include "config/resources/protocol.hpp"
#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config::kubernetes {
namespace {

// "http", "http-web", "grpc-orders": the protocol is what stands before the first dash.
bool follows_convention(const std::string& name) {
  return protocol_of(name.substr(0, name.find('-'))) != Protocol::Unknown || name.starts_with("grpc-web");
}

}  // namespace

bool read(const Node& node, IntOrString& out) {
  if (!expect(node, yaml::Shape::Scalar)) return false;
  out.written = node.value.text;
  return true;
}
yaml::Value print(const IntOrString& value) {
  return {yaml::Shape::Scalar, {}, false, value.written, {}, {}};
}

void describe(Fields& f, ServicePort& p) {
  f.message("kubernetes.ServicePort");
  f.ignore_others();
  f.field("name", p.name, {"Its name: <protocol>[-suffix]"});
  f.field("protocol", p.protocol, {"TCP, UDP or SCTP", "TCP"});
  f.field("appProtocol", p.app_protocol, {"What it speaks", "what the name says"});
  f.field("port", p.port, {"The port that callers name"}, port_number);
  f.field("targetPort", p.target_port, {"The workload's port, by number or name", "the same"});
}

void describe(Fields& f, Service& s) {
  f.message("kubernetes.Service");
  f.ignore_others();
  f.field("ports", s.ports, {"Its ports"});
  f.field("selector", s.selector, {"Labels of its workloads"});
  f.field("clusterIP", s.cluster_ip, {"Its address, or None"});
  f.field("externalName", s.external_name, {"The name that it stands for"});
  f.field("type", s.type, {"ClusterIP, NodePort, LoadBalancer or ExternalName", "ClusterIP"});
  if (!f.sound() || f.reading().ns() == kRootNamespace) return;
  for (const ServicePort& port : s.ports) {
    if (ascii::equals_ignoring_case(port.protocol, "UDP") || !port.app_protocol.empty()) continue;
    if (port.name->empty() && s.ports.size() < 2) continue;
    if (!port.name->empty() && follows_convention(*port.name)) continue;
    f.reading().report(
        Level::Info, "IST0118", port.at,
        fmt::format("Port name {} (port: {}) doesn't follow the naming convention of Istio port.",
                    *port.name, port.port),
        "name it <protocol>[-suffix], or add appProtocol");
  }
}

void describe(Fields& f, EndpointSlice::Port& p) {
  f.message("kubernetes.EndpointPort");
  f.ignore_others();
  f.field("name", p.name, {"The name of the service's port"});
  f.field("protocol", p.protocol, {"TCP, UDP or SCTP", "TCP"});
  f.field("appProtocol", p.app_protocol, {"What it speaks"});
  f.field("port", p.port, {"The port of the endpoints"}, port_number);
}
void describe(Fields& f, EndpointSlice::Conditions& c) {
  f.message("kubernetes.EndpointConditions");
  f.ignore_others();
  f.field("ready", c.ready, {"It takes requests", "true"});
  f.field("serving", c.serving, {"It answers"});
  f.field("terminating", c.terminating, {"It is going away"});
}
void describe(Fields& f, EndpointSlice::Endpoint& e) {
  f.message("kubernetes.Endpoint");
  f.ignore_others();
  f.field("addresses", e.addresses, {"Its addresses"});
  f.field("conditions", e.conditions, {"Whether it takes requests"});
  f.field("zone", e.zone, {"Where it is"});
}
void describe(Fields& f, EndpointSlice& s) {
  f.message("kubernetes.EndpointSlice");
  f.ignore_others();
  f.field("addressType", s.address_type, {"IPv4, IPv6 or FQDN"});
  f.field("ports", s.ports, {"Ports of the endpoints"});
  f.field("endpoints", s.endpoints, {"Where the service is"});
}

void describe(Fields& f, ContainerPort& p) {
  f.message("kubernetes.ContainerPort");
  f.ignore_others();
  f.field("name", p.name, {"Its name"});
  f.field("protocol", p.protocol, {"TCP, UDP or SCTP", "TCP"});
  f.field("containerPort", p.port, {"The port"}, port_number);
}
void describe(Fields& f, Container& c) {
  f.message("kubernetes.Container");
  f.ignore_others();
  f.field("name", c.name, {"Its name"});
  f.field("ports", c.ports, {"Its ports"});
}
void describe(Fields& f, Pod& p) {
  f.message("kubernetes.Pod");
  f.ignore_others();
  f.field("containers", p.containers, {"What runs in it"});
  f.field("serviceAccountName", p.service_account, {"The account that its identity names", "default"});
}

void describe(Fields& f, Deployment::Meta& m) {
  f.message("kubernetes.ObjectMeta");
  f.ignore_others();
  f.field("labels", m.labels, {"Labels of its pods"});
}
void describe(Fields& f, Deployment::Template& t) {
  f.message("kubernetes.PodTemplate");
  f.ignore_others();
  f.field("metadata", t.metadata, {"What its pods are called"});
  f.field("spec", t.spec, {"What its pods are"});
}
void describe(Fields& f, Deployment& d) {
  f.message("kubernetes.Deployment");
  f.ignore_others();
  f.field("replicas", d.replicas, {"How many pods", "1"}, non_negative("replicas"));
  f.field("template", d.pods, {"Its pods"});
}

void describe(Fields& f, Namespace&) {
  f.message("kubernetes.Namespace");
  f.ignore_others();
}
void describe(Fields& f, ServiceAccount&) {
  f.message("kubernetes.ServiceAccount");
  f.ignore_others();
}

void describe(Fields& f, Secret& s) {
  f.message("kubernetes.Secret");
  f.ignore_others();
  f.field("type", s.type, {"kubernetes.io/tls", "Opaque"});
  f.field("data", s.data, {"tls.crt, tls.key and ca.crt, in base64"});
  f.field("stringData", s.string_data, {"The same as text"});
  if (!f.sound() || s.type != "kubernetes.io/tls") return;
  for (const char* name : {"tls.crt", "tls.key"}) {
    if (s.data.contains(name) || s.string_data.contains(name)) continue;
    f.error("data", fmt::format("a Secret of type kubernetes.io/tls needs {}", name));
  }
}

}  // namespace outrider::config::kubernetes
