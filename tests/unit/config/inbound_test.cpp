// What a sidecar takes in: listeners, TLS, authorization, the application behind it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/translation/registry.hpp"
#include "config/xds/xds.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;
namespace tls = envoy::extensions::transport_sockets::tls::v3;
namespace rbac = envoy::config::rbac::v3;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

namespace {

using Strings = std::vector<std::string>;

XdsResources order_service(const std::string& more = "") {
  return translate(mesh_of(std::string(kShop) + "\n---\n" + more), order_v1());
}

std::string peer(const std::string& name, const std::string& ns, const std::string& spec) {
  return fmt::format(
      "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
      "metadata: {{name: {}, namespace: {}}}\nspec: {}\n",
      name, ns, spec);
}

std::string policy(const std::string& name, const std::string& ns, const std::string& spec) {
  return fmt::format(
      "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
      "metadata: {{name: {}, namespace: {}}}\nspec: {}\n",
      name, ns, spec);
}

HttpConnectionManager manager_of(const XdsResources& resources, int chain = 0) {
  HttpConnectionManager manager;
  const auto& listener = named(resources.listeners, "127.10.0.1_8080");
  REQUIRE(listener.filter_chains(chain).filters(0).typed_config().UnpackTo(&manager));
  return manager;
}

std::vector<rbac::RBAC> rules_of(const XdsResources& resources) {
  std::vector<rbac::RBAC> all;
  const HttpConnectionManager manager = manager_of(resources);
  for (const auto& filter : manager.http_filters()) {
    envoy::extensions::filters::http::rbac::v3::RBAC rules;
    if (filter.typed_config().UnpackTo(&rules)) all.push_back(rules.rules());
  }
  return all;
}

Strings policy_names(const rbac::RBAC& rules) {
  std::map<std::string, int> sorted;
  for (const auto& [name, rule] : rules.policies()) sorted[name] = 1;
  Strings names;
  for (const auto& [name, one] : sorted) names.push_back(name);
  return names;
}

// The one rule of a policy with this operation.
rbac::Permission permission_of(const std::string& operation) {
  const std::vector<rbac::RBAC> rules = rules_of(order_service(
      policy("p", "ecommerce", "{rules: [{to: [{operation: {" + operation + "}}]}]}")));
  REQUIRE(rules.size() == 1);
  return rules[0].policies().begin()->second.permissions(0).and_rules().rules(0);
}

rbac::Principal principal_of(const std::string& source) {
  const auto rules = rules_of(
      order_service(policy("p", "ecommerce", "{rules: [{from: [{source: {" + source + "}}]}]}")));
  REQUIRE(rules.size() == 1);
  return rules[0].policies().begin()->second.principals(0).and_ids().ids(0);
}

std::string spelled(const envoy::type::matcher::v3::StringMatcher& m) {
  if (m.has_exact()) return "exact " + m.exact();
  if (m.has_prefix()) return "prefix " + m.prefix();
  if (m.has_suffix()) return "suffix " + m.suffix();
  return "regex " + m.safe_regex().regex();
}

}  // namespace

TEST_CASE("each ingress is a listener on the workload's own address and a cluster of the app") {
  const XdsResources resources = order_service();
  REQUIRE(resources.listeners.size() == 3);
  const auto& listener = named(resources.listeners, "127.10.0.1_8080");
  CHECK(listener.address().socket_address().address() == "127.10.0.1");
  CHECK(listener.address().socket_address().port_value() == 8080);
  CHECK(listener.traffic_direction() == envoy::config::core::v3::INBOUND);

  const auto manager = manager_of(resources);
  CHECK(manager.forward_client_cert_details() == HttpConnectionManager::SANITIZE_SET);
  CHECK(manager.set_current_client_cert_details().uri());
  CHECK(manager.route_config().name() == "inbound|8080||");
  CHECK(manager.route_config().virtual_hosts(0).name() == "inbound|http|8080");
  const auto& route = manager.route_config().virtual_hosts(0).routes(0);
  CHECK(route.route().cluster() == "inbound|8080||");
  CHECK(route.route().retry_policy().retry_on() == "reset-before-request");

  struct Row {
    std::string cluster;
    std::string address;
    std::uint32_t port;
    bool http2;
  };
  const Row rows[] = {{"inbound|8080||", "127.10.0.1", 18080, false},
                      {"inbound|9090||", "127.0.0.1", 19090, true}};
  for (const Row& row : rows) {
    const auto& cluster = named(resources.clusters, row.cluster);
    CHECK(cluster.type() == envoy::config::cluster::v3::Cluster::STATIC);
    const auto& socket = cluster.load_assignment()
                             .endpoints(0)
                             .lb_endpoints(0)
                             .endpoint()
                             .address()
                             .socket_address();
    CHECK(socket.address() == row.address);
    CHECK(socket.port_value() == row.port);
    envoy::extensions::upstreams::http::v3::HttpProtocolOptions options;
    REQUIRE(cluster.typed_extension_protocol_options().begin()->second.UnpackTo(&options));
    CHECK(options.explicit_http_config().has_http2_protocol_options() == row.http2);
  }
  const auto& services = named(resources.clusters, "inbound|8080||")
                             .metadata()
                             .filter_metadata()
                             .at("istio")
                             .fields()
                             .at("services");
  CHECK(services.list_value().values(0).struct_value().fields().at("host").string_value() ==
        "order-service.ecommerce.svc.cluster.local");
}

TEST_CASE("a workload without a Sidecar of its own serves nothing") {
  const XdsResources resources = translate(mesh_of(kShop), api_gateway());
  CHECK(resources.listeners.size() == 1);
  for (const auto& cluster : resources.clusters) CHECK(cluster.name().starts_with("outbound|"));
}

TEST_CASE(
    "which PeerAuthentication holds: port > workload > namespace > mesh, the oldest of each") {
  const std::string mesh = peer("m", "istio-system", "{mtls: {mode: STRICT}}");
  const std::string of_ns = peer("ns", "ecommerce", "{mtls: {mode: DISABLE}}");
  const std::string own = peer("w", "ecommerce",
                               "{selector: {matchLabels: {app: order-service}}, mtls: {mode: "
                               "PERMISSIVE}, portLevelMtls: {'9090': {mode: STRICT}}}");
  struct Row {
    std::string what;
    std::string yaml;
    TlsMode on_8080, on_9090;
  };
  using enum TlsMode;
  const Row rows[] = {
      {"nothing said", "", Permissive, Permissive},
      {"mesh", mesh, Strict, Strict},
      {"namespace over mesh", mesh + of_ns, Disable, Disable},
      {"namespace over mesh, whatever the age", of_ns + mesh, Disable, Disable},
      {"workload and port over namespace", mesh + of_ns + own, Permissive, Strict},
      {"unset looks further up", mesh + peer("ns", "ecommerce", "{mtls: {mode: UNSET}}"), Strict,
       Strict},
      {"the oldest of a namespace", of_ns + peer("ns2", "ecommerce", "{mtls: {mode: STRICT}}"),
       Disable, Disable},
      {"the oldest even if unset",
       mesh + peer("ns", "ecommerce", "{}") + peer("ns2", "ecommerce", "{mtls: {mode: DISABLE}}"),
       Strict, Strict},
      {"the oldest of a workload",
       peer("w0", "ecommerce", "{selector: {matchLabels: {version: v1}}, mtls: {mode: DISABLE}}") +
           own,
       Disable, Disable},
      {"another workload's",
       peer("w", "ecommerce", "{selector: {matchLabels: {app: x}}, mtls: {mode: STRICT}}"),
       Permissive, Permissive},
      {"another namespace's", peer("ns", "other", "{mtls: {mode: STRICT}}"), Permissive, Permissive},
      {"a selector in the root namespace does not act",
       peer("r", "istio-system",
            "{selector: {matchLabels: {app: order-service}}, mtls: {mode: STRICT}}"),
       Permissive, Permissive},
      {"an empty selector is the namespace",
       peer("ns", "ecommerce", "{selector: {}, mtls: {mode: STRICT}}"), Strict, Strict},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Registry registry(mesh_of(std::string(kShop) + "\n" + row.yaml));
    const Workload w = order_v1();
    CHECK(static_cast<int>(registry.tls_mode(w.ns, w.labels, 8080)) ==
          static_cast<int>(row.on_8080));
    CHECK(static_cast<int>(registry.tls_mode(w.ns, w.labels, 9090)) ==
          static_cast<int>(row.on_9090));
  }
}

TEST_CASE("filter chains: STRICT takes TLS only, PERMISSIVE both, DISABLE plaintext only") {
  struct Row {
    std::string mode;
    Strings transports;
  };
  const Row rows[] = {
      {"STRICT", {"tls"}}, {"PERMISSIVE", {"tls", "raw_buffer"}}, {"DISABLE", {"raw_buffer"}}};
  for (const Row& row : rows) {
    CAPTURE(row.mode);
    const XdsResources resources =
        order_service(peer("ns", "ecommerce", fmt::format("{{mtls: {{mode: {}}}}}", row.mode)));
    Strings transports;
    for (const auto& chain : named(resources.listeners, "127.10.0.1_8080").filter_chains()) {
      transports.push_back(chain.filter_chain_match().transport_protocol());
      CHECK(chain.has_transport_socket() == (transports.back() == "tls"));
      if (!chain.has_transport_socket()) continue;
      tls::DownstreamTlsContext context;
      REQUIRE(chain.transport_socket().typed_config().UnpackTo(&context));
      CHECK(context.require_client_certificate().value());
      const auto& common = context.common_tls_context();
      CHECK(Strings(common.alpn_protocols().begin(), common.alpn_protocols().end()) ==
            Strings{"h2", "http/1.1"});
      CHECK(common.tls_certificate_sds_secret_configs(0).name() == "default");
      const auto& checks = common.combined_validation_context();
      CHECK(checks.validation_context_sds_secret_config().name() == "ROOTCA");
      CHECK(checks.default_validation_context().match_subject_alt_names(0).prefix() ==
            "spiffe://cluster.local/");
    }
    CHECK(transports == row.transports);
  }
}

std::string gateway(const std::string& tls) {
  return "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\n"
         "metadata: {name: gateway, namespace: ecommerce}\n"
         "spec:\n  workloadSelector: {labels: {app: api-gateway}}\n  ingress:\n"
         "    - port: {number: 8443, name: https, protocol: HTTPS}\n      captureMode: NONE\n"
         "      defaultEndpoint: 127.0.0.1:8080\n      tls: " + tls + "\n";
}

TEST_CASE("ingress TLS shows a certificate of its own, and asks for one only where it is MUTUAL") {
  const std::string files = "serverCertificate: /c/chain.pem, privateKey: /c/key.pem";
  const std::string off = peer("gateway", "ecommerce", "{mtls: {mode: DISABLE}}");
  struct Row {
    std::string tls;
    std::string roots;
  };
  for (const Row& row : {Row{"{mode: SIMPLE, " + files + "}", ""},
                         Row{"{mode: MUTUAL, caCertificates: /c/ca.pem, " + files + "}", "/c/ca.pem"}}) {
    CAPTURE(row.tls);
    const XdsResources resources =
        translate(mesh_of(std::string(kShop) + "\n" + gateway(row.tls) + off), api_gateway());
    const auto& listener = named(resources.listeners, "127.10.0.9_8443");
    REQUIRE(listener.filter_chains_size() == 1);
    tls::DownstreamTlsContext context;
    REQUIRE(listener.filter_chains(0).transport_socket().typed_config().UnpackTo(&context));
    CHECK(context.require_client_certificate().value() == !row.roots.empty());
    const auto& common = context.common_tls_context();
    CHECK(common.tls_certificates(0).certificate_chain().filename() == "/c/chain.pem");
    CHECK(common.tls_certificates(0).private_key().filename() == "/c/key.pem");
    CHECK(common.tls_certificate_sds_secret_configs_size() == 0);
    CHECK(common.has_validation_context() == !row.roots.empty());
    CHECK(common.validation_context().trusted_ca().filename() == row.roots);
    CHECK(common.alpn_protocols(0) == "h2");
  }
  // The mesh's own TLS goes first.
  const XdsResources mesh = translate(
      mesh_of(std::string(kShop) + "\n" + gateway("{mode: SIMPLE, " + files + "}")), api_gateway());
  CHECK(named(mesh.listeners, "127.10.0.9_8443").filter_chains_size() == 2);
}

TEST_CASE("ingress TLS that cannot be acted on is refused in words") {
  struct Row {
    std::string tls;
    std::string part;
  };
  const Row rows[] = {
      {"{mode: ISTIO_MUTUAL, serverCertificate: /c, privateKey: /k}", "ISTIO_MUTUAL"},
      {"{mode: PASSTHROUGH, serverCertificate: /c, privateKey: /k}", "PASSTHROUGH"},
      {"{serverCertificate: /c, privateKey: /k}", "PASSTHROUGH"},
      {"{mode: SIMPLE, privateKey: /k}", "requires a server certificate"},
      {"{mode: SIMPLE, serverCertificate: c.pem, privateKey: /k}", "absolute path"},
      {"{mode: SIMPLE, serverCertificate: /c, privateKey: /k, caCertificates: /r}", "caCertificates"},
      {"{mode: MUTUAL, serverCertificate: /c, privateKey: /k}", "CA bundle"},
      {"{mode: SIMPLE, serverCertificate: /c, privateKey: /k, credentialName: x}", "credentialName"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.tls);
    const auto loaded = load_text(gateway(row.tls));
    CHECK_FALSE(loaded.ok());
    const auto says = [&](const Diagnostic& d) { return d.message.find(row.part) != std::string::npos; };
    CHECK(std::any_of(loaded.diagnostics.begin(), loaded.diagnostics.end(), says));
  }
}

TEST_CASE("DENY comes before ALLOW, the router last; every chain has them") {
  const XdsResources resources =
      order_service(policy("a", "ecommerce", "{rules: [{}]}") +
                    policy("d", "ecommerce", "{action: DENY, rules: [{}]}"));
  for (const int chain : {0, 1}) {
    const auto manager = manager_of(resources, chain);
    REQUIRE(manager.http_filters_size() == 3);
    CHECK(manager.http_filters(0).name() == "envoy.filters.http.rbac");
    CHECK(manager.http_filters(1).name() == "envoy.filters.http.rbac");
    CHECK(manager.http_filters(2).name() == "envoy.filters.http.router");
  }
  const auto rules = rules_of(resources);
  CHECK(rules[0].action() == rbac::RBAC::DENY);
  CHECK(rules[1].action() == rbac::RBAC::ALLOW);
}

TEST_CASE("which policies hold: own namespace and root, by selector; none means no filter") {
  struct Row {
    std::string what;
    std::string yaml;
    Strings names;  // of the only filter; none: no filter
  };
  const Row rows[] = {
      {"none", "", {}},
      {"another namespace", policy("p", "other", "{}"), {}},
      {"another workload", policy("p", "ecommerce", "{selector: {matchLabels: {app: x}}}"), {}},
      {"own, by selector",
       policy("p", "ecommerce", "{selector: {matchLabels: {version: v1}}}"),
       {"ns[ecommerce]-policy[p]-rule[0]"}},
      {"two rules and the root's",
       policy("p", "ecommerce", "{rules: [{}, {}]}") + policy("r", "istio-system", "{rules: [{}]}"),
       {"ns[ecommerce]-policy[p]-rule[0]", "ns[ecommerce]-policy[p]-rule[1]",
        "ns[istio-system]-policy[r]-rule[0]"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto rules = rules_of(order_service(row.yaml));
    REQUIRE(rules.size() == (row.names.empty() ? 0U : 1U));
    if (!row.names.empty()) CHECK(policy_names(rules[0]) == row.names);
  }
}

TEST_CASE("an ALLOW policy without rules denies everything; an empty rule allows everything") {
  const auto nothing = rules_of(order_service(policy("p", "ecommerce", "{}")));
  const rbac::Policy& never = nothing[0].policies().begin()->second;
  CHECK(never.permissions(0).not_rule().any());
  CHECK(never.principals(0).not_id().any());
  const auto everything = rules_of(order_service(policy("p", "ecommerce", "{rules: [{}]}")));
  const rbac::Policy& always = everything[0].policies().begin()->second;
  CHECK(always.permissions(0).any());
  CHECK(always.principals(0).any());
}

TEST_CASE("wildcards in paths, as Istio's") {
  struct Row {
    std::string written;
    std::string meant;
  };
  const Row rows[] = {
      {"/a", "exact /a"},
      {"/a/*", "prefix /a/"},
      {"/a*", "prefix /a"},
      {"*/z", "suffix /z"},
      {"*", "regex .+"},
      {"/a/{*}/b", "template /a/*/b"},
      {"/a/{**}", "template /a/**"},
      {"/a/{*}/{**}", "template /a/*/**"},
      {"/a/*/b", "template /a/*/b"},       // DESIGN: one segment
      {"/a/*/b/*", "template /a/*/b/**"},  // ... and the rest
      {"/*/b", "template /*/b"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.written);
    const auto rule = permission_of(fmt::format("paths: ['{}']", row.written)).or_rules().rules(0);
    std::string meant;
    if (rule.has_uri_template()) {
      envoy::extensions::path::match::uri_template::v3::UriTemplateMatchConfig match;
      REQUIRE(rule.uri_template().typed_config().UnpackTo(&match));
      meant = "template " + match.path_template();
    } else {
      meant = spelled(rule.url_path().path());
    }
    CHECK(meant == row.meant);
  }
}

TEST_CASE("wildcards in principals and namespaces compare with the whole SPIFFE id") {
  struct Row {
    std::string source;
    std::string meant;
  };
  const Row rows[] = {
      {"principals: ['cluster.local/ns/a/sa/b']", "exact spiffe://cluster.local/ns/a/sa/b"},
      {"principals: ['cluster.local/ns/a/*']", "prefix spiffe://cluster.local/ns/a/"},
      {"principals: ['*/sa/b']", "suffix /sa/b"},
      {"principals: ['*']", "regex .+"},
      {"namespaces: ['a.b']", "regex .*/ns/a\\.b/.*"},
      {"namespaces: ['prod*']", "regex .*/ns/prod.*/.*"},
      {"namespaces: ['*-x']", "regex .*/ns/.*\\-x/.*"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.source);
    const auto id = principal_of(row.source).or_ids().ids(0);
    CHECK(spelled(id.authenticated().principal_name()) == row.meant);
  }
  CHECK(principal_of("notPrincipals: [a]").not_id().or_ids().ids_size() == 1);
  CHECK(principal_of("notNamespaces: [a]").not_id().or_ids().ids_size() == 1);
}

TEST_CASE("methods, hosts and ports, and what must not be") {
  CHECK(permission_of("methods: [GET]").or_rules().rules(0).header().string_match().exact() ==
        "GET");
  CHECK(permission_of("methods: ['*']").or_rules().rules(0).header().present_match());
  const auto host = permission_of("hosts: ['*.b.com']").or_rules().rules(0).header();
  CHECK(host.name() == ":authority");
  CHECK(host.string_match().suffix() == ".b.com");
  CHECK(host.string_match().ignore_case());
  CHECK(permission_of("ports: ['8080']").or_rules().rules(0).destination_port() == 8080);
  for (const char* field :
       {"notMethods: [GET]", "notHosts: [a]", "notPaths: [/a]", "notPorts: ['1']"}) {
    CHECK(permission_of(field).not_rule().or_rules().rules_size() == 1);
  }
}

TEST_CASE("the seed's policy: who, what, and in which line a rule stands") {
  std::vector<SourceFile> files = seed_files();
  files.push_back({"shop.yaml", kShop});
  const XdsResources resources = translate(load(files, {}).mesh, order_v1());
  const auto rules = rules_of(resources);
  REQUIRE(rules.size() == 1);
  CHECK(policy_names(rules[0]) == Strings{"ns[ecommerce]-policy[order-service-policy]-rule[0]",
                                          "ns[ecommerce]-policy[order-service-policy]-rule[1]"});
  const auto& second = rules[0].policies().at("ns[ecommerce]-policy[order-service-policy]-rule[1]");
  CHECK(second.principals(0)
            .and_ids()
            .ids(0)
            .or_ids()
            .ids(0)
            .authenticated()
            .principal_name()
            .exact() == "spiffe://cluster.local/ns/ecommerce/sa/inventory-service");
  REQUIRE(second.permissions(0).and_rules().rules_size() == 2);
  CHECK(second.permissions(0).and_rules().rules(1).or_rules().rules(0).has_uri_template());
  const auto& chain = named(resources.listeners, "127.10.0.1_8080").filter_chains(0);
  const auto& sources = chain.metadata()
                            .filter_metadata()
                            .at("outrider")
                            .fields()
                            .at("policies")
                            .struct_value()
                            .fields();
  CHECK(sources.at("ns[ecommerce]-policy[order-service-policy]-rule[1]").string_value() ==
        "authorization-policy.yaml:22");
  REQUIRE(named(resources.listeners, "127.10.0.1_8080").filter_chains_size() == 1);  // STRICT
}
