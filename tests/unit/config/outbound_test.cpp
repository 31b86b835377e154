// What a sidecar offers its own application: hosts, routes, clusters, endpoints.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "config/xds/xds.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;
namespace tls = envoy::extensions::transport_sockets::tls::v3;
namespace route = envoy::config::route::v3;
using envoy::config::cluster::v3::Cluster;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

namespace {

using Strings = std::vector<std::string>;

XdsResources shop_seen_by(const Workload& workload, const std::string& more = "") {
  return translate(mesh_of(std::string(kShop) + "\n---\n" + more), workload);
}

const route::VirtualHost& host(const XdsResources& resources, std::string_view name) {
  for (const auto& virtual_host : named(resources.routes, "http_proxy").virtual_hosts()) {
    if (virtual_host.name() == name) return virtual_host;
  }
  throw std::runtime_error("no virtual host " + std::string(name));
}

Strings domains(const route::VirtualHost& virtual_host) {
  Strings sorted(virtual_host.domains().begin(), virtual_host.domains().end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

template <typename Message>
Message unpack(const google::protobuf::Any& any) {
  Message message;
  REQUIRE_MESSAGE(any.UnpackTo(&message), any.type_url());
  return message;
}

std::string text(const google::protobuf::Struct& s, const std::string& key) {
  const auto found = s.fields().find(key);
  return found == s.fields().end() ? "" : found->second.string_value();
}

// "outbound|8080|stable|... 90" for each destination of a route.
Strings split(const route::Route& r) {
  Strings lines;
  for (const auto& each : r.route().weighted_clusters().clusters()) {
    lines.push_back(fmt::format("{} {}", each.name(), each.weight().value()));
  }
  return lines;
}

Loaded seed_and_shop() {
  std::vector<SourceFile> files = seed_files();
  files.push_back({"shop.yaml", kShop});
  return load(files, {});
}

constexpr const char* kOrder = "order-service.ecommerce.svc.cluster.local";

std::string virtual_service(const std::string& spec) {
  return "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
         "metadata: {name: vs, namespace: ecommerce}\nspec:\n" +
         spec;
}

}  // namespace

TEST_CASE("one outbound listener, on the workload's own address, with its routes from RDS") {
  const XdsResources resources = shop_seen_by(api_gateway());
  REQUIRE(resources.listeners.size() == 1);
  const auto& listener = named(resources.listeners, "127.10.0.9_15001");
  CHECK(listener.address().socket_address().address() == "127.10.0.9");
  CHECK(listener.address().socket_address().port_value() == 15001);
  CHECK(listener.traffic_direction() == envoy::config::core::v3::OUTBOUND);
  REQUIRE(listener.filter_chains_size() == 1);
  CHECK_FALSE(listener.filter_chains(0).has_transport_socket());
  const auto manager =
      unpack<HttpConnectionManager>(listener.filter_chains(0).filters(0).typed_config());
  CHECK(manager.rds().route_config_name() == "http_proxy");
  CHECK(manager.generate_request_id().value());
  CHECK(manager.normalize_path().value());
  REQUIRE(manager.http_filters_size() == 1);
  CHECK(manager.http_filters(0).name() == "envoy.filters.http.router");
}

TEST_CASE(
    "a service is known by every short form, with its port and, if it has one only, without") {
  CHECK(domains(host(shop_seen_by(api_gateway()), fmt::format("{}:8080", kOrder))) ==
        Strings{"order-service", "order-service.ecommerce", "order-service.ecommerce.svc",
                "order-service.ecommerce.svc.cluster.local",
                "order-service.ecommerce.svc.cluster.local.",
                "order-service.ecommerce.svc.cluster.local.:8080",
                "order-service.ecommerce.svc.cluster.local:8080",
                "order-service.ecommerce.svc:8080", "order-service.ecommerce:8080",
                "order-service:8080"});
  Workload elsewhere = api_gateway();
  elsewhere.ns = "other";
  const Strings seen = domains(host(shop_seen_by(elsewhere), fmt::format("{}:8080", kOrder)));
  CHECK(std::find(seen.begin(), seen.end(), "order-service:8080") == seen.end());
  CHECK(std::find(seen.begin(), seen.end(), "order-service.ecommerce:8080") != seen.end());
}

TEST_CASE("without a port: 80, else the only one, else an answer that names the ports") {
  const XdsResources resources = shop_seen_by(api_gateway());
  CHECK(
      domains(host(resources, "api.example.com:80")) ==
      Strings{"api.example.com", "api.example.com.", "api.example.com.:80", "api.example.com:80"});
  const auto& needed = host(resources, "order-grpc.ecommerce.svc.cluster.local:port_needed");
  CHECK(domains(needed) == Strings{"order-grpc", "order-grpc.ecommerce", "order-grpc.ecommerce.svc",
                                   "order-grpc.ecommerce.svc.cluster.local",
                                   "order-grpc.ecommerce.svc.cluster.local."});
  CHECK(needed.routes(0).direct_response().status() == 404);
  CHECK(needed.routes(0).direct_response().body().inline_string().find("9090, 9091") !=
        std::string::npos);
}

TEST_CASE("every other host is answered 502 in a sentence, last") {
  const XdsResources resources = shop_seen_by(api_gateway());
  const auto& hosts = named(resources.routes, "http_proxy").virtual_hosts();
  const auto& last = hosts[hosts.size() - 1];
  CHECK(last.name() == "block_all");
  CHECK(domains(last) == Strings{"*"});
  CHECK(last.routes(0).direct_response().status() == 502);
  CHECK(last.routes(0).direct_response().body().inline_string().size() > 20);
}

TEST_CASE("no domain appears twice, whatever the virtual services say") {
  const XdsResources resources = shop_seen_by(
      api_gateway(),
      virtual_service(
          "  hosts: [order-service.ecommerce, order-service, new.example.com, "
          "NEW.example.com]\n  http: [{route: [{destination: {host: order-service}}]}]\n"));
  Strings all;
  for (const auto& each : named(resources.routes, "http_proxy").virtual_hosts()) {
    CHECK(each.domains_size() > 0);
    all.insert(all.end(), each.domains().begin(), each.domains().end());
  }
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(std::count(all.begin(), all.end(), "new.example.com") == 1);
  CHECK(std::count(all.begin(), all.end(), "NEW.example.com") == 0);
}

TEST_CASE("the seed's routes: canary by header, the rest 90 to 10") {
  const XdsResources resources = translate(seed_and_shop().mesh, api_gateway());
  const auto& routes = host(resources, fmt::format("{}:8080", kOrder)).routes();
  REQUIRE(routes.size() == 2);

  CHECK(routes[0].match().headers(0).name() == "x-canary");
  CHECK(routes[0].match().headers(0).string_match().exact() == "true");
  CHECK(routes[0].route().cluster() == fmt::format("outbound|8080|canary|{}", kOrder));
  CHECK(routes[0].route().timeout().seconds() == 10);
  const auto& retries = routes[0].route().retry_policy();
  CHECK(retries.retry_on() == "gateway-error,connect-failure,refused-stream");
  CHECK(retries.num_retries().value() == 3);
  CHECK(retries.per_try_timeout().seconds() == 2);

  CHECK(split(routes[1]) == Strings{fmt::format("outbound|8080|stable|{} 90", kOrder),
                                    fmt::format("outbound|8080|canary|{} 10", kOrder)});
  CHECK(routes[1].route().timeout().seconds() == 10);
  CHECK(routes[1].route().retry_policy().num_retries().value() == 2);
  CHECK(routes[1].route().retry_policy().retry_on() ==
        "connect-failure,refused-stream,unavailable,cancelled");
  CHECK(text(routes[1].metadata().filter_metadata().at("outrider"), "source") ==
        "virtual-service.yaml:26");
  CHECK(text(routes[1].metadata().filter_metadata().at("istio"), "config") ==
        "/apis/networking.istio.io/v1/namespaces/ecommerce/virtual-service/order-service");
}

TEST_CASE("the seed's clusters: pool limits, ejection and requests a connection on each subset") {
  const XdsResources resources = translate(seed_and_shop().mesh, api_gateway());
  for (const char* subset : {"", "stable", "canary"}) {
    const Cluster& cluster =
        named(resources.clusters, fmt::format("outbound|8080|{}|{}", subset, kOrder));
    CAPTURE(cluster.name());
    CHECK(cluster.type() == Cluster::EDS);
    CHECK(cluster.eds_cluster_config().service_name() == cluster.name());
    CHECK(cluster.connect_timeout().seconds() == 5);
    CHECK(cluster.lb_policy() == Cluster::LEAST_REQUEST);
    const auto& limits = cluster.circuit_breakers().thresholds(0);
    CHECK(limits.max_connections().value() == 100);
    CHECK(limits.max_pending_requests().value() == 100);
    CHECK(limits.max_requests().value() == 1000);
    CHECK(limits.max_retries().value() == 3);
    const auto& outlier = cluster.outlier_detection();
    CHECK(outlier.consecutive_5xx().value() == 5);
    CHECK(outlier.interval().seconds() == 30);
    CHECK(outlier.base_ejection_time().seconds() == 30);
    CHECK(outlier.max_ejection_percent().value() == 50);
    CHECK(cluster.common_lb_config().healthy_panic_threshold().value() == 0);
    CHECK(cluster.upstream_bind_config().source_address().address() == "127.10.0.9");
    const auto options = unpack<envoy::extensions::upstreams::http::v3::HttpProtocolOptions>(
        cluster.typed_extension_protocol_options().at(
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"));
    CHECK(options.common_http_protocol_options().max_requests_per_connection().value() == 10);
    CHECK(options.explicit_http_config().has_http_protocol_options());
    CHECK(text(cluster.metadata().filter_metadata().at("istio"), "subset") == subset);
  }
}

TEST_CASE("a subset's own policy replaces whole blocks and keeps the others") {
  const XdsResources resources = shop_seen_by(api_gateway(), R"(
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: ecommerce}
spec:
  host: order-service
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 7}}
    loadBalancer: {simple: ROUND_ROBIN}
    outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 4, minHealthPercent: 30}
  subsets:
    - {name: v1, labels: {version: v1}, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
    - {name: v2, labels: {version: v2}, trafficPolicy: {connectionPool: {http: {maxRetries: 1}}}}
)");
  const Cluster& v1 = named(resources.clusters, fmt::format("outbound|8080|v1|{}", kOrder));
  CHECK(v1.lb_policy() == Cluster::RANDOM);
  CHECK(v1.circuit_breakers().thresholds(0).max_connections().value() == 7);
  CHECK(v1.outlier_detection().enforcing_consecutive_5xx().value() == 0);
  CHECK(v1.outlier_detection().consecutive_gateway_failure().value() == 4);
  CHECK(v1.outlier_detection().enforcing_consecutive_gateway_failure().value() == 100);
  CHECK(v1.common_lb_config().healthy_panic_threshold().value() == 30);
  const Cluster& v2 = named(resources.clusters, fmt::format("outbound|8080|v2|{}", kOrder));
  CHECK(v2.lb_policy() == Cluster::ROUND_ROBIN);
  CHECK(v2.circuit_breakers().thresholds(0).max_connections().value() == 4294967295U);
  CHECK(v2.circuit_breakers().thresholds(0).max_retries().value() == 1);
}

TEST_CASE("auto mTLS: HTTP/2 between sidecars, the server's exact identities, SNI as Istio's") {
  const XdsResources resources = translate(seed_and_shop().mesh, api_gateway());
  const Cluster& cluster =
      named(resources.clusters, fmt::format("outbound|8080|stable|{}", kOrder));
  REQUIRE(cluster.transport_socket_matches_size() == 2);
  CHECK(text(cluster.transport_socket_matches(0).match(), "tlsMode") == "istio");
  const auto context = unpack<tls::UpstreamTlsContext>(
      cluster.transport_socket_matches(0).transport_socket().typed_config());
  CHECK(context.sni() == fmt::format("outbound_.8080_.stable_.{}", kOrder));
  const auto& common = context.common_tls_context();
  CHECK(Strings(common.alpn_protocols().begin(), common.alpn_protocols().end()) ==
        Strings{"istio-h2", "istio", "h2"});
  CHECK(common.tls_certificate_sds_secret_configs(0).name() == "default");
  const auto& validation = common.combined_validation_context();
  CHECK(validation.validation_context_sds_secret_config().name() == "ROOTCA");
  const auto& names = validation.default_validation_context().match_subject_alt_names();
  REQUIRE(names.size() == 2);
  CHECK(names[0].exact() == "spiffe://cluster.local/ns/ecommerce/sa/order-canary");
  CHECK(names[1].exact() == "spiffe://cluster.local/ns/ecommerce/sa/order-service");
  CHECK(cluster.transport_socket_matches(1).match().fields().empty());
  CHECK(cluster.transport_socket_matches(1).transport_socket().name() ==
        "envoy.transport_sockets.raw_buffer");
}

TEST_CASE("endpoints: subset labels, ports, weights, localities, who they are, how they speak") {
  const XdsResources resources = translate(seed_and_shop().mesh, api_gateway());
  const auto assignment =
      [&](const std::string& name) -> const envoy::config::endpoint::v3::ClusterLoadAssignment& {
    for (const auto& each : resources.endpoints) {
      if (each.cluster_name() == name) return each;
    }
    throw std::runtime_error("no endpoints of " + name);
  };
  const auto& canary = assignment(fmt::format("outbound|8080|canary|{}", kOrder));
  REQUIRE(canary.endpoints_size() == 1);
  REQUIRE(canary.endpoints(0).lb_endpoints_size() == 1);
  const auto& v2 = canary.endpoints(0).lb_endpoints(0);
  CHECK(v2.endpoint().address().socket_address().address() == "127.10.0.2");
  CHECK(v2.endpoint().address().socket_address().port_value() == 8080);
  CHECK(text(v2.metadata().filter_metadata().at("envoy.transport_socket_match"), "tlsMode") ==
        "istio");
  CHECK(text(v2.metadata().filter_metadata().at("istio"), "workload") ==
        "order-service-1;ecommerce;order-service;v2;Kubernetes");

  const auto& grpc = assignment("outbound|9090||order-grpc.ecommerce.svc.cluster.local");
  REQUIRE(grpc.endpoints_size() == 2);
  CHECK(grpc.endpoints(1).locality().region() == "eu");
  CHECK(grpc.endpoints(1).locality().sub_zone() == "b");
  CHECK(grpc.endpoints(1).load_balancing_weight().value() == 3);
  const auto& foreign = grpc.endpoints(1).lb_endpoints(0);
  CHECK(foreign.endpoint().address().socket_address().port_value() == 9999);
  CHECK(foreign.metadata().filter_metadata().count("envoy.transport_socket_match") == 0);
  const auto& admin = assignment("outbound|9091||order-grpc.ecommerce.svc.cluster.local");
  CHECK(admin.endpoints(0).lb_endpoints(0).endpoint().address().socket_address().port_value() ==
        7777);
}

TEST_CASE("a peer that refuses mTLS is called in plaintext") {
  const XdsResources resources = shop_seen_by(api_gateway(), R"(
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: v2, namespace: ecommerce}
spec: {selector: {matchLabels: {version: v2}}, mtls: {mode: DISABLE}}
)");
  for (const auto& assignment : resources.endpoints) {
    if (assignment.cluster_name() != fmt::format("outbound|8080||{}", kOrder)) continue;
    const auto& endpoints = assignment.endpoints(0).lb_endpoints();
    CHECK(endpoints[0].metadata().filter_metadata().count("envoy.transport_socket_match") == 1);
    CHECK(endpoints[1].metadata().filter_metadata().count("envoy.transport_socket_match") == 0);
  }
}

TEST_CASE("a host outside the mesh is resolved by name and called without mesh TLS") {
  const XdsResources resources = shop_seen_by(api_gateway());
  const Cluster& cluster = named(resources.clusters, "outbound|80||api.example.com");
  CHECK(cluster.type() == Cluster::STRICT_DNS);
  CHECK(cluster.transport_socket_matches_size() == 0);
  const auto& endpoint = cluster.load_assignment().endpoints(0).lb_endpoints(0).endpoint();
  CHECK(endpoint.address().socket_address().address() == "api.example.com");
  for (const auto& each : resources.endpoints) CHECK(each.cluster_name() != cluster.name());
}

TEST_CASE("matches: paths, methods, headers that are there and headers that are not") {
  const XdsResources resources = shop_seen_by(api_gateway(), virtual_service(R"(
  hosts: [order-service]
  http:
    - match:
        - uri: {exact: /a}
          ignoreUriCase: true
          method: {exact: GET}
        - uri: {regex: /b.*}
          headers: {x-there: {}, x-pre: {prefix: p}}
          withoutHeaders: {x-off: {exact: "1"}, x-gone: {}}
        - port: 9999
      route: [{destination: {host: order-service}}]
    - match: [{authority: {exact: shop}}]
      route: [{destination: {host: order-grpc, port: {number: 9090}}}]
    - route: [{destination: {host: other.example}}]
    - route: [{destination: {host: never}}]
)"));
  const auto& routes = host(resources, fmt::format("{}:8080", kOrder)).routes();
  REQUIRE(routes.size() == 4);
  CHECK(routes[0].match().path() == "/a");
  CHECK_FALSE(routes[0].match().case_sensitive().value());
  CHECK(routes[0].match().headers(0).name() == ":method");
  CHECK(routes[1].match().safe_regex().regex() == "/b.*");
  REQUIRE(routes[1].match().headers_size() == 4);
  CHECK(routes[1].match().headers(0).string_match().prefix() == "p");
  CHECK(routes[1].match().headers(1).present_match());
  CHECK(routes[1].match().headers(2).name() == "x-gone");
  CHECK(routes[1].match().headers(2).invert_match());
  CHECK_FALSE(routes[1].match().headers(2).treat_missing_header_as_empty());
  CHECK(routes[1].match().headers(3).treat_missing_header_as_empty());
  CHECK(routes[2].match().headers(0).name() == ":authority");
  CHECK(routes[2].route().cluster() == "outbound|9090||order-grpc.ecommerce.svc.cluster.local");
  CHECK(routes[3].route().cluster() == "outbound|8080||other.example");
}

TEST_CASE("retries: none on 0, status codes apart, backoff up to ten times its base") {
  const auto policy = [](const std::string& retries) {
    const XdsResources resources = shop_seen_by(
        api_gateway(),
        virtual_service("  hosts: [order-service]\n  http:\n  - route: [{destination: {host: "
                        "order-service}}]\n    retries: {" +
                        retries + "}\n"));
    return host(resources, fmt::format("{}:8080", kOrder)).routes(0).route();
  };
  CHECK_FALSE(policy("attempts: 0").has_retry_policy());
  const auto codes = policy("attempts: 1, retryOn: '503,reset,429'").retry_policy();
  CHECK(codes.retry_on() == "reset,retriable-status-codes");
  REQUIRE(codes.retriable_status_codes_size() == 2);
  CHECK(codes.retriable_status_codes(0) == 503);
  const auto backoff = policy("attempts: 1, backoff: 20ms").retry_policy();
  CHECK(backoff.retry_back_off().base_interval().nanos() == 20'000'000);
  CHECK(backoff.retry_back_off().max_interval().nanos() == 200'000'000);
  CHECK(backoff.retry_on() == "connect-failure,refused-stream,unavailable,cancelled");
}

TEST_CASE(
    "which virtual service holds: exact before wildcard, then the oldest, never a hidden one") {
  const auto vs = [](const std::string& name, const std::string& ns, const std::string& hosts,
                     const std::string& more = "") {
    return fmt::format(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        "metadata: {{name: {}, namespace: {}}}\nspec:\n  hosts: [{}]\n  {}\n"
        "  http: [{{name: {}, route: [{{destination: {{host: x.y}}}}]}}]\n",
        name, ns, hosts, more, name);
  };
  struct Row {
    std::string what;
    std::string yaml;
    std::string winner;
  };
  const std::string fqdn = kOrder;
  const Row rows[] = {
      {"oldest", vs("a", "ecommerce", "order-service") + vs("b", "ecommerce", "order-service"),
       "a"},
      {"exact", vs("a", "ecommerce", "'*.svc.cluster.local'") + vs("b", "ecommerce", fqdn), "b"},
      {"longest wildcard",
       vs("a", "ecommerce", "'*.cluster.local'") + vs("b", "ecommerce", "'*.svc.cluster.local'"),
       "b"},
      {"not exported",
       vs("a", "other", fqdn, "exportTo: ['.']") + vs("b", "ecommerce", "order-service"), "b"},
      {"short name of another namespace", vs("a", "other", "order-service"), "default"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const XdsResources resources = shop_seen_by(api_gateway(), row.yaml);
    CHECK(host(resources, fmt::format("{}:8080", kOrder)).routes(0).name() == row.winner);
  }
}

TEST_CASE("which destination rule holds: the client's namespace, the service's, the root's") {
  const auto rule = [](const std::string& name, const std::string& ns, int connections,
                       const std::string& more = "") {
    return fmt::format(
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\n"
        "metadata: {{name: {}, namespace: {}}}\nspec:\n  host: {}\n  {}\n"
        "  trafficPolicy: {{connectionPool: {{tcp: {{maxConnections: {}}}}}}}\n",
        name, ns, kOrder, more, connections);
  };
  const std::string client = rule("a", "client", 1), service = rule("b", "ecommerce", 2),
                    root = rule("c", "istio-system", 3);
  struct Row {
    std::string yaml;
    std::uint32_t connections;
  };
  const Row rows[] = {
      {root + service + client, 1},
      {root + service, 2},
      {root, 3},
      {root + rule("b", "ecommerce", 2, "exportTo: ['.']"), 3},
      {rule("other", "elsewhere", 4), 4294967295U},
      {service + rule("b2", "ecommerce", 9), 2},
  };
  Workload workload = api_gateway();
  workload.ns = "client";
  for (const Row& row : rows) {
    const XdsResources resources = shop_seen_by(workload, row.yaml);
    const Cluster& cluster = named(resources.clusters, fmt::format("outbound|8080||{}", kOrder));
    CHECK(cluster.circuit_breakers().thresholds(0).max_connections().value() == row.connections);
  }
}

TEST_CASE("a Sidecar's egress narrows what is seen") {
  const XdsResources resources = shop_seen_by(api_gateway(), R"(
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: ecommerce}
spec: {egress: [{hosts: ["./order-grpc.ecommerce.svc.cluster.local", "other/*"]}]}
)");
  Strings clusters;
  for (const Cluster& each : resources.clusters) clusters.push_back(each.name());
  CHECK(clusters == Strings{"outbound|9090||order-grpc.ecommerce.svc.cluster.local",
                            "outbound|9091||order-grpc.ecommerce.svc.cluster.local"});
}
