// Checks across resources: each valid alone, wrong together.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/analysis/analyze.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

// kShop ends in a line of its own; what is added begins in line 1 of "more.yaml".
std::vector<Diagnostic> analyze_shop_with(const std::string& more) {
  const std::vector<SourceFile> files{{"shop.yaml", kShop}, {"more.yaml", more}};
  const Loaded loaded = load(files, {});
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.level == Level::Error) FAIL(render(d, false));
  }
  return analyze(loaded.mesh);
}

std::string vs(const std::string& http) {
  return "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
         "metadata: {name: a, namespace: ecommerce}\nspec:\n  hosts: [order-service]\n  http:\n" +
         http;
}

std::string dr(const std::string& rest) {
  return "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
         "metadata: {name: a, namespace: ecommerce}\nspec:\n" +
         rest;
}

const char* const kSubsets =
    "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
    "metadata: {name: d, namespace: ecommerce}\n"
    "spec: {host: order-service, subsets: [{name: stable, labels: {version: v1}}]}\n";

}  // namespace

TEST_CASE("a shop that fits together has no findings") {
  CHECK(summary(analyze_shop_with(vs("  - route: [{destination: {host: order-service, subset: "
                                     "stable}}]\n") +
                                  kSubsets))
            .empty());
}

TEST_CASE("what does not fit together is found at its line and column") {
  struct Row {
    std::string what;
    std::string yaml;
    std::string found;
  };
  const std::string selector_of_nobody =
      "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
      "metadata: {name: a, namespace: ecommerce}\nspec: {selector: {matchLabels: {app: ordr}}}\n";
  const Row rows[] = {
      {"ingress TLS under mutual TLS",
       "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: g, namespace: ecommerce}\n"
       "spec:\n  workloadSelector: {labels: {app: gateway}}\n  ingress:\n"
       "    - port: {number: 8443, name: https, protocol: HTTP}\n      captureMode: NONE\n"
       "      defaultEndpoint: 127.0.0.1:80\n"
       "      tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}\n",
       "10:7 warning IST0167 The tls of port 8443 has no impact: the mesh's mutual TLS is in force there."},
      {"unknown host", vs("  - route: [{destination: {host: order-servce}}]\n"),
       "7:34 error IST0101 Referenced host not found: \"order-servce\""},
      {"unknown subset",
       vs("  - route: [{destination: {host: order-service, subset: stabel}}]\n") + kSubsets,
       "7:57 error IST0101 Referenced host+subset in destinationrule not found: "
       "\"order-service+stabel\""},
      {"unknown port", vs("  - route: [{destination: {host: order-service, port: {number: 81}}}]\n"),
       "7:14 error IST0101 Referenced port not found: "
       "\"order-service.ecommerce.svc.cluster.local:81\""},
      {"no port of several", vs("  - route: [{destination: {host: order-grpc}}]\n"),
       "7:14 error IST0112 This VirtualService routes to a service "
       "\"order-grpc.ecommerce.svc.cluster.local\" that exposes multiple ports [9090 9091]. "
       "Specifying a port in the destination is required"},
      {"a POST that may be sent twice",
       vs("  - route: [{destination: {host: order-service}}]\n"
          "    retries: {attempts: 1, retryOn: '503'}\n"),
       "8:37 warning OUT0008 a POST may be processed twice: \"503\" sends it again after the "
       "service may have acted on it"},
      {"a rule for an unknown host", dr("  host: nobody\n"),
       "5:9 warning IST0174 The host nobody defined in the DestinationRule does not match any "
       "services in the mesh."},
      {"a subset of nothing",
       dr("  host: order-service\n  subsets: [{name: v3, labels: {version: "
          "v3}}]\n"),
       "6:20 error IST0173 The Subset v3 defined in the DestinationRule ecommerce/a does not "
       "select "
       "any pods. Which may lead to 503 UH (NoHealthyUpstream)."},
      {"an ejection that cannot happen",
       dr("  host: order-service\n  trafficPolicy:\n    outlierDetection: {maxEjectionPercent: "
          "49}\n"),
       "7:5 warning OUT0007 outlierDetection never ejects an endpoint of "
       "order-service.ecommerce.svc.cluster.local: maxEjectionPercent: 49 of 2 endpoints is less "
       "than one"},
      {"an ejection that cannot happen, by default",
       dr("  host: order-service\n  trafficPolicy: {outlierDetection: {consecutive5xxErrors: "
          "5}}\n"),
       "6:19 warning OUT0007 outlierDetection never ejects an endpoint of "
       "order-service.ecommerce.svc.cluster.local: maxEjectionPercent, 10 by default, of 2 "
       "endpoints is less than one"},
      {"a policy for nobody", selector_of_nobody,
       "4:8 warning IST0127 No matching workloads for this resource with the following labels: "
       "app=ordr"},
      {"two virtual services for one host",
       vs("  - route: [{destination: {host: order-service}}]\n") + "---\n" +
           "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
           "metadata: {name: b, namespace: ecommerce}\nspec:\n  hosts: [order-service]\n"
           "  http: [{route: [{destination: {host: order-service}}]}]\n",
       "10:1 error IST0109 The VirtualServices ecommerce/a,ecommerce/b associated with mesh "
       "gateway "
       "define the same host order-service.ecommerce.svc.cluster.local which can lead to undefined "
       "behavior."},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::vector<std::string> found = summary(analyze_shop_with(row.yaml));
    REQUIRE(found.size() == 1);
    CHECK(found.front() == row.found);
  }
}

TEST_CASE("half of two endpoints can be ejected, and retries of GET harm nobody") {
  CHECK(analyze_shop_with(dr("  host: order-service\n  trafficPolicy:\n"
                             "    outlierDetection: {maxEjectionPercent: 50}\n"))
            .empty());
  CHECK(analyze_shop_with(vs("  - match: [{method: {exact: GET}}]\n"
                             "    route: [{destination: {host: order-service}}]\n"
                             "    retries: {attempts: 1, retryOn: '5xx'}\n"))
            .empty());
}

TEST_CASE("a finding carries the line it is about") {
  const auto found = analyze_shop_with(vs("  - route: [{destination: {host: nobody}}]\n"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].file == "more.yaml");
  CHECK(found[0].source_line == "  - route: [{destination: {host: nobody}}]");
  CHECK(found[0].caret_length == 6);
}
