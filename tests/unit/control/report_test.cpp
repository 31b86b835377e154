#include "control-plane/ctl/report.hpp"

#include <doctest/doctest.h>

#include "control-plane/ctl/commands.hpp"

using namespace outrider::control;

namespace {

ChangeResult applied() {
  ChangeResult result;
  result.generation = 7;
  result.resources = {{"virtualservice.networking.istio.io/order-service", "shop", "configured"}};
  result.rollout.emplace();
  result.rollout->outcome = "applied";
  result.rollout->total = 6;
  result.rollout->applied = 6;
  result.rollout->milliseconds = 12.3;
  return result;
}

}  // namespace

TEST_CASE("a change that everyone took in is told in two lines") {
  const auto report = report_change(applied(), "10s", false);
  CHECK(report.exit_code == 0);
  CHECK(report.err.empty());
  CHECK(report.out ==
        "virtualservice.networking.istio.io/order-service configured\n"
        "generation 7: 6/6 sidecars applied in 12 ms\n");
}

TEST_CASE("sidecars that are away are named, and are no failure") {
  auto result = applied();
  result.rollout->away = {"payment.shop", "order-v2.shop"};
  const auto report = report_change(result, "10s", false);
  CHECK(report.exit_code == 0);
  CHECK(report.out.ends_with("2 away: payment.shop, order-v2.shop\n"));
}

TEST_CASE("a refusal is a failure with the sidecar, its reason and the line it is about") {
  auto result = applied();
  result.rollout->outcome = "refused";
  result.rollout->applied = 5;
  result.rollout->refusals = {
      {"order-v1.shop", "RDS", "bad regex", "vs.yaml:2 (VirtualService a/b)"}};
  const auto report = report_change(result, "10s", false);
  CHECK(report.exit_code == 1);
  CHECK(report.out.ends_with("generation 7: 5/6 sidecars applied in 12 ms\n"));
  CHECK(report.err.starts_with("error: order-v1.shop refuses generation 7 (RDS NACK): bad regex\n"
                               "  --> vs.yaml:2 (VirtualService a/b)\n"));
}

TEST_CASE("a timeout is a failure that names the silent") {
  auto result = applied();
  result.rollout->outcome = "timed-out";
  result.rollout->applied = 5;
  result.rollout->pending = {"order-v1.shop"};
  const auto report = report_change(result, "3s", false);
  CHECK(report.exit_code == 1);
  CHECK(report.err == "error: no answer within 3s from 1 sidecar: order-v1.shop\n");
}

TEST_CASE("what was refused is told with its diagnostics, coloured only when asked") {
  ChangeResult result;
  result.error = "nothing was applied";
  outrider::config::Diagnostic diagnostic;
  diagnostic.code = "IST0106";
  diagnostic.message = "unknown field \"timeuot\"";
  diagnostic.file = "vs.yaml";
  diagnostic.line = 3;
  diagnostic.column = 7;
  result.diagnostics = {diagnostic};
  const auto plain = report_change(result, "10s", false);
  CHECK(plain.exit_code == 1);
  CHECK(plain.out.empty());
  CHECK(plain.err.find("vs.yaml:3:7") != std::string::npos);
  CHECK(plain.err.ends_with("1 error\nerror: nothing was applied\n"));
  CHECK(plain.err.find('\x1b') == std::string::npos);
  CHECK(report_change(result, "10s", true).err.find('\x1b') != std::string::npos);
}

TEST_CASE("answers survive the journey as JSON, odd bytes and all") {
  auto result = applied();
  result.rollout->refusals = {{"a\xff" "b", "CDS", "quote \" and \n line", ""}};
  const auto read = parse_change_result(to_json(result));
  REQUIRE(read);
  CHECK(read->rollout->refusals[0].reason == "quote \" and \n line");
  CHECK(read->rollout->milliseconds == 12.3);
  for (const char* text : {"", "{", "[]", "null", R"({"resources": 3})", R"({"rollout": {}})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_change_result(text));
  }
}

TEST_CASE("resources come out as the YAML they were and as the JSON that means") {
  const ResourceText text{
      {"VirtualService", "shop", "a"},
      "networking.istio.io/v1",
      "vs.yaml",
      2,
      "---\n# why\nkind: VirtualService\nmetadata:\n  name: a\nspec:\n"
      "  http: [{timeout: 3s, weight: 90, on: true, tag: \"1\", x: 0.5, n: ~}]\n\n"};
  CHECK(as_yaml({text, text}).starts_with("# why\nkind: VirtualService\n"));
  CHECK(as_yaml({text, text}).find("n: ~}]\n---\n# why\n") != std::string::npos);
  const auto json = as_json({text}, false);
  REQUIRE(json);
  CHECK(json->find(R"("namespace": "shop")") != std::string::npos);
  CHECK(json->find(R"("weight": 90,)") != std::string::npos);
  CHECK(json->find(R"("on": true,)") != std::string::npos);
  CHECK(json->find(R"("tag": "1",)") != std::string::npos);
  CHECK(json->find(R"("x": 0.5,)") != std::string::npos);
  CHECK(json->find(R"("n": null)") != std::string::npos);
  CHECK(as_json({text, text}, true)->find(R"("kind": "List")") != std::string::npos);
}

TEST_CASE("proxies are a table, with refusals below it") {
  ProxyList list;
  CHECK(proxy_table(list) == "no sidecar has connected yet\n");
  ProxyInfo proxy{.name = "order-v1", .ns = "shop", .service_account = {}, .id = {},
                  .address = "127.10.0.1", .connected = true, .since = "2026-01-01T00:00:00Z",
                  .types = {{"CDS", "SYNCED", "7", ""}, {"RDS", "NACKED", "6", "bad regex"}}};
  ProxyInfo away{.name = "pay", .ns = "shop", .service_account = {}, .id = {},
                 .address = "127.10.0.2", .connected = false, .since = "2026-01-01T00:00:01Z",
                 .types = {}};
  list.proxies = {proxy, away};
  CHECK(proxy_table(list) ==
        "NAME            ADDRESS      CDS          EDS   LDS   RDS          STATUS      SINCE\n"
        "order-v1.shop   127.10.0.1   SYNCED (7)   -     -     NACKED (6)   connected   "
        "2026-01-01T00:00:00Z\n"
        "pay.shop        127.10.0.2   -            -     -     -            away        "
        "2026-01-01T00:00:01Z\n"
        "\n"
        "order-v1.shop refuses RDS: bad regex\n");
}

TEST_CASE("kinds are named as people name them") {
  for (const char* name :
       {"vs", "virtualservice", "VirtualServices", "virtualservice.networking.istio.io"}) {
    CHECK(kind_named(name) == "VirtualService");
  }
  CHECK(kind_named("authorizationpolicies") == "AuthorizationPolicy");
  CHECK(kind_named("se") == "ServiceEntry");
  CHECK(kind_named("pod").empty());
}
