// Istio YAML in a folder, as users write it: two versions of a service and a caller, each with a
// sidecar and an address of its own, everything on its real port.

#include <fmt/format.h>
#include <unistd.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

// 127.x.y.N, so that runs beside one another never meet.
std::string address(int workload) {
  const int pid = static_cast<int>(::getpid());
  return fmt::format("127.{}.{}.{}", 64 + pid / 250 % 128, pid % 250, workload);
}

std::string services() {
  return fmt::format(R"(apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: order, namespace: shop}}
spec:
  hosts: [order.shop.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
    - {{number: 8080, name: http, protocol: HTTP}}
  endpoints:
    - {{address: {}, labels: {{app: order, version: v1}}, serviceAccount: order}}
    - {{address: {}, labels: {{app: order, version: v2}}, serviceAccount: order}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: order, namespace: shop}}
spec:
  workloadSelector: {{labels: {{app: order}}}}
  ingress:
    - port: {{number: 8080, name: http, protocol: HTTP}}
      captureMode: NONE
      defaultEndpoint: 0.0.0.0:18080
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: order, namespace: shop}}
spec:
  host: order
  subsets:
    - {{name: stable, labels: {{version: v1}}}}
    - {{name: canary, labels: {{version: v2}}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: default, namespace: shop}}
spec:
  mtls: {{mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: order, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: order}}}}
  action: ALLOW
  rules:
    - from:
        - source: {{principals: ["cluster.local/ns/shop/sa/gateway"]}}
      to:
        - operation: {{methods: [GET], paths: ["/bytes/*", "/status/*"]}}
)",
                     address(1), address(2));
}

std::string split(int stable) {
  return fmt::format(R"(apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: order, namespace: shop}}
spec:
  hosts: [order]
  http:
    - match:
        - headers: {{x-canary: {{exact: "true"}}}}
      route:
        - destination: {{host: order, subset: canary}}
    - route:
        - destination: {{host: order, subset: stable}}
          weight: {}
        - destination: {{host: order, subset: canary}}
          weight: {}
)",
                     stable, 100 - stable);
}

struct Shop {
  Shop() {
    folder.write("services.yaml", services());
    folder.write("split.yaml", split(100));
    v1.emplace(net::ServerOptions{}, SocketAddress{address(1), 18080});
    v2.emplace(net::ServerOptions{}, SocketAddress{address(2), 18080});
    const IstioYaml yaml{folder.path()};
    const auto workload = [](int number, const char* app, const char* version) {
      return [=](proxy::Options& options) {
        options.self.address = address(number);
        options.self.labels = {{"app", app}, {"version", version}};
      };
    };
    order_v1.emplace("order", yaml, &trust, workload(1, "order", "v1"));
    order_v2.emplace("order", yaml, &trust, workload(2, "order", "v2"));
    gateway.emplace("gateway", yaml, &trust, workload(3, "gateway", "v1"));
    stranger.emplace("stranger", yaml, &trust, workload(4, "stranger", "v1"));
  }

  [[nodiscard]] Answer ask(const std::string& path, const std::string& more = {},
                           const std::string& host = "order:8080", int from = 3) const {
    RawClient client({address(from), 15001});
    client.host = host;
    return client.ask("GET", path, more);
  }

  Folder folder;
  Trust trust;
  std::optional<App> v1, v2;
  std::optional<Running> order_v1, order_v2, gateway, stranger;
};

}  // namespace

TEST_CASE("Istio YAML: routing, canary, policy and STRICT, from files, as their author meant them") {
  Shop shop;
  for (const char* host : {"order:8080", "order", "order.shop:8080", "order.shop.svc.cluster.local:8080"}) {
    CAPTURE(host);
    CHECK(shop.ask("/bytes/5", "", host).body == pattern(5));
  }
  CHECK(shop.v1->requests == 4);
  CHECK(shop.ask("/bytes/5", "X-Canary: true\r\n").status == 200);
  CHECK(shop.v2->requests == 1);

  CHECK(shop.ask("/headers").status == 403);                            // not this path
  CHECK(shop.ask("/bytes/5", "", "order:8080", 4).status == 403);       // not this caller
  CHECK(RawClient({address(1), 8080}).ask("GET", "/bytes/5").status == 403);  // not without mutual TLS
  CHECK(shop.v1->requests == 4);

  const Answer unknown = shop.ask("/", "", "nowhere:8080");
  CHECK(unknown.status == 502);
  CHECK(unknown.whole);
  CHECK(unknown.body.size() > 10);
  CHECK(shop.gateway->counts(5, "istio_requests_total",
                             {"response_code=\"200\"", "destination_workload_namespace=\"shop\"",
                              "destination_service=\"order.shop.svc.cluster.local\""}));
}

TEST_CASE("Istio YAML: a changed split is in force without a failed request; a wrong one changes nothing") {
  Shop shop;
  RawClient client({address(3), 15001});
  client.host = "order:8080";
  CHECK(client.ask("GET", "/bytes/5").status == 200);
  CHECK(shop.v2->requests == 0);
  shop.folder.replace("split.yaml", split(0));
  CHECK(eventually([&] {
    CHECK(client.ask("GET", "/bytes/5").status == 200);
    return shop.v2->requests > 0;
  }));
  const int settled = shop.v1->requests;
  for (int i = 0; i < 20; ++i) CHECK(client.ask("GET", "/bytes/5").status == 200);
  CHECK(shop.v1->requests == settled);

  shop.folder.replace("split.yaml", split(100) + "      weihgt: 3\n");
  // A second change shows that the first one has been read.
  shop.folder.replace("more.yaml", fmt::format(R"(apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: more, namespace: shop}}
spec:
  hosts: [more.example]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports:
    - {{number: 80, name: http, protocol: HTTP}}
  endpoints:
    - {{address: {}}}
)",
                                               address(9)));
  CHECK(eventually([&] { return shop.ask("/", "", "more.example").status == 503; }));
  for (int i = 0; i < 20; ++i) CHECK(client.ask("GET", "/bytes/5").status == 200);
  CHECK(shop.v1->requests == settled);
}

}  // namespace outrider::scenario
