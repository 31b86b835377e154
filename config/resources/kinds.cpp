#include "config/resources/kinds.hpp"

#include <algorithm>
#include <array>

#include "config/resources/spec.hpp"

namespace outrider::config {
namespace {

template <typename T>
bool read_as(const Node& node, Spec& out) {
  return read(node, out.value.emplace<T>());
}
template <typename T>
yaml::Value print_as(const Spec& spec) {
  return print(std::get<T>(spec.value));
}

template <typename T>
constexpr Kind kind(std::string_view name, std::string_view group, std::string_view slug,
                    std::string_view about, bool spec_on_top = false) {
  return {name, group, slug, read_as<T>, print_as<T>, fields_of<T>, about, spec_on_top};
}
constexpr Kind refused(std::string_view name, std::string_view group, std::string_view slug,
                       std::string_view instead) {
  return {name, group, slug, nullptr, nullptr, nullptr, instead, false};
}

constexpr std::string_view kNetworking = "networking.istio.io";
constexpr std::string_view kSecurity = "security.istio.io";
constexpr std::string_view kGatewayApi = "gateway.networking.k8s.io";
constexpr std::string_view kRoutesInstead =
    "write a VirtualService and a DestinationRule: they say the same for a mesh";

namespace k8s = kubernetes;

constexpr std::array kKinds{
    kind<VirtualService>("VirtualService", kNetworking, "virtual-service",
                         "Where the requests for a host go."),
    kind<DestinationRule>("DestinationRule", kNetworking, "destination-rule",
                          "How a service is called, and its subsets."),
    kind<Gateway>("Gateway", kNetworking, "gateway", "What a workload at the edge of the mesh listens to."),
    kind<ServiceEntry>("ServiceEntry", kNetworking, "service-entry",
                       "A service, its ports and where its endpoints are."),
    kind<WorkloadEntryResource>("WorkloadEntry", kNetworking, "workload-entry",
                                "One endpoint outside of Kubernetes."),
    kind<WorkloadGroup>("WorkloadGroup", kNetworking, "workload-group",
                        "What workloads that register themselves have in common."),
    kind<Sidecar>("Sidecar", kNetworking, "sidecar",
                  "Which ports a sidecar serves, and which services it sees."),
    kind<PeerAuthentication>("PeerAuthentication", kSecurity, "peer-authentication",
                             "What a workload accepts: mTLS or plaintext."),
    kind<RequestAuthentication>("RequestAuthentication", kSecurity, "request-authentication",
                                "Which tokens a workload believes."),
    kind<AuthorizationPolicy>("AuthorizationPolicy", kSecurity, "authorization-policy",
                              "Who may do what with a workload."),
    kind<Telemetry>("Telemetry", "telemetry.istio.io", "telemetry", "What is traced, measured and logged."),
    kind<ProxyConfig>("ProxyConfig", kNetworking, "proxy-config",
                      "How the sidecars of some workloads run."),
    kind<MeshConfig>("MeshConfig", "mesh.istio.io", "mesh-config",
                     "What holds in the whole mesh where nothing says otherwise."),
    kind<k8s::Service>("Service", "", "service", "A service of Kubernetes."),
    kind<k8s::EndpointSlice>("EndpointSlice", "discovery.k8s.io", "endpoint-slice",
                             "Endpoints of a service of Kubernetes.", true),
    kind<k8s::Pod>("Pod", "", "pod", "A workload of Kubernetes."),
    kind<k8s::Deployment>("Deployment", "apps", "deployment", "Workloads of Kubernetes."),
    kind<k8s::Namespace>("Namespace", "", "namespace", "A namespace and its labels."),
    kind<k8s::ServiceAccount>("ServiceAccount", "", "service-account", "An account that identities name.",
                              true),
    kind<k8s::Secret>("Secret", "", "secret", "A certificate and its key.", true),
    refused("EnvoyFilter", kNetworking, "envoy-filter",
            "there is no Envoy to filter: write what it does as a VirtualService, DestinationRule or "
            "AuthorizationPolicy"),
    refused("WasmPlugin", "extensions.istio.io", "wasm-plugin",
            "there are no plugins: let the service do it, or an external authorizer (AuthorizationPolicy "
            "with action CUSTOM)"),
    refused("TrafficExtension", "extensions.istio.io", "traffic-extension",
            "there are no plugins: let the service do it, or an external authorizer (AuthorizationPolicy "
            "with action CUSTOM)"),
    refused("Gateway", kGatewayApi, "gateway-api", "write a Gateway of networking.istio.io/v1"),
    refused("GatewayClass", kGatewayApi, "gateway-api",
            "leave it out: a Gateway of networking.istio.io/v1 needs none"),
    refused("HTTPRoute", kGatewayApi, "gateway-api", kRoutesInstead),
    refused("GRPCRoute", kGatewayApi, "gateway-api", kRoutesInstead),
    refused("TCPRoute", kGatewayApi, "gateway-api", kRoutesInstead),
    refused("TLSRoute", kGatewayApi, "gateway-api", kRoutesInstead),
    refused("ReferenceGrant", kGatewayApi, "gateway-api", "leave it out: nothing asks for it"),
};

}  // namespace

bool Kind::acts() const {
  return read_spec != nullptr && !of_kubernetes() && acting("kinds")->find(name) != nullptr;
}

std::span<const Kind> kinds() { return kKinds; }

const Kind* find_kind(std::string_view name) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return kind.name == name; });
  return found == kKinds.end() ? nullptr : &*found;
}

const Kind* find_kind(std::string_view group, std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
    return kind.name == name && kind.group == group;
  });
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace outrider::config
