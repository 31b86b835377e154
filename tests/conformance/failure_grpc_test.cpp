// Reliability 4.3: what gRPC callers are told, by HTTP statuses and by codes of RST_STREAM.

#include <fmt/format.h>

#include "proxy/policy/failure.hpp"
#include "tests/harness/access_log.hpp"

namespace outrider::scenario {
namespace {

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

}  // namespace

TEST_CASE("each HTTP status that the proxy itself answers with becomes gRPC's, trailers-only") {
  const std::pair<int, int> rows[] = {{400, 13}, {401, 16}, {403, 7}, {404, 12}, {429, 14}, {431, 13}, {502, 14},
                                      {503, 14}, {504, 14}, {500, 2}, {501, 2},  {418, 2},  {200, 2}};
  std::vector<json> routes;
  for (const auto& [http, status] : rows) {
    routes.push_back({{"match", {{"path", fmt::format("/{}", http)}}},
                      {"direct_response", {{"status", http}, {"body", {{"inline_string", "50% off"}}}}}});
  }
  const std::vector<json> resources = {outbound("outbound", virtual_host(routes))};
  Running sidecar("client", resources, nullptr);
  HttpClient client(sidecar.at("outbound"));
  RawClient h1(sidecar.at("outbound"));
  for (const auto& [http, status] : rows) {
    CAPTURE(http);
    const Seen seen = client.ask("POST", fmt::format("/{}", http), grpc, grpc_message("x"));
    CHECK(seen.status == 200);
    CHECK(seen.field("content-type") == "application/grpc");
    CHECK(seen.field("grpc-status") == std::to_string(status));
    CHECK(seen.field("grpc-message") == "50%25 off");
    CHECK(seen.body_bytes == 0);
    CHECK(seen.ended);
    const Answer answer = h1.ask("GET", fmt::format("/{}", http));
    CHECK(answer.status == http);
    CHECK(answer.body == "50% off");
  }
}

TEST_CASE("what an application answers to a gRPC call passes as it is, whatever it is") {
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); });
  HttpClient client(mesh.entry());
  const Seen http = client.ask("POST", "/status/503", grpc, grpc_message("x"));
  CHECK(http.status == 503);
  CHECK(http.field("grpc-status").empty());
  CHECK(http.body == "status 503\n");
  // grpc-status is there: it wins, and nobody writes it anew.
  const Seen both = client.ask("POST", "/status/503?grpc-status=5", grpc, grpc_message("x"));
  CHECK(both.status == 503);
  CHECK(both.field("grpc-status") == "5");
  for (int status = 1; status <= 16; ++status) {
    CAPTURE(status);
    const Seen at_once = client.ask("POST", fmt::format("/shop.S/Fail/{}", status), grpc, grpc_message("x"));
    CHECK(at_once.field("grpc-status") == std::to_string(status));
    CHECK(at_once.body_bytes == 0);
    const Seen late = client.ask("POST", fmt::format("/shop.S/FailLate/{}", status), grpc, grpc_message("x"));
    CHECK(late.trailer("grpc-status") == std::to_string(status));
    CHECK(late.body_bytes == 6);
  }
}

TEST_CASE("each code of an RST_STREAM before the head becomes gRPC's, and a 503 for others") {
  // By number, as RFC 9113 section 7 has them; gRPC's document gives none for STREAM_CLOSED and
  // HTTP_1_1_REQUIRED: UNKNOWN.
  constexpr int by_code[] = {13, 13, 13, 13, 13, 2, 13, 14, 1, 13, 13, 8, 7, 2};
  App app;
  Single mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); },
              [](proxy::Options& options) { options.workers = 1; });
  HttpClient client(mesh.entry());
  RawClient h1(mesh.entry());
  for (std::size_t code = 0; code < std::size(by_code); ++code) {
    CAPTURE(code);
    const Seen seen = client.ask("POST", fmt::format("/reset/{}", code), grpc, grpc_message("x"));
    CHECK(seen.ended);
    CHECK(seen.status == 200);
    CHECK(seen.field("grpc-status") == std::to_string(by_code[code]));
    CHECK(h1.ask("POST", fmt::format("/reset/{}", code), {}, "x").status == 503);
  }
  CHECK(app.requests == 2 * std::size(by_code));
  CHECK(app.connections == 1);  // a stream's end is not its connection's
}

TEST_CASE("a gRPC answer that breaks off behind its head is reset with INTERNAL_ERROR, never ended") {
  for (const char* path : {"/break/body", "/reset/body"}) {
    CAPTURE(path);
    App app;
    Single mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); });
    HttpClient client(mesh.entry());
    const Seen seen = client.ask("POST", path, grpc, grpc_message("x"));
    CHECK(seen.status == 200);
    CHECK(seen.reset);
    CHECK(seen.code == protocol::ErrorCode::InternalError);
    CHECK_FALSE(seen.ended);
  }
}

TEST_CASE("gRPC over HTTP/1.1 is refused in words: it could not carry its status") {
  AccessLog log;
  App app;
  Single mesh({app.address()}, {}, log.on());
  const Answer answer = RawClient(mesh.entry()).ask("POST", "/shop.S/Unary", "Content-Type: application/grpc\r\n",
                                                    grpc_message("x"));
  CHECK(answer.status == 415);
  CHECK(answer.body.find("HTTP/2") != std::string::npos);
  CHECK(app.requests == 0);
  CHECK(log.line().details == "grpc_over_http1");
  CHECK(log.line().flags == "-");
  CHECK(RawClient(mesh.entry()).ask("POST", "/echo", "Content-Type: application/grpc-web\r\n", "x").status == 200);
}

}  // namespace outrider::scenario
