#include "proxy/policy/authorize.hpp"

#include <doctest/doctest.h>

#include "proxy/snapshot/compiling.hpp"
#include "tests/unit/proxy/requests.hpp"
#include "tests/unit/proxy/resources.hpp"

namespace outrider::proxy {
namespace {

using testing::request;

RbacRuleSet rules(const std::string& text) {
  const auto source = testing::parsed<envoy::config::rbac::v3::RBAC>(text);
  std::vector<CompileError> errors;
  std::vector<std::string> ignored;
  compiling::Report report(errors, ignored, "x", "y");
  auto set = compiling::rbac(source, "rules", report);
  REQUIRE_MESSAGE(errors.empty(), describe(errors));
  REQUIRE(set);
  return std::move(*set);
}

std::string method(const std::string& name) {
  return "header { name: ':method' string_match { exact: '" + name + "' } }";
}

// The seed's authorization policy, as Istio would write it for Envoy.
RbacRuleSet seed() {
  const auto principal = [](const std::string& sa) {
    return "ids { authenticated { principal_name { exact: 'spiffe://cluster.local/ns/ecommerce/sa/" + sa + "' } } } ";
  };
  return rules(
      "action: ALLOW "
      "policies { key: 'ns[ecommerce]-policy[order-service-policy]-rule[0]' value { "
      "  permissions { and_rules { rules { or_rules { rules { " + method("GET") + " } rules { " + method("POST") + " } } } "
      "    rules { or_rules { rules { url_path { path { prefix: '/api/v1/orders/' } } } } } } } "
      "  principals { and_ids { ids { or_ids { " + principal("api-gateway") + principal("payment-service") + " } } } } } } "
      "policies { key: 'ns[ecommerce]-policy[order-service-policy]-rule[1]' value { "
      "  permissions { and_rules { rules { or_rules { rules { " + method("PUT") + " } } } "
      "    rules { or_rules { rules { uri_template { name: 't' typed_config { "
      "[type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig] { "
      "path_template: '/api/v1/orders/*/inventory' } } } } } } } } "
      "  principals { and_ids { ids { or_ids { " + principal("inventory-service") + " } } } } } }");
}

struct Call {
  const char* method;
  const char* path;
  std::string principal;
  std::uint16_t port = 8080;
};

Decision decide(const std::vector<RbacRuleSet>& sets, const Call& call, testing::Fields fields = {}) {
  const auto head = request(call.method, call.path, "order", fields);
  const Caller caller{call.principal, *IpAddress::parse("127.10.0.3"), *IpAddress::parse("127.10.0.2"), call.port, {}};
  return authorize({sets, caller}, {*head, caller});
}

std::string sa(const std::string& name) { return "spiffe://cluster.local/ns/ecommerce/sa/" + name; }

TEST_CASE("the seed's policy means what its author meant") {
  const std::vector<RbacRuleSet> sets = {seed()};
  struct Row {
    Call call;
    bool allowed;
  };
  const Row rows[] = {
      {{"GET", "/api/v1/orders/1", sa("api-gateway")}, true},
      {{"GET", "/api/v1/orders/1?x=y", sa("payment-service")}, true},
      {{"POST", "/api/v1/orders/", sa("api-gateway")}, true},
      {{"POST", "/api/v1/orders", sa("api-gateway")}, false},
      {{"DELETE", "/api/v1/orders/1", sa("api-gateway")}, false},
      {{"PUT", "/api/v1/orders/1/inventory", sa("inventory-service")}, true},
      {{"PUT", "/api/v1/orders/1/2/inventory", sa("inventory-service")}, false},
      {{"PUT", "/api/v1/orders/1/inventory", sa("api-gateway")}, false},
      {{"GET", "/api/v1/orders/1", sa("inventory-service")}, false},
      {{"GET", "/api/v1/orders/1", sa("api-gateway2")}, false},
      {{"GET", "/api/v1/orders/1", sa("api-gateway/")}, false},
      {{"GET", "/api/v1/orders/1", "spiffe://other/ns/ecommerce/sa/api-gateway"}, false},
      {{"GET", "/api/v1/orders/1", ""}, false},
      {{"get", "/api/v1/orders/1", sa("api-gateway")}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.call.method);
    CAPTURE(row.call.path);
    CAPTURE(row.call.principal);
    CHECK(decide(sets, row.call).allowed == row.allowed);
  }
}

TEST_CASE("no policy allows everything, an empty one that allows denies everything") {
  CHECK(decide({}, {"GET", "/", ""}).allowed);
  CHECK_FALSE(decide({rules("action: ALLOW")}, {"GET", "/", sa("x")}).allowed);
  CHECK(decide({rules("action: DENY")}, {"GET", "/", ""}).allowed);
}

TEST_CASE("a denial wins over an allowance") {
  const std::vector<RbacRuleSet> sets = {
      rules("action: DENY policies { key: 'no-admin' value { permissions { url_path { path { prefix: '/admin' } } } principals { any: true } } }"),
      rules("action: ALLOW policies { key: 'all' value { permissions { any: true } principals { any: true } } }")};
  CHECK(decide(sets, {"GET", "/x", ""}).allowed);
  const Decision denied = decide(sets, {"GET", "/admin/x", ""});
  CHECK_FALSE(denied.allowed);
  REQUIRE(denied.policy);
  CHECK(denial_details(denied) == "rbac_access_denied_matched_policy[no-admin]");
  CHECK(denial_details(decide({rules("action: ALLOW")}, {"GET", "/", ""})) == "rbac_access_denied_matched_policy[none]");
  CHECK(decide(sets, {"GET", "/x", ""}).policy->name == "all");
}

bool allowed_by(const std::string& permission, const std::string& principal, const Call& call,
                testing::Fields fields = {}) {
  return decide({rules("action: ALLOW policies { key: 'p' value { permissions { " + permission +
                       " } principals { " + principal + " } } }")}, call, fields).allowed;
}

TEST_CASE("every kind of condition decides") {
  struct Row {
    const char* permission;
    const char* principal;
    Call call;
    bool allowed;
  };
  const std::string shop = "spiffe://td/ns/shop/sa/a";
  const Row rows[] = {
      {"destination_port: 8080", "any: true", {"GET", "/", "", 8080}, true},
      {"destination_port: 8080", "any: true", {"GET", "/", "", 8081}, false},
      {"destination_port_range { start: 80 end: 90 }", "any: true", {"GET", "/", "", 89}, true},
      {"destination_port_range { start: 80 end: 90 }", "any: true", {"GET", "/", "", 90}, false},
      {"destination_ip { address_prefix: '127.10.0.0' prefix_len { value: 24 } }", "any: true", {"GET", "/", ""}, true},
      {"destination_ip { address_prefix: '127.11.0.0' prefix_len { value: 24 } }", "any: true", {"GET", "/", ""}, false},
      {"not_rule { destination_port: 1 }", "any: true", {"GET", "/", ""}, true},
      {"any: true", "direct_remote_ip { address_prefix: '127.10.0.3' prefix_len { value: 32 } }", {"GET", "/", ""}, true},
      {"any: true", "remote_ip { address_prefix: '127.10.0.4' prefix_len { value: 31 } }", {"GET", "/", ""}, false},
      {"any: true", "authenticated {}", {"GET", "/", shop}, true},
      {"any: true", "authenticated {}", {"GET", "/", ""}, false},
      {"any: true", "not_id { authenticated {} }", {"GET", "/", ""}, true},
      {"any: true", "authenticated { principal_name { safe_regex { regex: '.*/ns/shop/.*' } } }", {"GET", "/", shop}, true},
      {"any: true", "authenticated { principal_name { safe_regex { regex: '.*/ns/sho/.*' } } }", {"GET", "/", shop}, false},
      // Without an identity nothing matches, and `not` of it does (ISTIO-SECURITY-2021-004).
      {"any: true", "authenticated { principal_name { safe_regex { regex: '.*' } } }", {"GET", "/", ""}, false},
      {"any: true", "not_id { authenticated { principal_name { exact: 'x' } } }", {"GET", "/", ""}, true},
      {"any: true", "and_ids { ids { any: true } ids { authenticated {} } }", {"GET", "/", ""}, false},
      {"any: true", "or_ids { ids { authenticated {} } ids { any: true } }", {"GET", "/", ""}, true},
      {"requested_server_name { exact: '' }", "any: true", {"GET", "/", ""}, true},
      {"requested_server_name { exact: 'a' }", "any: true", {"GET", "/", ""}, false},
      {"url_path { path { exact: '/a' } }", "any: true", {"GET", "/a?b", ""}, true},
      {"header { name: ':authority' string_match { exact: 'ORDER' ignore_case: true } }", "any: true", {"GET", "/", ""}, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.permission);
    CAPTURE(row.principal);
    CHECK(allowed_by(row.permission, row.principal, row.call) == row.allowed);
  }
}

TEST_CASE("rules made for a caller judge each of its requests, where negations and alternatives mix both") {
  const std::string a = "authenticated { principal_name { exact: 'spiffe://td/ns/shop/sa/a' } }";
  const std::string get = method("GET");
  struct Row {
    std::string principals;
    bool a_gets, a_posts, b_gets, b_posts;
  };
  const Row rows[] = {
      {a, true, true, false, false},
      {"not_id { " + a + " }", false, false, true, true},
      {get, true, false, true, false},
      {"not_id { " + get + " }", false, true, false, true},
      {"and_ids { ids { " + a + " } ids { " + get + " } }", true, false, false, false},
      {"or_ids { ids { " + a + " } ids { " + get + " } }", true, true, true, false},
      {"not_id { and_ids { ids { " + a + " } ids { " + get + " } } }", false, true, true, true},
      {"not_id { or_ids { ids { " + a + " } ids { " + get + " } } }", false, false, false, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.principals);
    const std::vector<RbacRuleSet> sets = {
        rules("action: ALLOW policies { key: 'p' value { permissions { any: true } principals { " + row.principals + " } } }")};
    const auto get_it = request("GET", "/", "order"), post_it = request("POST", "/", "order");
    const Caller caller_a{"spiffe://td/ns/shop/sa/a", {}, {}, 80, {}}, caller_b{"spiffe://td/ns/shop/sa/b", {}, {}, 80, {}};
    const CallerRules rules_a(sets, caller_a), rules_b(sets, caller_b);
    CHECK(authorize(rules_a, {*get_it, caller_a}).allowed == row.a_gets);
    CHECK(authorize(rules_a, {*post_it, caller_a}).allowed == row.a_posts);
    CHECK(authorize(rules_b, {*get_it, caller_b}).allowed == row.b_gets);
    CHECK(authorize(rules_b, {*post_it, caller_b}).allowed == row.b_posts);
  }
}

TEST_CASE("a repeated header cannot hide a value from a denial, nor make one for an allowance") {
  const Call call{"GET", "/", ""};
  const std::string admin = "header { name: 'role' string_match { exact: 'admin' } }";
  const testing::Fields both = {{"role", "user"}, {"role", "admin"}};
  const auto denied = [&](const std::string& permission) {
    return !decide({rules("action: DENY policies { key: 'p' value { permissions { " + permission +
                          " } principals { any: true } } }")}, call, both).allowed;
  };
  CHECK(denied(admin));
  CHECK_FALSE(allowed_by(admin, "any: true", call, both));
  // notValues: "not admin" must not be allowed when one of the values is admin.
  CHECK_FALSE(allowed_by("not_rule { " + admin + " }", "any: true", call, both));
  CHECK(denied("not_rule { " + admin + " }"));
}

TEST_CASE("a denial says who, what, and which rule came nearest") {
  const std::vector<RbacRuleSet> sets = {seed()};
  const auto explain = [&](const Call& call) {
    const auto head = request(call.method, call.path);
    const AuthorizationInput input{*head, {call.principal, {}, {}, call.port, {}}};
    return explain_denial(sets, input, authorize({sets, input.caller}, input));
  };
  const std::string wrong_method = explain({"GET", "/api/v1/orders/1", sa("inventory-service")});
  CHECK(wrong_method == "GET /api/v1/orders/1 of spiffe://cluster.local/ns/ecommerce/sa/inventory-service on port 8080 is "
                        "allowed by none of 2 rules; nearest is ns[ecommerce]-policy[order-service-policy]-rule[1]: the "
                        "identity matches, but its method wants PUT, its path wants /api/v1/orders/*/inventory");
  const std::string wrong_path = explain({"PUT", "/api/v1/orders/1", sa("inventory-service")});
  CHECK(wrong_path.ends_with("rule[1]: the identity matches, but its path wants /api/v1/orders/*/inventory"));
  const std::string stranger = explain({"GET", "/api/v1/orders/1", ""});
  CHECK(stranger.find("a caller without identity") != std::string::npos);
  CHECK(stranger.find("the operation matches, but it is for spiffe://cluster.local/ns/ecommerce/sa/api-gateway or") != std::string::npos);
  CHECK(explain({"DELETE", "/x", ""}).find("none is for this identity or this operation") != std::string::npos);
}

TEST_CASE("a denial by a policy names it, and one that allows nothing says so") {
  const auto head = request("GET", "/");
  const AuthorizationInput input{*head, {"", {}, {}, 80, {}}};
  const std::vector<RbacRuleSet> deny = {rules("action: DENY policies { key: 'p' value { permissions { any: true } principals { any: true } } }")};
  CHECK(explain_denial(deny, input, authorize({deny, input.caller}, input)).ends_with("is denied by p"));
  const std::vector<RbacRuleSet> nothing = {rules("action: ALLOW")};
  CHECK(explain_denial(nothing, input, authorize({nothing, input.caller}, input)).ends_with("the policy allows nothing"));
  std::vector<RbacRuleSet> empty = {rules("action: ALLOW policies { key: 'p' value { permissions { any: true } "
                                          "principals { not_id { any: true } } } }")};
  empty[0].policies[0].source = "deny-all.yaml:1";
  CHECK(explain_denial(empty, input, authorize({empty, input.caller}, input)).ends_with("p (deny-all.yaml:1) allows nothing"));
}

}  // namespace
}  // namespace outrider::proxy
