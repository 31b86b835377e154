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

constexpr std::string_view kNetworking = "networking.istio.io";
constexpr std::string_view kSecurity = "security.istio.io";

constexpr std::array kKinds{
    Kind{"VirtualService", kNetworking, "virtual-service", read_as<VirtualService>},
    Kind{"DestinationRule", kNetworking, "destination-rule", read_as<DestinationRule>},
    Kind{"ServiceEntry", kNetworking, "service-entry", read_as<ServiceEntry>},
    Kind{"Sidecar", kNetworking, "sidecar", read_as<Sidecar>},
    Kind{"PeerAuthentication", kSecurity, "peer-authentication", read_as<PeerAuthentication>},
    Kind{"AuthorizationPolicy", kSecurity, "authorization-policy", read_as<AuthorizationPolicy>},
    Kind{"RequestAuthentication", kSecurity, "request-authentication", nullptr},
    Kind{"Gateway", kNetworking, "gateway", nullptr},
    Kind{"WorkloadEntry", kNetworking, "workload-entry", nullptr},
    Kind{"WorkloadGroup", kNetworking, "workload-group", nullptr},
    Kind{"EnvoyFilter", kNetworking, "envoy-filter", nullptr},
    Kind{"ProxyConfig", kNetworking, "proxy-config", nullptr},
    Kind{"Telemetry", "telemetry.istio.io", "telemetry", nullptr},
    Kind{"WasmPlugin", "extensions.istio.io", "wasm-plugin", nullptr},
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

const Kind* find_kind(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return kind.name == name; });
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace outrider::config
