#include "tests/harness/resources.hpp"

namespace outrider::scenario {
namespace {

const std::string types = "type.googleapis.com/envoy.";

json address(const SocketAddress& at) {
  return {{"socket_address", {{"address", at.ip}, {"port_value", at.port}}}};
}

json chain(const std::string& name, const json& virtual_host, bool from_mesh) {
  json manager = {
      {"@type", types + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"},
      {"stat_prefix", name},
      {"upgrade_configs", json::array({json::object({{"upgrade_type", "websocket"}})})},
      {"route_config", {{"name", name}, {"virtual_hosts", {virtual_host}}}},
      {"http_filters",
       {{{"name", "envoy.filters.http.router"},
         {"typed_config", {{"@type", types + "extensions.filters.http.router.v3.Router"}}}}}}};
  if (from_mesh) {
    manager["forward_client_cert_details"] = "APPEND_FORWARD";
    manager["set_current_client_cert_details"] = {{"subject", true}, {"uri", true}};
  }
  return {{"name", name},
          {"filters",
           {{{"name", "envoy.filters.network.http_connection_manager"}, {"typed_config", manager}}}}};
}

json listener(const std::string& name, const SocketAddress& at, const char* direction) {
  return {{"@type", types + "config.listener.v3.Listener"},
          {"name", name},
          {"address", address(at)},
          {"traffic_direction", direction}};
}

}  // namespace

std::string identity(const std::string& service_account) {
  return "spiffe://cluster.local/ns/shop/sa/" + service_account;
}

json cluster(const std::string& name, const std::vector<SocketAddress>& endpoints) {
  json list = json::array();
  for (const auto& at : endpoints) list.push_back({{"endpoint", {{"address", address(at)}}}});
  return {{"@type", types + "config.cluster.v3.Cluster"},
          {"name", name},
          {"type", "STATIC"},
          {"connect_timeout", "5s"},
          {"lb_policy", "ROUND_ROBIN"},
          {"load_assignment", {{"cluster_name", name}, {"endpoints", {{{"lb_endpoints", list}}}}}}};
}

void speak_http2(json& cluster) {
  cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"] = {
      {"@type", types + "extensions.upstreams.http.v3.HttpProtocolOptions"},
      {"explicit_http_config", {{"http2_protocol_options", json::object()}}}};
}

void secure(json& cluster, const std::string& service_account) {
  cluster["transport_socket"] = {
      {"name", "envoy.transport_sockets.tls"},
      {"typed_config",
       {{"@type", types + "extensions.transport_sockets.tls.v3.UpstreamTlsContext"},
        {"sni", "outbound_.80_._.app"},
        {"common_tls_context",
         {{"alpn_protocols", {"istio", "h2"}},
          {"tls_certificate_sds_secret_configs", {{{"name", "default"}}}},
          {"combined_validation_context",
           {{"default_validation_context",
             {{"match_subject_alt_names", {{{"exact", identity(service_account)}}}}}},
            {"validation_context_sds_secret_config", {{"name", "ROOTCA"}}}}}}}}}};
}

json route(const std::string& cluster, const std::string& prefix) {
  return {{"name", "to " + cluster},
          {"match", {{"prefix", prefix}}},
          {"route", {{"cluster", cluster}, {"timeout", "0s"}}}};
}

json retry(const std::string& on, int times) {
  return {{"retry_on", on},
          {"num_retries", times},
          {"retry_host_predicate",
           {{{"name", "envoy.retry_host_predicates.previous_hosts"},
             {"typed_config",
              {{"@type", types + "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"}}}}}},
          {"retry_back_off", {{"base_interval", "0.001s"}, {"max_interval", "0.005s"}}}};
}

json virtual_host(const std::vector<json>& routes) {
  return {{"name", "all"}, {"domains", {"*"}}, {"routes", routes}, {"include_request_attempt_count", true}};
}

json outbound(const std::string& name, const json& virtual_host, const SocketAddress& at) {
  json made = listener(name, at, "OUTBOUND");
  made["filter_chains"] = {chain(name, virtual_host, false)};
  return made;
}

json inbound(const std::string& name, const json& virtual_host, Mtls mode) {
  json made = listener(name, {"127.0.0.1", 0}, "INBOUND");
  json tls = chain(name, virtual_host, true);
  tls["filter_chain_match"] = {{"transport_protocol", "tls"}};
  tls["transport_socket"] = {
      {"name", "envoy.transport_sockets.tls"},
      {"typed_config",
       {{"@type", types + "extensions.transport_sockets.tls.v3.DownstreamTlsContext"},
        {"require_client_certificate", true},
        {"common_tls_context",
         {{"alpn_protocols", {"h2", "http/1.1"}},
          {"tls_certificate_sds_secret_configs", {{{"name", "default"}}}},
          {"combined_validation_context",
           {{"default_validation_context", {{"match_subject_alt_names", {{{"prefix", "spiffe://cluster.local/"}}}}}},
            {"validation_context_sds_secret_config", {{"name", "ROOTCA"}}}}}}}}}};
  made["filter_chains"] = {tls};
  if (mode == Mtls::Permissive) {
    json plain = chain(name, virtual_host, true);
    plain["filter_chain_match"] = {{"transport_protocol", "raw_buffer"}};
    made["filter_chains"].push_back(plain);
  }
  return made;
}

void add_rbac(json& listener, const json& rules) {
  json typed = {{"@type", types + "extensions.filters.http.rbac.v3.RBAC"}, {"rules", rules}};
  for (json& chain : listener["filter_chains"]) {
    json& filters = chain["filters"][0]["typed_config"]["http_filters"];
    filters.insert(filters.begin(), json({{"name", "envoy.filters.http.rbac"}, {"typed_config", typed}}));
  }
}

json file(const std::vector<json>& resources) { return {{"resources", resources}}; }

}  // namespace outrider::scenario
