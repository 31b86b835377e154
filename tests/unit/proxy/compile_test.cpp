#include "proxy/snapshot/compile.hpp"

#include <doctest/doctest.h>

#include "proxy/admin/dumps.hpp"
#include "proxy/policy/route.hpp"
#include "tests/unit/proxy/requests.hpp"
#include "tests/unit/proxy/resources.hpp"

namespace outrider::proxy {
namespace {

using namespace std::chrono_literals;
using testing::cluster_text;
using testing::endpoint;
using testing::parsed;
using testing::World;

const std::string router =
    "http_filters { name: 'envoy.filters.http.router' typed_config { "
    "[type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } } ";

std::string chain(const std::string& manager, const std::string& more = {}) {
  return "filter_chains { " + more +
         " filters { name: 'envoy.filters.network.http_connection_manager' typed_config { "
         "[type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
         "HttpConnectionManager] { " + manager + router + " } } } } ";
}

std::string listener_text(const std::string& chains, const std::string& name = "in") {
  return "name: '" + name + "' address { socket_address { address: '127.0.0.1' port_value: 15006 } } "
         "traffic_direction: INBOUND " + chains;
}

const std::string inline_routes =
    "route_config { name: 'inline' virtual_hosts { name: 'v' domains: '*' "
    "routes { match { prefix: '/' } route { cluster: 'app' } } } } ";

const std::string tls_socket =
    "transport_socket { name: 'envoy.transport_sockets.tls' typed_config { "
    "[type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext] { "
    "common_tls_context { alpn_protocols: 'h2' tls_certificate_sds_secret_configs { name: 'default' } "
    "combined_validation_context { default_validation_context {} "
    "validation_context_sds_secret_config { name: 'ROOTCA' } } } "
    "require_client_certificate { value: true } } } } ";

std::string rbac_filter(const std::string& rules) {
  return "http_filters { name: 'envoy.filters.http.rbac' typed_config { "
         "[type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC] { rules { " + rules + " } } } } ";
}

TEST_CASE("a permissive inbound listener has a TLS and a plaintext chain, told apart by transport") {
  World world;
  world.cluster(cluster_text("app", endpoint("127.0.0.1", 9000)));
  world.listener(listener_text(
      chain(inline_routes, "filter_chain_match { transport_protocol: 'tls' } " + tls_socket) +
      chain(inline_routes, "filter_chain_match { transport_protocol: 'raw_buffer' } ")));
  const auto snapshot = world.snapshot();
  const ListenerSpec* spec = snapshot->listener("in");
  REQUIRE(spec);
  CHECK(spec->address.text() == "127.0.0.1:15006");
  CHECK(spec->direction == Direction::Inbound);
  REQUIRE(spec->tls);
  REQUIRE(spec->plaintext);
  REQUIRE(spec->tls->tls);
  CHECK(spec->tls->tls->require_client_certificate);
  CHECK(spec->tls->tls->alpn == std::vector<std::string>{"h2"});
  CHECK(spec->tls->tls->certificate_name == "default");
  CHECK(spec->tls->tls->trust_name == "ROOTCA");
  CHECK_FALSE(spec->plaintext->tls);
  REQUIRE(spec->tls->http.routes);
  CHECK(spec->tls->http.routes != spec->plaintext->http.routes);
  const Forward* forward = std::get_if<Forward>(&spec->tls->http.routes->virtual_hosts[0].routes[0].action);
  REQUIRE(forward);
  CHECK(forward->clusters[0].cluster == snapshot->cluster("app"));
}

TEST_CASE("strict means that there is no plaintext chain") {
  World world;
  world.listener(listener_text(chain(inline_routes, tls_socket)));
  const auto snapshot = world.snapshot();
  CHECK(snapshot->listener("in")->tls);
  CHECK_FALSE(snapshot->listener("in")->plaintext);
}

TEST_CASE("a route configuration that has not come yet is awaited, one that has is shared") {
  World world;
  const std::string rds = "rds { route_config_name: 'http_proxy' } ";
  world.listener(listener_text(chain(rds)));
  auto snapshot = world.snapshot();
  CHECK(snapshot->missing_routes == std::vector<std::string>{"http_proxy"});
  CHECK(snapshot->listener("in")->plaintext->http.routes == nullptr);
  world.routes("name: 'http_proxy'");
  snapshot = world.snapshot();
  CHECK(snapshot->missing_routes.empty());
  CHECK(snapshot->listener("in")->plaintext->http.routes == snapshot->routes.find("http_proxy")->second.get());
}

TEST_CASE("what could open a door and is not understood refuses its resource, by name and field") {
  struct Row {
    std::string chains;
    const char* says;
  };
  const Row rows[] = {
      {chain(inline_routes + "http_filters { name: 'guard' typed_config { "
                             "[type.googleapis.com/envoy.extensions.filters.http.router.v3.Router] {} } } "
                             "http_filters { name: 'jwt' }"),
       "http_filters[jwt]"},
      {chain(inline_routes + rbac_filter("policies { key: 'p' value { permissions { } principals { any: true } } }")),
       "permission of a kind"},
      {chain(inline_routes + rbac_filter("policies { key: 'p' value { permissions { any: true } principals { } } }")),
       "principal of a kind"},
      {chain(inline_routes + rbac_filter("policies { key: 'p' value { permissions { any: true } } }")),
       "empty set"},
      {chain(inline_routes + rbac_filter("policies { key: 'p' value { permissions { any: true } principals { any: false } } }")),
       "principal of a kind"},
      {chain(inline_routes + rbac_filter("policies { key: 'p' value { permissions { any: true } principals { "
                                         "authenticated { principal_name { safe_regex { regex: '(' } } } } } }")),
       "missing )"},
      {chain(inline_routes + rbac_filter("policies { key: 'p' value { permissions { any: true } principals { "
                                         "direct_remote_ip { address_prefix: '10.0.0.0' prefix_len { value: 40 } } } } }")),
       "not a network"},
      {chain(inline_routes, "transport_socket { name: 'starttls' } "), "starttls"},
      {chain(inline_routes) + chain(inline_routes), "second plaintext filter chain"},
      {chain(inline_routes, "filter_chain_match { transport_protocol: 'tls' } "), "transport socket is plaintext"},
      {chain(inline_routes, "filter_chain_match { transport_protocol: 'raw_buffer' } " + tls_socket), "transport socket is TLS"},
      {chain(inline_routes, "filter_chain_match { server_names: 'a' } "), "told apart"},
      {chain(""), "neither rds nor route_config"},
  };
  for (const Row& row : rows) {
    World world;
    world.listener(listener_text(row.chains));
    const std::string refusal = world.refusal();
    CAPTURE(row.says);
    CHECK(refusal.find(row.says) != std::string::npos);
    CHECK(refusal.starts_with("Listener \"in\""));
  }
}

TEST_CASE("a rule with a field of a later version is refused, not read in part") {
  World world;
  world.listener(listener_text(chain(inline_routes)));
  auto rules = testing::parsed<envoy::extensions::filters::http::rbac::v3::RBAC>(
      "rules { policies { key: 'p' value { permissions { any: true } principals { any: true } } } }");
  // Policy.condition (3), a CEL expression that would narrow the rule.
  auto& policy = rules.mutable_rules()->mutable_policies()->at("p");
  policy.GetReflection()->MutableUnknownFields(&policy)->AddLengthDelimited(3, "x");
  auto listener = world.input.listeners[0].message();
  auto& manager_any = *listener.mutable_filter_chains(0)->mutable_filters(0)->mutable_typed_config();
  envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager manager;
  REQUIRE(manager_any.UnpackTo(&manager));
  manager.add_http_filters()->mutable_typed_config()->PackFrom(rules);
  manager_any.PackFrom(manager);
  world.input.listeners[0] = listener;
  CHECK(world.refusal().find("Policy field 3") != std::string::npos);
}

TEST_CASE("a policy knows the line it was written in") {
  World world;
  world.listener(listener_text(chain(
      inline_routes + rbac_filter("policies { key: 'p' value { permissions { any: true } principals { any: true } } }"),
      "metadata { filter_metadata { key: 'outrider' value { fields { key: 'policies' value { struct_value { "
      "fields { key: 'p' value { string_value: 'ap.yaml:3' } } } } } } } } ")));
  const auto snapshot = world.snapshot();
  CHECK(snapshot->listener("in")->plaintext->http.authorization[0].policies[0].source == "ap.yaml:3");
}

TEST_CASE("an optional or harmless filter is passed over, and told") {
  World world;
  world.listener(listener_text(chain(inline_routes + "http_filters { name: 'x' is_optional: true } "
                                                     "http_filters { name: 'istio.stats' }")));
  const auto snapshot = world.snapshot();
  REQUIRE(snapshot->ignored.size() == 2);
  CHECK(snapshot->ignored[0].find("http_filters[x]") != std::string::npos);
}

TEST_CASE("denials come before allowances, whatever the order of the filters") {
  World world;
  const std::string any = "policies { key: 'p' value { permissions { any: true } principals { any: true } } }";
  world.listener(listener_text(chain(inline_routes + rbac_filter("action: ALLOW " + any) +
                                     rbac_filter("action: DENY " + any) + rbac_filter("action: LOG " + any))));
  const auto snapshot = world.snapshot();
  const auto& sets = snapshot->listener("in")->plaintext->http.authorization;
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].action == RbacAction::Deny);
  CHECK(sets[1].action == RbacAction::Allow);
}

TEST_CASE("a cluster's settings arrive, in our units") {
  World world;
  world.cluster(cluster_text("order", endpoint("10.0.0.1", 80) + endpoint("10.0.0.2", 80, "load_balancing_weight { value: 3 }"), R"(
    lb_policy: RANDOM connect_timeout { seconds: 5 }
    circuit_breakers { thresholds { max_connections { value: 100 } max_pending_requests { value: 7 }
                                    max_requests { value: 1000 } max_retries { value: 3 } } }
    outlier_detection { consecutive_5xx { value: 5 } interval { seconds: 30 } base_ejection_time { seconds: 30 }
                        max_ejection_percent { value: 50 } }
    upstream_bind_config { source_address { address: '127.10.0.1' } }
    metadata { filter_metadata { key: 'istio' value { fields { key: 'services' value { list_value { values { struct_value {
      fields { key: 'host' value { string_value: 'order.shop.svc.cluster.local' } }
      fields { key: 'name' value { string_value: 'order' } }
      fields { key: 'namespace' value { string_value: 'shop' } } } } } } } } } }
    typed_extension_protocol_options { key: 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions' value {
      [type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions] {
        common_http_protocol_options { max_requests_per_connection { value: 10 } idle_timeout { seconds: 60 } }
        explicit_http_config { http2_protocol_options {} } } } })"));
  const auto snapshot = world.snapshot();
  const ClusterSpec& spec = *snapshot->cluster("order");
  CHECK(spec.lb_policy == LbPolicy::Random);
  CHECK(spec.connect_timeout == 5s);
  CHECK(spec.limits.connections == 100);
  CHECK(spec.limits.pending == 7);
  CHECK(spec.limits.requests == 1000);
  CHECK(spec.limits.retries == 3);
  REQUIRE(spec.outlier);
  CHECK(spec.outlier->consecutive_5xx == 5);
  CHECK(spec.outlier->consecutive_gateway == 0);
  CHECK(spec.outlier->max_ejection_percent == 50);
  CHECK(spec.max_requests_per_connection == 10);
  CHECK(spec.idle_timeout == 60s);
  CHECK(spec.protocol == UpstreamProtocol::Http2);
  CHECK(spec.bind_address->ip == "127.10.0.1");
  CHECK(world.labels.service(spec.service_id).host == "order.shop.svc.cluster.local");
  CHECK(world.labels.service(spec.service_id).name == "order");
  CHECK_FALSE(spec.equal_weights);
  CHECK(spec.rotation == std::vector<std::uint32_t>{1, 0, 1, 1});
}

const std::string istio_sockets = R"(
  transport_socket_matches { name: 'tlsMode-istio' match { fields { key: 'tlsMode' value { string_value: 'istio' } } }
    transport_socket { name: 'envoy.transport_sockets.tls' typed_config {
      [type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext] {
        sni: 'outbound_.80_._.order' common_tls_context { alpn_protocols: 'istio' alpn_protocols: 'h2'
          tls_certificate_sds_secret_configs { name: 'default' }
          combined_validation_context { default_validation_context {
              match_subject_alt_names { exact: 'spiffe://td/ns/shop/sa/order' } }
            validation_context_sds_secret_config { name: 'ROOTCA' } } } } } } }
  transport_socket_matches { name: 'tlsMode-disabled' match {} transport_socket { name: 'envoy.transport_sockets.raw_buffer' } } )";

const std::string in_mesh =
    "metadata { filter_metadata { key: 'envoy.transport_socket_match' value { fields { key: 'tlsMode' value { string_value: 'istio' } } } } "
    "filter_metadata { key: 'istio' value { fields { key: 'workload' value { string_value: 'order-v1;shop;order;v1;c1' } } } } "
    "filter_metadata { key: 'outrider' value { fields { key: 'app' value { string_value: 'order' } } } } } ";

TEST_CASE("an endpoint's metadata chooses its transport, and names it in metrics") {
  World world;
  world.cluster(cluster_text("order", endpoint("10.0.0.1", 80, in_mesh) + endpoint("10.0.0.2", 80), istio_sockets));
  const auto snapshot = world.snapshot();
  const ClusterSpec& spec = *snapshot->cluster("order");
  REQUIRE(spec.endpoints.size() == 2);
  REQUIRE(spec.endpoints[0].tls);
  CHECK(spec.endpoints[0].tls->sni == "outbound_.80_._.order");
  CHECK(spec.endpoints[0].tls->offers_h2());
  REQUIRE(spec.endpoints[0].tls->allowed_sans.size() == 1);
  CHECK(spec.endpoints[0].tls->allowed_sans[0].text.matches("spiffe://td/ns/shop/sa/order"));
  CHECK(spec.endpoints[1].tls == nullptr);
  const WorkloadLabels shown = world.labels.workload(spec.endpoints[0].workload_id);
  CHECK(shown.workload == "order-v1");
  CHECK(shown.workload_namespace == "shop");
  CHECK(shown.canonical_service == "order");
  CHECK(shown.canonical_revision == "v1");
  CHECK(shown.cluster == "c1");
  CHECK(shown.app == "order");
  CHECK(shown.principal == "spiffe://td/ns/shop/sa/order");
  CHECK(spec.endpoints[0].transport_hash != spec.endpoints[1].transport_hash);
}

TEST_CASE("a connection can be kept over a push that changes only weights, not one that changes identity") {
  World world;
  world.cluster(cluster_text("order", endpoint("10.0.0.1", 80, in_mesh), istio_sockets));
  const auto before = world.snapshot()->cluster("order")->endpoints[0].transport_hash;
  world.input.clusters.clear();
  world.cluster(cluster_text("order", endpoint("10.0.0.1", 80, in_mesh + "load_balancing_weight { value: 9 }"), istio_sockets));
  CHECK(world.snapshot()->cluster("order")->endpoints[0].transport_hash == before);
  world.input.clusters.clear();
  std::string other = istio_sockets;
  other.replace(other.find("sa/order"), 8, "sa/other");
  world.cluster(cluster_text("order", endpoint("10.0.0.1", 80, in_mesh), other));
  CHECK(world.snapshot()->cluster("order")->endpoints[0].transport_hash != before);
}

TEST_CASE("a push keeps what is known of an endpoint that stays") {
  World world;
  world.cluster(cluster_text("order", endpoint("10.0.0.1", 80) + endpoint("10.0.0.2", 80)));
  auto first = world.snapshot();
  first->cluster("order")->endpoints[1].state->ejected = true;
  first->cluster("order")->state->cursor = 7;
  world.input.clusters.clear();
  world.cluster(cluster_text("order", endpoint("10.0.0.2", 80) + endpoint("10.0.0.3", 80)));
  const auto second = world.snapshot();
  first.reset();
  world.states.retire_unused();
  CHECK(second->cluster("order")->endpoints[0].state->ejected);
  CHECK_FALSE(second->cluster("order")->endpoints[1].state->ejected);
  CHECK(second->cluster("order")->state->cursor == 7);
}

TEST_CASE("an endpoint set that has not come yet is awaited; one that is empty has come") {
  World world;
  world.cluster("name: 'order' type: EDS eds_cluster_config { service_name: 'orders' }");
  CHECK(world.snapshot()->missing_endpoints == std::vector<std::string>{"order"});
  world.endpoints("cluster_name: 'orders'");
  CHECK(world.snapshot()->missing_endpoints.empty());
  world.input.endpoints.clear();
  world.endpoints("cluster_name: 'orders' endpoints { " + endpoint("10.0.0.1", 80, "health_status: UNHEALTHY") + " }");
  CHECK(world.snapshot()->cluster("order")->endpoints[0].health == EndpointHealth::Unhealthy);
}

TEST_CASE("a name stands for the addresses it was resolved to") {
  World world;
  world.cluster("name: 'ext' type: STRICT_DNS load_assignment { cluster_name: 'ext' endpoints { " +
                endpoint("api.example.com", 443) + " } }");
  auto snapshot = world.snapshot();
  CHECK(snapshot->cluster("ext")->dns_names == std::vector<std::string>{"api.example.com"});
  CHECK(snapshot->cluster("ext")->endpoints.empty());
  world.input.resolved["api.example.com"] = {"192.0.2.1", "192.0.2.2"};
  snapshot = world.snapshot();
  REQUIRE(snapshot->cluster("ext")->endpoints.size() == 2);
  CHECK(snapshot->cluster("ext")->endpoints[1].address.text() == "192.0.2.2:443");
}

TEST_CASE("wrong clusters and routes are refused by name and field, all of them at once") {
  World world;
  world.cluster(cluster_text("named", endpoint("api.example.com", 443)));
  world.cluster(cluster_text("port", endpoint("10.0.0.1", 0)));
  world.cluster(cluster_text("open", "", "transport_socket { name: 'envoy.transport_sockets.tls' typed_config { "
      "[type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext] {} } }"));
  world.cluster(cluster_text("twice", "")).cluster(cluster_text("twice", ""));
  world.routes("name: 'r' virtual_hosts { name: 'v' domains: 'a' domains: 'A' domains: 'a*b' "
               "routes { match { prefix: '/' } } "
               "routes { match { } direct_response { status: 200 } } "
               "routes { match { prefix: '/' } direct_response { status: 99 } } "
               "routes { match { prefix: '/' } route { cluster: 'x' retry_policy { retry_on: 'gateway-eror' } } } "
               "routes { match { prefix: '/' } route { weighted_clusters { clusters { name: 'x' } } } } "
               "routes { match { prefix: '/' } direct_response { status: 200 } "
               "         request_headers_to_add { header { key: 'a' value: '%PATH%' } } } "
               "routes { match { prefix: '/' } direct_response { status: 200 } "
               "         request_headers_to_add { header { key: 'x\\r\\nx-evil: 1\\r\\ny' value: '1' } } "
               "         request_headers_to_remove: 'no token' } }");
  const std::string refusal = world.refusal();
  for (const char* says : {"Cluster \"named\": endpoints: \"api.example.com\" is not an IP", "Cluster \"port\"",
                           "nothing to verify the server against", "Cluster \"twice\": name: is there twice",
                           "\"A\" is there twice", "\"a*b\"", "routes[0]: an action", "routes[1]: a kind of path match",
                           "a status outside", "gateway-eror", "no cluster of a weight above 0", "commands in %",
                           "x-evil: 1\r\ny\" cannot be set", "\"no token\" cannot be removed"}) {
    CAPTURE(says);
    CHECK(refusal.find(says) != std::string::npos);
  }
}

TEST_CASE("a private key that a listener has in itself is in no dump") {
  XdsInput input;
  input.listeners.push_back(testing::parsed<envoy::config::listener::v3::Listener>(
      "name: 'in' filter_chains { transport_socket { name: 'envoy.transport_sockets.tls' typed_config { "
      "[type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext] { common_tls_context { "
      "tls_certificates { certificate_chain { inline_string: 'open' } private_key { inline_string: 'secret' } } } } } } }"));
  const std::string dump = config_dump(input, 1);
  CHECK(dump.find("open") != std::string::npos);
  CHECK(dump.find("secret") == std::string::npos);
}

TEST_CASE("a route's timeouts, retries, rewrites and origin arrive") {
  World world;
  world.routes(R"(name: 'r' virtual_hosts { name: 'v' domains: '*' include_request_attempt_count: true
    routes { name: 'a' match { prefix: '/' }
      metadata { filter_metadata { key: 'outrider' value { fields { key: 'source' value { string_value: 'vs.yaml:7' } } } } }
      route { cluster: 'gone' timeout { seconds: 10 } max_grpc_timeout { seconds: 3 } prefix_rewrite: '/v2' host_rewrite_literal: 'other'
        retry_policy { retry_on: 'gateway-error,connect-failure,503' num_retries { value: 3 } per_try_timeout { seconds: 2 }
          retriable_status_codes: 429 retry_host_predicate { name: 'p' } retry_back_off { base_interval { nanos: 10000000 } } } } }
    routes { name: 'b' match { prefix: '/' } route { cluster: 'gone' timeout {} retry_policy {
      retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes' num_retries { value: 2 } } } }
    routes { name: 'c' match { prefix: '/' } route { cluster: 'gone' } }
    routes { name: 'd' match { prefix: '/' } route { cluster: 'gone' retry_policy {
      retry_on: 'connect-failure,refused-stream,unavailable,cancelled' num_retries { value: 5 } } } }
    routes { name: 'e' match { prefix: '/' }
      metadata { filter_metadata { key: 'outrider' value { fields { key: 'retries' value { string_value: 'route' } } } } }
      route { cluster: 'gone' retry_policy { retry_on: 'connect-failure,refused-stream,unavailable,cancelled' } } } })");
  const auto snapshot = world.snapshot();
  const VirtualHost& host = snapshot->routes.find("r")->second->virtual_hosts[0];
  CHECK(host.include_attempt_count);
  CHECK(host.routes[0].source == "vs.yaml:7");
  const auto& a = std::get<Forward>(host.routes[0].action);
  CHECK(a.clusters[0].cluster == nullptr);
  CHECK(a.timeout == 10s);
  CHECK(a.max_grpc_timeout == 3s);
  CHECK(a.prefix_rewrite == "/v2");
  CHECK(a.host_rewrite == "other");
  REQUIRE(a.retry);
  CHECK(a.retry->max_retries == 3);
  CHECK(a.retry->per_try_timeout == 2s);
  CHECK(a.retry->status_codes == std::vector<std::uint16_t>{503, 429});
  CHECK(a.retry->avoid_previous_hosts);
  CHECK(a.retry->base_interval == 10ms);
  CHECK(a.retry->max_interval == 100ms);
  CHECK(a.retry->asked);
  const auto& b = std::get<Forward>(host.routes[1].action);
  CHECK(b.timeout == 0s);
  CHECK_FALSE(b.retry->asked);
  CHECK_FALSE(std::get<Forward>(host.routes[3].action).retry->asked);
  CHECK(std::get<Forward>(host.routes[4].action).retry->asked);
  CHECK(std::get<Forward>(host.routes[2].action).timeout == 15s);
}

TEST_CASE("what no snapshot names and nobody uses is forgotten") {
  StateRegistry states;
  const auto count = [&] {
    int endpoints = 0;
    states.for_each_endpoint([&](std::string_view, const EndpointState&) { ++endpoints; });
    return endpoints;
  };
  auto held = states.endpoint("c", {"10.0.0.1", 80});
  EndpointState* busy = states.endpoint("c", {"10.0.0.2", 80}).get();
  busy->active_connections = 1;
  (void)states.endpoint("c", {"10.0.0.3", 80});
  CHECK(count() == 3);
  states.retire_unused();
  CHECK(count() == 2);
  held.reset();
  busy->active_connections = 0;
  states.retire_unused();
  CHECK(count() == 0);
}

TEST_CASE("an endpoint has one state, in whatever order addresses come") {
  StateRegistry states;
  std::vector<std::shared_ptr<EndpointState>> made;
  for (const int last : {9, 1, 5, 200, 3, 50}) {
    made.push_back(states.endpoint("c", {"10.0.0." + std::to_string(last), 80}));
    made.push_back(states.endpoint("c", {"10.0.0." + std::to_string(last), 81}));
  }
  for (const auto& state : made) CHECK(states.endpoint("c", state->address) == state);
  CHECK(states.endpoint("d", made[0]->address) != made[0]);
}

TEST_CASE("a resource that is kept is the message that came, with what is not known of it") {
  using envoy::config::cluster::v3::Cluster;
  Cluster message = parsed<Cluster>(cluster_text("order", endpoint("10.0.0.1", 80)));
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(4321, 7);
  const Kept<Cluster> kept(message);
  CHECK(kept.name() == "order");
  CHECK(kept.message().SerializeAsString() == message.SerializeAsString());
  const auto again = Kept<Cluster>::parse(message.SerializeAsString());
  REQUIRE(again);
  CHECK(again->name() == "order");
  CHECK_FALSE(Kept<Cluster>::parse("\x0a\xff no cluster"));
  const Kept<envoy::config::endpoint::v3::ClusterLoadAssignment> named(
      parsed<envoy::config::endpoint::v3::ClusterLoadAssignment>("cluster_name: 'orders'"));
  CHECK(named.name() == "orders");
}

}  // namespace
}  // namespace outrider::proxy
