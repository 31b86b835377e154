// What each kind accepts and refuses, and where it says so.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/resources/spec.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;
using namespace std::chrono_literals;

namespace {

std::string group_of(const std::string& kind) {
  return kind == "AuthorizationPolicy" || kind == "PeerAuthentication" ? "security.istio.io"
                                                                       : "networking.istio.io";
}

// A resource whose spec begins in line 5.
std::string resource(const std::string& kind, const std::string& spec) {
  return fmt::format("apiVersion: {}/v1\nkind: {}\nmetadata: {{name: x}}\nspec:\n{}", group_of(kind), kind,
                     spec);
}

struct Refusal {
  std::string kind;
  std::string spec;
  std::string place;
  std::string message;
};

constexpr const char* kVs = "VirtualService";
constexpr const char* kDr = "DestinationRule";
constexpr const char* kSe = "ServiceEntry";
constexpr const char* kSidecar = "Sidecar";
constexpr const char* kPa = "PeerAuthentication";
constexpr const char* kAp = "AuthorizationPolicy";

}  // namespace

TEST_CASE("a wrong field is an error at its own line and column") {
  const Refusal rows[] = {
      // shapes and scalars
      {kVs, "  hosts: a\n  http: [{route: [{destination: {host: a}}]}]\n", "5:10",
       "spec.hosts has to be a list, not a single value"},
      {kVs, "  hosts: [a]\n  http: [{route: [{destination: {host: a}}], timeout: 10}]\n", "6:55",
       "spec.http[0].timeout has to be a duration"},
      {kVs, "  hosts: [a]\n  http: [{route: [{destination: {host: a}}], timeout: 1.5ms}]\n", "6:55",
       "only durations to ms precision are supported"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a, port: {number: 8o}}}]\n", "7:52",
       "has to be a whole number"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a, port: {number: -1}}}]\n", "7:52",
       "has to be in range 0..4294967295"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a, port: {number: 70000}}}]\n", "7:52",
       "port number 70000 must be in the range 1..65535"},
      {kVs, "  hosts: [1]\n  http: [{route: [{destination: {host: a}}]}]\n", "5:11",
       "has to be a string, not \"1\""},
      {kVs, "  hosts: [on]\n  http: [{route: [{destination: {host: a}}]}]\n", "5:11",
       "has to be a string, not \"on\""},
      // VirtualService
      {kVs, "  http: [{route: [{destination: {host: a}}]}]\n", "4:1",
       "a VirtualService without hosts is a delegate, which is not supported yet"},
      {kVs, "  hosts: [a, a]\n  http: [{route: [{destination: {host: a}}]}]\n", "5:14",
       "duplicate hosts in virtual service: a & a"},
      {kVs, "  hosts: [x_y]\n  http: [{route: [{destination: {host: a}}]}]\n", "5:11",
       "domain name \"x_y\" invalid (label \"x_y\" invalid)"},
      {kVs, "  hosts: [a]\n", "4:1", "http, tcp or tls must be provided in virtual service"},
      {kVs, "  hosts: [a]\n  http:\n  - timeout: 1s\n", "7:5",
       "HTTP route, redirect or direct_response is required"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n    fault: {}\n", "8:5",
       "spec.http[0].fault is not supported yet"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n    timeuot: 3s\n", "8:5",
       "unknown field \"timeuot\" in spec.http[0]"},
      {kVs,
       "  hosts: [a]\n  http:\n  - route:\n    - destination: {host: a}\n"
       "    - destination: {host: b}\n",
       "7:5", "total destination weight = 0"},
      {kVs,
       "  hosts: [a]\n  http:\n  - match: [{uri: {exact: /a, prefix: /b}}]\n"
       "    route: [{destination: {host: a}}]\n",
       "7:31", "only one of exact, prefix, regex can be given"},
      {kVs,
       "  hosts: [a]\n  http:\n  - match: [{method: {prefix: ''}}]\n"
       "    route: [{destination: {host: a}}]\n",
       "7:31", "\"method\": prefix string match should not be empty"},
      {kVs,
       "  hosts: [a]\n  http:\n  - match: [{uri: {regex: '/(a'}}]\n"
       "    route: [{destination: {host: a}}]\n",
       "7:27", "error parsing regexp: missing )"},
      {kVs,
       "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
       "    retries: {attempts: 3, retryOn: '5xx, reset'}\n",
       "8:37", "\" reset\" is not a valid retryOn policy"},
      {kVs,
       "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
       "    retries: {attempts: 3, retryOn: '600'}\n",
       "8:37", "\"600\" is not a valid retryOn policy"},
      {kVs,
       "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
       "    retries: {attempts: 0, perTryTimeout: 1s}\n",
       "8:15", "http retry policy configured when attempts are set to 0 (disabled)"},
      {kVs,
       "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
       "    retries: {attempts: 1, perTryTimeout: 0s}\n",
       "8:43", "duration must be greater than 1ms"},
      {kVs, "  hosts: [a]\n  gateways: [mesh, public]\n  http: [{route: [{destination: {host: a}}]}]\n",
       "6:20", "spec.gateways: public is not supported yet"},
      {kVs,
       "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
       "    headers: {request: {set: {x-a: '%REQ(x)%'}}}\n",
       "8:36", "format strings"},
      // DestinationRule
      {kDr, "  subsets: []\n", "4:1", "spec.host: Required value"},
      {kDr, "  host: a\n  trafficPolicy: {}\n", "6:3", "traffic policy must have at least one field"},
      {kDr, "  host: a\n  trafficPolicy: {loadBalancer: {simple: FASTEST}}\n", "6:42",
       "unknown value \"FASTEST\""},
      {kDr, "  host: a\n  trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}\n", "6:42",
       "PASSTHROUGH is not supported yet"},
      {kDr, "  host: a\n  trafficPolicy: {tls: {mode: DISABLE}}\n", "6:19",
       "spec.trafficPolicy.tls is not supported yet"},
      {kDr, "  host: a\n  trafficPolicy: {outlierDetection: {maxEjectionPercent: 150}}\n", "6:58",
       "percentage 150 is not in range 0..100"},
      {kDr, "  host: a\n  subsets: [{name: v1}, {name: v1}]\n", "6:32", "duplicate subset names: v1"},
      {kDr, "  host: a\n  subsets: [{name: v1, labels: {version: 1}}]\n", "6:42",
       "has to be a string, not \"1\""},
      {kDr, "  host: a\n  trafficPolicy: {connectionPool: {tcp: {maxConnection: 1}}}\n", "6:42",
       "unknown field \"maxConnection\" in spec.trafficPolicy.connectionPool.tcp"},
      // ServiceEntry
      {kSe, "  hosts: [a.b]\n  ports: [{number: 1, name: p, protocol: HTTP}]\n", "4:1",
       "spec.resolution: NONE, its default, is not supported yet"},
      {kSe, "  hosts: [a.b]\n  ports: [{number: 1, name: p, protocol: TCP}]\n  resolution: DNS\n", "6:42",
       "TCP is not supported yet"},
      {kSe,
       "  hosts: [a.b]\n  resolution: STATIC\n  ports:\n  - {number: 1, name: p, protocol: HTTP}\n"
       "  - {number: 1, name: q, protocol: HTTP}\n",
       "9:5", "port 1 already defined"},
      {kSe,
       "  hosts: [a.b]\n  resolution: STATIC\n  ports: [{number: 1, name: p, protocol: HTTP}]\n"
       "  endpoints: [{address: b.c}]\n",
       "8:25", "\"b.c\" is not a valid IP address"},
      {kSe,
       "  hosts: [a.b]\n  resolution: STATIC\n  ports: [{number: 1, name: p, protocol: HTTP}]\n"
       "  endpoints: [{address: 1.2.3.4, ports: {q: 1}}]\n",
       "8:15", "endpoint port 1 is not defined by the service entry"},
      // Sidecar
      {kSidecar, "  {}\n", "4:1", "sidecar: empty configuration provided"},
      {kSidecar,
       "  ingress: [{port: {number: 1, protocol: HTTP}, captureMode: NONE, "
       "defaultEndpoint: '1.2.3.4:1'}]\n",
       "5:85", "sidecar: defaultEndpoint must be of form"},
      {kSidecar,
       "  ingress: [{port: {number: 1, protocol: HTTP}, "
       "defaultEndpoint: '127.0.0.1:1'}]\n",
       "5:13", "captureMode: DEFAULT, its default, is not supported yet"},
      {kSidecar, "  egress: [{hosts: [nowhere]}]\n", "5:21", "host must be of form namespace/dnsName"},
      {kSidecar, "  outboundTrafficPolicy: {mode: ALLOW_ANY}\n", "5:33", "ALLOW_ANY is not supported yet"},
      // PeerAuthentication
      {kPa, "  mtls: {mode: STRIKT}\n", "5:16", "spec.mtls.mode: unknown value \"STRIKT\""},
      {kPa, "  portLevelMtls: {8080: {mode: DISABLE}}\n", "5:3",
       "mesh/namespace peer authentication cannot have port level mTLS"},
      {kPa, "  selector: {matchLabels: {app: a}}\n  portLevelMtls: {70000: {mode: STRICT}}\n", "6:3",
       "port must be in range 1..65535"},
      {kPa, "  mtls:\n    mode: STRICT\n  mode: STRICT\n", "7:3", "unknown field \"mode\" in spec"},
      // AuthorizationPolicy
      {kAp, "  action: DENY\n", "5:3", "DENY action without `rules` is meaningless"},
      {kAp, "  action: AUDIT\n", "5:11", "AUDIT is not supported yet"},
      {kAp, "  rules: [{from: []}]\n", "5:12", "`from` must not be empty"},
      {kAp, "  rules:\n  - from:\n", "6:5", "`from` must not be empty"},
      {kAp, "  rules: [{from: [{source: {}}]}]\n", "5:20", "`from.source` must not be empty"},
      {kAp, "  rules: [{to: [{operation: {}}]}]\n", "5:18", "`to.operation` must not be empty"},
      {kAp, "  rules: [{to: [{operation: {methods: []}}]}]\n", "5:30", "`methods` must not be empty"},
      {kAp, "  rules: [{to: [{operation: {ports: ['http']}}]}]\n", "5:38", "bad port (http)"},
      {kAp, "  rules: [{to: [{operation: {paths: ['/a/{x}']}}]}]\n", "5:38",
       "Contains '{' or '}' beyond a supported path template"},
      {kAp, "  rules: [{to: [{operation: {paths: ['/a/{**}/{*}']}}]}]\n", "5:38",
       "{**} is not the last operator"},
      {kAp, "  rules: [{to: [{operation: {paths: ['/a/{**}/b']}}]}]\n", "5:38",
       "the path template /a/{**}/b is not supported yet"},
      {kAp, "  rules: [{from: [{source: {ipBlocks: ['10.0.0.0/8']}}]}]\n", "5:29",
       "source.ipBlocks is not supported yet"},
      {kAp, "  rules: [{when: [{key: source.ip, values: ['10.0.0.1']}]}]\n", "5:12",
       "spec.rules[0].when is not supported yet"},
  };
  for (const Refusal& row : rows) {
    CAPTURE(row.kind);
    CAPTURE(row.spec);
    const Loaded loaded = load_text(resource(row.kind, row.spec));
    CHECK_FALSE(loaded.ok());
    CHECK(loaded.mesh.size() == 0);
    REQUIRE_FALSE(loaded.diagnostics.empty());
    const Diagnostic& d = loaded.diagnostics.front();
    CHECK(fmt::format("{}:{}", d.line, d.column) == row.place);
    CHECK_MESSAGE(d.message.find(row.message) != std::string::npos, d.message);
  }
}

TEST_CASE("what can be told apart only by meaning is accepted, with a warning that says what it means") {
  const Refusal rows[] = {
      {kAp, "  rules: [{to: [{operation: {paths: ['/a/v*/b']}}]}]\n", "5:38",
       "'*' in the middle of path \"/a/v*/b\""},
      {kAp, "  rules: [{from: [{source: {principals: ['cluster.local/ns/*/sa/a']}}]}]\n", "5:42",
       "would be compared literally"},
      {kAp, "  rules: [{from: [{source: {principals: ['spiffe://a/b']}}]}]\n", "5:42",
       "written without \"spiffe://\""},
      {kAp, "  rules: [{to: [{operation: {methods: [get]}}]}]\n", "5:40", "\"get\" matches no request"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a, port: {number: \"80\"}}}]\n",
       "7:52", "a number in quotes"},
      {kVs, "  hosts: [a]\n  http:\n  - route: [{destination: {host: a, port: {number: 0120}}}]\n", "7:52",
       "YAML reads 0120 as 80"},
      {kVs,
       "  hosts: [a]\n  http:\n  - match: [{ignoreUriCase: yes}]\n    route: [{destination: {host: a}}]\n",
       "7:29", "YAML reads yes as true"},
  };
  for (const Refusal& row : rows) {
    CAPTURE(row.spec);
    const Loaded loaded = load_text(resource(row.kind, row.spec));
    CHECK(loaded.ok());
    check_only(loaded.diagnostics, row.place, row.message);
    CHECK(load_text(resource(row.kind, row.spec), true).diagnostics.empty());  // Istio says nothing
  }
}

TEST_CASE("a misspelt name gets the right one as help, and as a fix") {
  const auto first = [](const std::string& text) { return load_text(text).diagnostics.at(0); };
  CHECK(first(resource(kDr, "  host: a\n  subset: []\n")).help == "did you mean \"subsets\"?");
  CHECK(first(resource(kPa, "  mtls: {mode: strict}\n")).help ==
        "did you mean STRICT? It takes UNSET, DISABLE, PERMISSIVE, STRICT");
  CHECK(first(resource(kPa, "  mtls: {mode: strict}\n")).fix.at(0).text == "STRICT");
  CHECK(first(resource(kVs,
                       "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
                       "    retries: {attempts: 1, retryOn: gatway-error}\n"))
            .help == "did you mean \"gateway-error\"?");
  CHECK(first("apiVersion: networking.istio.io/v1\nkind: VirtualServices\n").help ==
        "did you mean \"VirtualService\"?");
  CHECK(first(resource(kDr, "  host: a\n  trafficPolicy: {simple: RANDOM}\n")).help ==
        "\"simple\" belongs one level deeper, into \"loadBalancer\"");
}

TEST_CASE("all errors of all documents are told at once, by their place, each where it begins") {
  const std::string text = resource(kVs, "  hosts: [a]\n  htp: []\n  http:\n  - rote: []\n") + "---\n" +
                           resource(kPa, "  mtls: {mode: A}\n");
  CHECK(summary(load_text(text).diagnostics) ==
        std::vector<std::string>{
            "6:3 error IST0106 unknown field \"htp\" in spec",
            "8:5 error IST0106 unknown field \"rote\" in spec.http[0]",
            "14:16 error IST0106 spec.mtls.mode: unknown value \"A\" for enum: Unsupported value: \"A\""});
}

TEST_CASE("kinds and versions") {
  struct Row {
    std::string api_version;
    std::string kind;
    std::string spec;
    std::string place;
    std::string code;  // empty: fine
  };
  const std::string gateway = "servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: ['*']}]";
  const Row rows[] = {
      {"security.istio.io/v1", "PeerAuthentication", "", "", ""},
      {"security.istio.io/v1beta1", "PeerAuthentication", "", "", ""},
      {"security.istio.io/v2", "PeerAuthentication", "", "1:13", "IST0106"},
      {"networking.istio.io/v1", "PeerAuthentication", "", "1:13", "IST0106"},
      {"networking.istio.io/v1", "Gateway", gateway, "2:1", "OUT0002"},
      {"networking.istio.io/v1alpha3", "EnvoyFilter", "", "2:1", "OUT0002"},
      {"telemetry.istio.io/v1", "Telemetry", "", "2:1", "OUT0002"},
      {"gateway.networking.k8s.io/v1", "Gateway", "", "2:1", "OUT0002"},
      {"apps/v1", "Deployment", "", "2:1", "OUT0003"},
      {"v1", "Service", "", "2:1", "OUT0003"},
      {"cert-manager.io/v1", "Certificate", "", "2:1", "OUT0003"},
  };
  for (const Row& row : rows) {
    const std::string text = fmt::format("apiVersion: {}\nkind: {}\nmetadata:\n  name: x\nspec: {{{}}}\n",
                                         row.api_version, row.kind, row.spec);
    CAPTURE(text);
    const Loaded loaded = load_text(text);
    if (row.code.empty()) {
      CHECK(loaded.diagnostics.empty());
      continue;
    }
    REQUIRE_FALSE(loaded.diagnostics.empty());
    const Diagnostic& d = loaded.diagnostics.front();
    CHECK(d.code == row.code);
    CHECK(loaded.ok() == (row.code == "OUT0003"));
  }
  const std::string service = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n";
  CHECK(load_text(service + "---\n" + service).diagnostics.size() ==
        2);  // skipped, told once; and twice the same
}

TEST_CASE("the items of a List are resources, each with its own text and lines") {
  const Loaded loaded = load_text(
      "apiVersion: v1\nkind: List\nitems:\n"
      "- apiVersion: security.istio.io/v1\n  kind: PeerAuthentication\n  metadata: {name: a}\n  # its "
      "mode\n"
      "  spec:\n    mtls: {mode: STRICT}\n"
      "- {apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: b}}\n");
  for (const Diagnostic& d : loaded.diagnostics) INFO(render(d, false));
  REQUIRE(loaded.mesh.size() == 2);
  const Resource& a = *loaded.mesh.resources()[0];
  CHECK(a.yaml() ==
        "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a}\n# its mode\n"
        "spec:\n  mtls: {mode: STRICT}\n");
  CHECK(a.source_line(9) == "  mtls: {mode: STRICT}");
  CHECK(load_text(loaded.mesh.resources()[1]->yaml()).mesh.size() == 1);
  CHECK(loaded.documents.size() == 2);
}

TEST_CASE("metadata is checked, and what a cluster adds to it says nothing") {
  const auto with = [](const std::string& metadata) {
    return load_text("apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {" + metadata +
                     "}\n");
  };
  CHECK(with("name: a, namespace: b, labels: {x: v}, annotations: {z: w}").diagnostics.empty());
  CHECK(with("name: a, uid: u, generation: 3, managedFields: []").diagnostics.empty());
  check_only(with("name: A").diagnostics, "3:18", "\"A\" is not a valid name");
  check_only(with("name: a, namespace: b.c").diagnostics, "3:32", "\"b.c\" is not a valid name");
  check_only(with("namespace: b").diagnostics, "3:1", "metadata.name is required");
  check_only(with("name: a, nmespace: b").diagnostics, "3:21", "unknown field \"nmespace\"");
  check_only(with("name: a, annotations: {istio.io/dry-run: 'true'}").diagnostics, "3:21",
             "has unsupported annotation istio.io/dry-run");
  CHECK(with("name: a").mesh.resources().front()->key().ns == "default");
}

TEST_CASE("Istio's snake_case names are the same fields, and not beside the camelCase one") {
  const auto retries = [](const std::string& fields) {
    return load_text(resource(kVs,
                              "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n"
                              "    retries: {attempts: 1, " +
                                  fields + "}\n"));
  };
  const Loaded snake = retries("per_try_timeout: 2s");
  REQUIRE(snake.ok());
  const auto* vs = snake.mesh.resources().front()->as<VirtualService>();
  CHECK(vs->http[0].retries->per_try_timeout == 2s);
  check_only(retries("per_try_timeout: 2s, perTryTimeout: 3s").diagnostics, "8:49", "given twice");
}

TEST_CASE("durations are sums of numbers with units") {
  struct Row {
    std::string text;
    outrider::Duration value;
  };
  const Row rows[] = {{"10s", 10s},
                      {"250ms", 250ms},
                      {"1.5s", 1500ms},
                      {"1m", 1min},
                      {"1h2m3s4ms", 1h + 2min + 3s + 4ms},
                      {"0.25s", 250ms}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Mesh mesh = mesh_of(resource(
        kVs, fmt::format("  hosts: [a]\n  http: [{{route: [{{destination: {{host: a}}}}], timeout: {}}}]\n",
                         row.text)));
    CHECK(mesh.resources().front()->as<VirtualService>()->http[0].timeout == row.value);
  }
  for (const char* wrong : {"10", "s", "-1s", "1 s", "1d", "1e3s", "''", "99999999h", "0s"}) {
    CAPTURE(wrong);
    CHECK_FALSE(load_text(resource(kVs, fmt::format("  hosts: [a]\n  http: [{{route: [{{destination: "
                                                    "{{host: a}}}}], timeout: {}}}]\n",
                                                    wrong)))
                    .ok());
  }
}

TEST_CASE("a field that is indented too far, or not far enough, is told where it belongs") {
  const auto help = [](const std::string& route) {
    const Loaded loaded = load_text(resource(kVs, "  hosts: [a]\n  http:\n  - " + route + "\n"));
    REQUIRE_FALSE(loaded.diagnostics.empty());
    return loaded.diagnostics.front().help;
  };
  CHECK(help("route: [{destination: {host: a}, timeout: 1s}]") ==
        "\"timeout\" belongs one level higher, beside \"route\"");
  CHECK(help("route: [{destination: {host: a, timeout: 1s}}]") ==
        "\"timeout\" belongs 2 levels higher, beside \"route\"");
  CHECK(help("perTryTimeout: 1s") == "\"perTryTimeout\" belongs one level deeper, into \"retries\"");
}

TEST_CASE("a list of hosts is compared without a look at each pair") {
  const auto verdict = [](const std::string& hosts) {
    const Loaded loaded = load_text(
        resource(kVs, "  hosts: [" + hosts + "]\n  http: [{route: [{destination: {host: a}}]}]\n"));
    return loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().message;
  };
  CHECK(verdict("a.com, b.com, '*.c.com', xc.com") == "");
  CHECK(verdict("a.com, b.com, a.com") == "duplicate hosts in virtual service: a.com & a.com");
  CHECK(verdict("b.a.com, '*.a.com'") == "duplicate hosts in virtual service: b.a.com & *.a.com");
  CHECK(verdict("'*.com', z.com, '*.a.com', x.y.a.com") ==
        "duplicate hosts in virtual service: *.com & z.com");
  CHECK(verdict("'*a.com', ba.com") == "duplicate hosts in virtual service: *a.com & ba.com");
}

TEST_CASE("mesh-wide times are checked as istiod checks them") {
  const auto says = [](const std::string& field) {
    const Loaded loaded = load_text("apiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: {name: a}\nspec: {" +
                                    field + "}\n");
    for (const Diagnostic& d : loaded.diagnostics) {
      if (d.code == "IST0106") return d.message;
    }
    return std::string();
  };
  CHECK(says("connectTimeout: 1h") == "");
  CHECK(says("connectTimeout: 61m") == "time must be >1ms and <1h0m0s");
  CHECK(says("protocolDetectionTimeout: 0s") == "");
  CHECK(says("protocolDetectionTimeout: 1.5ms") == "only durations to ms precision are supported");
  CHECK(says("defaultConfig: {drainDuration: 1.5s}") ==
        "drain time only supports durations to seconds precision");
}
