#include "config/resources/acting.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// A message (as Istio's API names it) and its fields that act; "field=A|B": only these values of it do,
// an empty one standing for a field that is left out.
struct Row {
  std::string_view message, fields;
};

constexpr Row kRows[] = {
    {"kinds", "VirtualService DestinationRule ServiceEntry Sidecar PeerAuthentication AuthorizationPolicy"},

    {"VirtualService", "hosts gateways=mesh exportTo=*|. http"},
    {"HTTPRoute", "name match route timeout retries headers"},
    {"HTTPMatchRequest", "name uri ignoreUriCase method authority headers withoutHeaders port"},
    {"StringMatch", "exact prefix regex"},
    {"HTTPRouteDestination", "destination weight headers"},
    {"Destination", "host subset port"},
    {"PortSelector", "number"},
    {"HTTPRetry", "attempts perTryTimeout retryOn backoff"},
    {"Headers", "request response"},
    {"Headers.HeaderOperations", "set add remove"},

    {"DestinationRule", "host exportTo=*|. trafficPolicy subsets"},
    {"Subset", "name labels trafficPolicy"},
    {"TrafficPolicy", "connectionPool loadBalancer outlierDetection"},
    {"LoadBalancerSettings", "simple=UNSPECIFIED|LEAST_CONN|LEAST_REQUEST|ROUND_ROBIN|RANDOM"},
    {"ConnectionPoolSettings", "tcp http"},
    {"ConnectionPoolSettings.TCPSettings", "maxConnections connectTimeout"},
    {"ConnectionPoolSettings.HTTPSettings",
     "http1MaxPendingRequests http2MaxRequests maxRequestsPerConnection maxRetries idleTimeout "
     "h2UpgradePolicy"},
    {"OutlierDetection",
     "consecutive5xxErrors consecutiveGatewayErrors interval baseEjectionTime maxEjectionPercent "
     "minHealthPercent"},

    {"ServiceEntry", "hosts addresses exportTo=*|. ports location resolution=STATIC|DNS endpoints"},
    {"ServicePort", "number name protocol=HTTP|HTTP2|GRPC|http|http2|grpc targetPort"},
    {"WorkloadEntry", "address ports labels serviceAccount weight locality"},

    {"Sidecar", "workloadSelector ingress egress outboundTrafficPolicy"},
    {"WorkloadSelector", "labels matchLabels"},
    {"IstioIngressListener", "port bind captureMode=NONE defaultEndpoint tls"},
    {"SidecarPort", "number name protocol=HTTP|HTTP2|GRPC|HTTPS|http|http2|grpc|https"},
    {"ServerTLSSettings", "mode=SIMPLE|MUTUAL serverCertificate privateKey caCertificates"},
    {"IstioEgressListener", "hosts"},
    {"OutboundTrafficPolicy", "mode=REGISTRY_ONLY"},

    {"PeerAuthentication", "selector mtls portLevelMtls"},
    {"PeerAuthentication.MutualTLS", "mode"},

    {"AuthorizationPolicy", "selector action=ALLOW|DENY rules"},
    {"Rule", "from to"},
    {"Rule.From", "source"},
    {"Rule.To", "operation"},
    {"Source", "principals notPrincipals namespaces notNamespaces"},
    {"Operation", "hosts notHosts methods notMethods paths notPaths ports notPorts"},
};

std::unordered_map<std::string_view, Acting> parse_rows() {
  std::unordered_map<std::string_view, Acting> table;
  for (const Row& row : kRows) {
    for (const std::string_view word : ascii::split(row.fields, ' ')) {
      const std::size_t equals = std::min(word.find('='), word.size());
      Acting::Field& field = table[row.message].fields.emplace_back();
      field.name = word.substr(0, equals);
      if (equals < word.size()) field.values = ascii::split(word.substr(equals + 1), '|');
    }
  }
  return table;
}

}  // namespace

const Acting::Field* Acting::find(std::string_view name) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

const Acting* acting(std::string_view message) {
  static const auto table = parse_rows();
  const auto found = table.find(message);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace outrider::config
