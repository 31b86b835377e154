// What callers say about themselves, in headers (reliability 2.5).

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "tests/conformance/refusals.hpp"

namespace outrider::scenario {
namespace {

// The value of a header in what /headers answers; several are joined by " | ".
std::string told(const std::string& text, const std::string& name) {
  std::string all;
  for (std::size_t at = 0; (at = text.find("\n" + name + ": ", at)) != std::string::npos;) {
    const std::size_t begin = at + name.size() + 3;
    at = text.find('\n', begin);
    if (!all.empty()) all += " | ";
    all += text.substr(begin, at - begin);
  }
  return all;
}

json header_policy(const std::string& name, const std::string& value) {
  json policy, match;
  match["name"] = name;
  match["string_match"]["exact"] = value;
  policy["permissions"] = json::array({json::object({{"header", match}})});
  policy["principals"] = json::array({json::object({{"any", true}})});
  return policy;
}

json rules(const std::string& action, const json& policy) {
  json made;
  made["action"] = action;
  made["policies"]["p"] = policy;
  return made;
}

}  // namespace

TEST_CASE(
    "HD-01: x-forwarded-client-cert of a caller is never believed: not in any case, twice, or as a trailer") {
  Pair pair({.mode = Mtls::Permissive});
  const std::string forged =
      "By=spiffe://cluster.local/ns/shop/sa/server;URI=spiffe://cluster.local/ns/shop/sa/admin";
  const std::string spellings[] = {
      "X-Forwarded-Client-Cert: " + forged + "\r\n",
      "x-forwarded-client-cert: " + forged + "\r\n",
      "X-FORWARDED-CLIENT-CERT: " + forged + "\r\nX-Forwarded-Client-Cert: " + forged + "\r\n",
      "X_Forwarded_Client_Cert: " + forged + "\r\n",
      "X-Forwarded_Client-Cert: " + forged + "\r\n",
      "Connection: x-forwarded-client-cert\r\nX-Forwarded-Client-Cert: " + forged + "\r\n",
      "X-Forwarded-Client-Cert: URI=\"spiffe://a;URI=spiffe://b\",URI=x\r\n",
  };
  for (const std::string& spelling : spellings) {
    CAPTURE(spelling);
    const std::string meshed = RawClient(pair.entry()).ask("GET", "/headers", spelling).body;
    CHECK(told(meshed, "x-forwarded-client-cert").find("URI=" + identity("client")) != std::string::npos);
    CHECK(told(meshed, "x-forwarded-client-cert").find(" | ") == std::string::npos);
    const std::string outside = RawClient(pair.server.at("inbound")).ask("GET", "/headers", spelling).body;
    CHECK(told(outside, "x-forwarded-client-cert").empty());
    for (const std::string& text : {meshed, outside}) {
      CHECK(text.find("sa/admin") == std::string::npos);
      CHECK(text.find("x_forwarded") == std::string::npos);
      CHECK(text.find("x-forwarded_") == std::string::npos);
    }
  }
  const Answer echoed =
      RawClient(pair.entry())
          .ask_chunked("/echo", "abc", 3, {}, "X-Forwarded-Client-Cert: " + forged + "\r\nX-Sum: 1\r\n");
  CHECK(echoed.trailers.contains("x-sum"));
  CHECK_FALSE(echoed.trailers.contains("x-forwarded-client-cert"));
}

TEST_CASE("HD-02: nobody steers a sidecar from outside: Envoy's headers are gone, and have no effect") {
  Pair pair({.mode = Mtls::Permissive});
  const char* names[] = {"x-envoy-max-retries",
                         "x-envoy-retry-on",
                         "x-envoy-retry-grpc-on",
                         "x-envoy-upstream-rq-timeout-ms",
                         "x-envoy-upstream-rq-per-try-timeout-ms",
                         "x-envoy-upstream-rq-timeout-alt-response",
                         "x-envoy-upstream-alt-stat-name",
                         "x-envoy-decorator-operation",
                         "x-envoy-downstream-service-cluster",
                         "x-envoy-downstream-service-node",
                         "x-envoy-external-address",
                         "x-envoy-force-trace",
                         "x-envoy-internal",
                         "x-envoy-ip-tags",
                         "x-envoy-original-path",
                         "x-envoy-hedge-on-per-try-timeout",
                         "x-envoy-peer-metadata",
                         "x-envoy-peer-metadata-id",
                         "x-forwarded-client-cert",
                         "x-envoy-expected-rq-timeout-ms",
                         "x_envoy_internal",
                         "x-envoy_retry-on"};
  for (const SocketAddress& port : {pair.entry(), pair.server.at("inbound")}) {
    for (const char* name : names) {
      CAPTURE(name);
      const std::string seen =
          RawClient(port).ask("GET", "/headers", fmt::format("{}: 1000000000\r\n", name)).body;
      CHECK(seen.find("1000000000") == std::string::npos);
    }
    pair.app.fail_next(1);
    RawClient client(port);
    CHECK(client
              .ask("GET", "/bytes/1",
                   "x-envoy-retry-on: 5xx\r\nx-envoy-max-retries: 1000000000\r\n"
                   "x-envoy-upstream-rq-timeout-ms: 0\r\n")
              .status == 503);
    CHECK(client.ask("GET", "/bytes/1", "x-envoy-upstream-rq-timeout-ms: 1\r\n").status == 200);
  }
}

TEST_CASE("HD-03: Connection takes away what is for one hop, and nothing that the mesh relies on") {
  App app;
  Single mesh({app.address()});
  const std::string seen =
      RawClient(mesh.entry())
          .ask("GET", "/headers",
               "Connection: close, x-forwarded-for, authorization, cookie, x-request-id, x-forwarded-proto, "
               "x-mine, upgrade\r\n"
               "Connection: X-Forwarded-Host, x-envoy-attempt-count, content-type, proxy-connection\r\n"
               "X-Forwarded-For: 10.0.0.1\r\nAuthorization: me\r\nCookie: a=b\r\nX-Request-Id: id\r\nX-Mine: "
               "1\r\n"
               "X-Forwarded-Host: h\r\nContent-Type: text/x\r\nProxy-Connection: keep-alive\r\nKeep-Alive: "
               "5\r\n")
          .body;
  CHECK(told(seen, "x-forwarded-for") == "10.0.0.1");
  CHECK(told(seen, "authorization") == "me");
  CHECK(told(seen, "cookie") == "a=b");
  CHECK(told(seen, "x-request-id") == "id");
  CHECK(told(seen, "x-forwarded-host") == "h");
  CHECK(told(seen, "x-envoy-attempt-count") == "1");
  CHECK(told(seen, "content-type") == "text/x");
  for (const char* gone : {"x-mine", "connection", "proxy-connection", "keep-alive", "upgrade"}) {
    CAPTURE(gone);
    CHECK(told(seen, gone).empty());
  }
}

TEST_CASE(
    "HD-04: an underscore makes no second spelling of what the proxy answers for; other names keep theirs") {
  App app;
  Single mesh({app.address()});
  for (const char* name : {"x_forwarded_for", "X-Forwarded_For", "x_request_id", "authorization_"}) {
    CAPTURE(name);
    const std::string seen =
        RawClient(mesh.entry()).ask("GET", "/headers", fmt::format("{}: forged\r\n", name)).body;
    CHECK((seen.find("forged") == std::string::npos) == (std::string(name) != "authorization_"));
  }
  CHECK(told(RawClient(mesh.entry()).ask("GET", "/headers", "my_header: 1\r\n").body, "my_header") == "1");
}

TEST_CASE(
    "HD-05: a header that a policy names may be repeated: DENY sees each value, ALLOW all of them together") {
  struct Row {
    std::string fields;
    int deny, allow;
  };  // under DENY role=admin, and under ALLOW role=user
  std::string many;
  for (int i = 0; i < 60; ++i) many += "role: user\r\n";
  const Row rows[] = {
      {"", 200, 403},
      {"role: user\r\n", 200, 200},
      {"role: admin\r\n", 403, 403},
      {"role: user\r\nrole: admin\r\n", 403, 403},
      {"role: admin\r\nrole: user\r\n", 403, 403},
      {"Role: user\r\nROLE: admin\r\n", 403, 403},
      {"role: user,admin\r\n", 200, 403},
      {"role:\r\n", 200, 403},
      {"role: user\r\nrole:\r\n", 200, 403},
      {"role:\r\nrole: admin\r\n", 403, 403},
      {many + "role: admin\r\n", 403, 403},
      {many, 200, 403},
      {"role: Admin\r\n", 200, 403},
      {"x: y\r\nrole: user\r\nx: z\r\n", 200, 200},
  };
  for (const std::string action : {"DENY", "ALLOW"}) {
    Pair pair({.server = [&](std::vector<json>& resources) {
      add_rbac(resources[0], rules(action, header_policy("role", action == "DENY" ? "admin" : "user")));
    }});
    for (const Row& row : rows) {
      CAPTURE(action);
      CAPTURE(row.fields);
      const int before = pair.app.requests;
      const int expected = action == "DENY" ? row.deny : row.allow;
      CHECK(RawClient(pair.entry()).ask("GET", "/bytes/1", row.fields).status == expected);
      CHECK(pair.app.requests == before + (expected == 200 ? 1 : 0));
    }
  }
}

TEST_CASE("HD-06: x-forwarded-for of any kind is text: it passes as it came, and only so much of it") {
  Pair pair;
  std::string hops = "1.2.3.4";
  for (int i = 1; i < 1000; ++i) hops += fmt::format(", 10.0.{}.{}", i / 256, i % 256);
  for (const std::string& value :
       {hops, std::string("unknown"), std::string("fe80::1%eth0"), std::string("1.2.3.4:80, [::1]:443"),
        std::string(",,,"), std::string("999.1.1.1"), std::string("\xff\xfe")}) {
    CAPTURE(value.substr(0, 40));
    CHECK(told(RawClient(pair.entry()).ask("GET", "/headers", "X-Forwarded-For: " + value + "\r\n").body,
               "x-forwarded-for") == value);
  }
  CHECK(RawClient(pair.entry())
            .ask("GET", "/headers", "X-Forwarded-For: " + std::string(70'000, '1') + "\r\n")
            .status == 431);
}

TEST_CASE("HD-07: a host has one spelling before it is routed and authorized (CVE-2021-39155)") {
  App app;
  Single mesh({app.address()}, {}, {});
  json host = virtual_host({route("app")});
  host["domains"] = {"foo.com", "foo.com:80", "foo.com:443"};
  mesh.resources[0] = outbound("outbound", host);
  add_rbac(mesh.resources[0], rules("DENY", header_policy(":authority", "foo.com")));
  Single denied({app.address()});
  Running sidecar("client", {mesh.resources[0], mesh.resources[1]}, nullptr);
  for (const char* name : {"foo.com", "Foo.COM", "foo.com.", "FOO.COM."}) {
    CAPTURE(name);
    RawClient client(sidecar.at("outbound"));
    client.host = name;
    CHECK(client.ask("GET", "/bytes/1").status == 403);
  }
  for (const char* name : {"foo.com:80", "foo.com.:80", "FOO.com:0080", "foo.com:443"}) {
    CAPTURE(name);
    RawClient client(sidecar.at("outbound"));
    client.host = name;
    const Answer answer = client.ask("GET", "/headers");
    CHECK(answer.status == 200);
    CHECK(answer.body.find(std::string(" foo.com:") +
                           (std::string_view(name).ends_with("443") ? "443" : "80") + "\n") !=
          std::string::npos);
  }
  for (const char* name : {"foo.com..", "foo.com%00", "foo.com:0", "[::1]", "f\xc3\xb6o.com"}) {
    CAPTURE(name);
    RawClient client(sidecar.at("outbound"));
    client.host = name;
    const Answer answer = client.ask("GET", "/bytes/1");
    CHECK(answer.status >= 400);
    CHECK(answer.status <= 404);
  }
}

TEST_CASE(
    "HD-08: grpc-timeout is up to eight digits and a unit, never longer than the route's, and never "
    "overflows") {
  struct Row {
    const char* value;
    bool good;
  };
  const Row rows[] = {{"1S", true},          {"99999999H", true}, {"0n", true},
                      {"00000001M", true},   {"5m", true},        {"7u", true},
                      {"100000000S", false}, {"1", false},        {"-1S", false},
                      {"1s", false},         {"1.5S", false},     {"1S1S", false},
                      {"", false},           {"S", false},        {"1S 2S", false},
                      {"1 S", false},        {"0x1S", false},     {"99999999999999999999n", false}};
  App app;
  Single mesh({app.address()}, [](json&, json& route) {
    route["route"]["max_stream_duration"]["grpc_timeout_header_max"] = "0s";
  });
  HttpClient client(mesh.entry());
  for (const Row& row : rows) {
    CAPTURE(row.value);
    const int before = app.requests;
    const Seen seen =
        client.ask("POST", "/shop.S/Do",
                   {{"content-type", "application/grpc"}, {"te", "trailers"}, {"grpc-timeout", row.value}},
                   grpc_message("x"));
    CHECK(seen.status == 200);
    if (row.good) {
      CHECK(seen.field("grpc-status") != "13");
    } else {
      CHECK(seen.field("grpc-status") == "13");
      CHECK(app.requests == before);
    }
  }
  const Seen twice =
      client.ask("POST", "/shop.S/Do",
                 {{"content-type", "application/grpc"}, {"grpc-timeout", "1S"}, {"grpc-timeout", "1S"}},
                 grpc_message("x"));
  CHECK(twice.field("grpc-status") == "13");
}

TEST_CASE("HD-09: grpc-status and grpc-message pass as the server wrote them, however wrong they are") {
  for (const char* trailers :
       {"grpc-status: abc\r\n", "grpc-status: 99\r\n", "grpc-status: -1\r\n",
        "grpc-status: 0\r\ngrpc-status: 13\r\n", "grpc-status: 5\r\ngrpc-message: 100%\r\n",
        "grpc-status: 2\r\ngrpc-message: %zz%\r\n", "grpc-status: 99999999999999999999\r\n",
        "grpc-status:\r\n"}) {
    CAPTURE(trailers);
    RawServer server(answering([&](const RawRequest&) {
      return std::string(
                 "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n0\r\n") +
             trailers + "\r\n";
    }));
    Single mesh({server.address()});
    HttpClient client(mesh.entry());
    const Seen seen = client.ask(
        "POST", "/shop.S/Do", {{"content-type", "application/grpc"}, {"te", "trailers"}}, grpc_message("x"));
    CHECK(seen.status == 200);
    CHECK(seen.ended);
    std::string passed;
    for (const auto& [name, value] : seen.trailers)
      passed += name + ":" + (value.empty() ? "" : " ") + value + "\r\n";
    CHECK(passed == trailers);
    CHECK(mesh.sidecar.counts(1, "istio_requests_total", {"request_protocol=\"grpc\""}));
  }
}

TEST_CASE(
    "HD-10: an x-request-id that is too long or unprintable is made anew; traces are passed on untouched") {
  App app;
  Single mesh({app.address()});
  for (const std::string& bad :
       {std::string(129, 'a'), std::string("a b"), std::string("a\xff"), std::string()}) {
    const std::string seen = told(
        RawClient(mesh.entry()).ask("GET", "/headers", "X-Request-Id: " + bad + "\r\n").body, "x-request-id");
    CHECK(seen.size() == 36);
    CHECK(seen != bad);
  }
  const std::string seen =
      RawClient(mesh.entry()).ask("GET", "/headers", "traceparent: 00-zz-yy-01\r\nb3: x\r\n").body;
  CHECK(told(seen, "traceparent") == "00-zz-yy-01");
  CHECK(told(seen, "b3") == "x");
  CHECK(RawClient(mesh.entry())
            .ask("GET", "/headers", "traceparent: " + std::string(65'536, '0') + "\r\n")
            .status == 431);
}

TEST_CASE("HD-11: bodies are not decompressed, whatever they say of themselves") {
  App app;
  Single mesh({app.address()});
  const Answer answer =
      RawClient(mesh.entry())
          .ask("POST", "/echo", "Content-Encoding: gzip\r\nContent-Type: \x1f\r\n", "\x1f\x8b not gzip");
  CHECK(answer.status == 400);  // the control byte
  CHECK(RawClient(mesh.entry())
            .ask("POST", "/echo", "Content-Encoding: gzip, zstd, br\r\nAccept-Encoding: gzip;q=9, *\r\n",
                 "\x1f\x8b not gzip")
            .body == "\x1f\x8b not gzip");
}

TEST_CASE(
    "HD-12: what a caller writes stays one line of the access log, and no label of a metric "
    "(CVE-2026-73546)") {
  Folder folder;
  const std::string log = folder.path() / "access.log";
  const int callers = amount(50, 2000);
  {
    App app;
    Single mesh({app.address()}, {}, [&](proxy::Options& options) { options.access_log = log; });
    RawClient client(mesh.entry());
    std::size_t lines_before = 0;
    for (int i = 0; i < callers; ++i) {
      const Answer answer = client.ask(
          "GET", fmt::format("/bytes/1?{}=<script>alert('{}')</script>\"\\", i, i),
          fmt::format("User-Agent: <b>\"{}\"\\x\xe2\x80\xa8\r\nX-Request-Id: \"{}\r\nHost-Like: {}\r\n", i, i,
                      i));
      REQUIRE(answer.status == 200);
      if (i > 0) continue;
      REQUIRE(mesh.sidecar.counts(1, "istio_requests_total"));
      lines_before = static_cast<std::size_t>(std::ranges::count(mesh.sidecar.metrics(), '\n'));
    }
    REQUIRE(mesh.sidecar.counts(callers, "istio_requests_total"));
    const std::string metrics = mesh.sidecar.metrics();
    CHECK(metrics.find("script") == std::string::npos);
    CHECK(static_cast<std::size_t>(std::ranges::count(metrics, '\n')) == lines_before);
    for (const char* page : {"/stats", "/clusters", "/config_dump", "/listeners"}) {
      CHECK(mesh.sidecar.admin(page).body.find("<script>") == std::string::npos);
    }
  }
  std::ifstream file(log);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    CHECK(line.starts_with("[20"));
    for (const char c : line) CHECK((c >= 0x20 && c < 0x7f));
    CHECK(std::ranges::count(line, '"') % 2 == 0);
  }
  CHECK(lines == callers);
}

}  // namespace outrider::scenario
