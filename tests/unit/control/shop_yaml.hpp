#pragma once
// A mesh of two services for tests.

#include <string>

namespace outrider::control {

inline const std::string order_entry = R"(apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: order, namespace: shop}
spec:
  hosts: [order.shop.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
    - {number: 8080, name: http, protocol: HTTP}
  endpoints:
    - {address: 127.10.0.1, labels: {app: order, version: v1}, serviceAccount: order}
    - {address: 127.10.0.2, labels: {app: order, version: v2}, serviceAccount: order}
)";

inline const std::string order_rule = R"(apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: order, namespace: shop}
spec:
  host: order
  subsets:
    - {name: stable, labels: {version: v1}}
    - {name: canary, labels: {version: v2}}
)";

inline std::string order_split(int stable) {
  return R"(apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: order-split, namespace: shop}
spec:
  hosts: [order]
  http:
    - route:
        - destination: {host: order, subset: stable}
          weight: )" +
         std::to_string(stable) + R"(
        - destination: {host: order, subset: canary}
          weight: )" +
         std::to_string(100 - stable) + "\n";
}

// Concerns the workloads of order alone.
inline const std::string order_policy = R"(apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: order-callers, namespace: shop}
spec:
  selector: {matchLabels: {app: order}}
  action: ALLOW
  rules:
    - from:
        - source: {principals: ["cluster.local/ns/shop/sa/gateway"]}
)";

}  // namespace outrider::control
