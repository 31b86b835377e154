// Reliability 4.5: every response flag that can be produced, with its status, its details, what a
// gRPC caller gets, and what the application saw.

#include <fmt/format.h>

#include "proxy/policy/failure.hpp"
#include "tests/harness/access_log.hpp"

namespace outrider::scenario {
namespace {

using std::chrono::seconds;

const Fields grpc = {{"content-type", "application/grpc"}, {"te", "trailers"}};

// A listener that takes connections and says nothing on them.
class Silent {
 public:
  Silent() {
    thread_.run([this] {
      listener_ = std::move(*net::Listener::listen(thread_.loop(), {"127.0.0.1", 0}, [this](int socket) {
        sockets_.push_back(socket);
        ++connections;
      }));
    });
  }
  ~Silent() {
    thread_.run([this] { listener_.reset(); });
    for (int socket : sockets_) ::close(socket);
  }
  [[nodiscard]] SocketAddress address() const { return listener_->address(); }
  std::atomic<int> connections{0};

 private:
  std::vector<int> sockets_;
  std::unique_ptr<net::Listener> listener_;
  LoopThread thread_;
};

struct Row {
  const char* flags;
  int status;       // for a caller that is not gRPC
  int grpc_status;  // for one that is
  const char* details;
  std::function<void(json& cluster, json& route)> change;
  const char* path = "/bytes/1";
  int tries = 0;    // that the application sees, of each request
  bool http2_app = true;
};

void without_endpoints(json& cluster, json&) {
  cluster["load_assignment"]["endpoints"] = json::array();
}

void dead(json& cluster, json&) {
  cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["port_value"] =
      nobody().port;
}

void limited(json& cluster, const json& threshold) {
  cluster["circuit_breakers"] = {{"thresholds", {threshold}}};
}

const std::string before_head = "upstream_reset_before_response_started";

}  // namespace

TEST_CASE("each flag goes with its status, its details and its gRPC status, over HTTP/1.1 and gRPC") {
  const auto nothing = [](json&, json&) {};
  const auto once_more = [](json&, json& route) { route["route"]["retry_policy"] = retry("5xx,unavailable", 1); };
  const Row rows[] = {
      {"UH", 503, 14, "no_healthy_upstream", without_endpoints},
      {"UF", 503, 14, "upstream_reset_before_response_started{remote_connection_failure}", dead},
      {"UF,URX", 503, 14, "upstream_reset_before_response_started{remote_connection_failure}",
       [&](json& cluster, json& route) {
         dead(cluster, route);
         once_more(cluster, route);
       }},
      {"UO", 503, 14, "upstream_reset_before_response_started{overflow}",
       [](json& cluster, json&) { limited(cluster, {{"max_requests", 0}}); }},
      {"UO", 503, 14, "upstream_reset_before_response_started{overflow}",
       [](json& cluster, json&) { limited(cluster, {{"max_pending_requests", 0}}); }},
      {"NR", 404, 12, "route_not_found", [](json&, json& route) { route["match"]["prefix"] = "/other"; }},
      {"NC", 503, 14, "cluster_not_found", [](json&, json& route) { route["route"]["cluster"] = "gone"; }},
      {"UR", 503, 13, "upstream_reset_before_response_started{remote_reset}", nothing, "/reset", 1},
      {"UR,URX", 503, 13, "upstream_reset_before_response_started{remote_reset}", once_more, "/reset", 2},
      {"UR", 503, 14, "upstream_reset_before_response_started{remote_refused_stream_reset}", nothing, "/refuse", 1},
      {"UC", 503, 14, "upstream_reset_before_response_started{connection_termination}", nothing, "/break", 1},
      {"UC", 503, 14, "upstream_reset_before_response_started{connection_termination}", nothing, "/break", 1, false},
      {"DPE", 400, 13, "path_normalization_failed", nothing, "/a%00b"},
      {"-", 403, 7, "rbac_access_denied_matched_policy[closed]", nothing, "/denied"},
      {"-", 200, -1, "via_upstream", nothing, "/bytes/1", 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.flags);
    CAPTURE(row.details);
    AccessLog log;
    App app;
    json to = cluster("app", {app.address()});
    json all = route("app");
    if (row.http2_app) speak_http2(to);
    row.change(to, all);
    json entry = outbound("outbound", virtual_host({all}));
    add_rbac(entry, {{"action", "DENY"},
                     {"policies",
                      {{"closed",
                        {{"permissions", {{{"url_path", {{"path", {{"exact", "/denied"}}}}}}}},
                         {"principals", {{{"any", true}}}}}}}}});
    Running sidecar("client", {entry, to}, nullptr, log.on());

    const Answer answer = RawClient(sidecar.at("outbound")).ask("GET", row.path);
    CHECK(answer.status == row.status);
    CHECK(answer.whole);
    CHECK((answer.field("x-envoy-overloaded") == "true") == (std::string(row.flags) == "UO"));
    CHECK(app.requests == row.tries);
    (void)log.line();  // the other caller may be another worker's: first things first
    HttpClient h2(sidecar.at("outbound"));
    const Seen seen = h2.ask("POST", row.path, grpc, grpc_message("x"));
    CHECK(seen.ended);
    CHECK(seen.status == 200);
    if (row.grpc_status >= 0) {
      CHECK(seen.field("grpc-status") == std::to_string(row.grpc_status));
      CHECK_FALSE(seen.field("grpc-message").empty());
      CHECK(seen.field("content-type") == "application/grpc");
      CHECK(seen.body_bytes == 0);
    }
    CHECK(app.requests == 2 * row.tries);

    const auto lines = log.lines(2);
    CHECK(lines[0].status == row.status);
    CHECK(lines[1].status == 200);
    for (const LogLine& line : lines) {
      CHECK(line.flags == row.flags);
      CHECK(line.details == row.details);
    }
    CHECK(sidecar.counts(1, "istio_requests_total",
                         {fmt::format("response_code=\"{}\"", row.status),
                          fmt::format("response_flags=\"{}\"", row.flags), "request_protocol=\"http\""}));
  }
}

TEST_CASE("UF: a server that takes the connection and never speaks TLS is given up after the connect timeout") {
  AccessLog log;
  Trust trust;
  Silent silent;
  json to = cluster("app", {silent.address()});
  secure(to, "server");
  Running sidecar("client", {outbound("outbound", virtual_host({route("app")})), to}, &trust, log.on());
  HttpClient client(sidecar.at("outbound"));
  Call call = client.start("GET", "/");
  REQUIRE(eventually([&] { return silent.connections == 1; }));
  sidecar.advance(seconds(5));
  CHECK(call.result().status == 503);
  CHECK(log.line().flags == "UF");
  CHECK(log.line().details == "upstream_reset_before_response_started{connection_timeout}");
}

TEST_CASE("UO: a retry that the limit refuses leaves the answer as it is, marked as overload") {
  AccessLog log;
  App app;
  Single mesh({app.address()}, [](json& cluster, json& route) {
    limited(cluster, {{"max_retries", 0}});
    route["route"]["retry_policy"] = retry("5xx", 3);
  }, log.on());
  const Answer answer = RawClient(mesh.entry()).ask("GET", "/status/503");
  CHECK(answer.status == 503);
  CHECK(answer.body == "status 503\n");
  CHECK(answer.field("x-envoy-overloaded") == "true");
  CHECK(app.requests == 1);
  CHECK(log.line().flags == "UO");
  CHECK(log.line().details == "via_upstream");
}

TEST_CASE("UT: the route's timeout and perTryTimeout are a 504 each, with details of their own") {
  for (const bool per_try : {false, true}) {
    CAPTURE(per_try);
    AccessLog log;
    App app;
    Single mesh({app.address()}, [per_try](json& cluster, json& route) {
      speak_http2(cluster);
      route["route"]["timeout"] = per_try ? "0s" : "2s";
      if (!per_try) return;
      route["route"]["retry_policy"] = retry("connect-failure", 1);
      route["route"]["retry_policy"]["per_try_timeout"] = "2s";
    }, log.on());
    HttpClient client(mesh.entry());
    Call plain = client.start("GET", "/hang");
    Call call = client.start("POST", "/hang", grpc);
    REQUIRE(eventually([&] { return app.requests == 2; }));
    mesh.sidecar.advance(seconds(2));
    CHECK(plain.result().status == 504);
    CHECK(call.result().field("grpc-status") == "14");
    CHECK(eventually([&] { return app.cancelled == 2; }));
    for (const LogLine& line : log.lines(2)) {
      CHECK(line.flags == "UT");
      CHECK(line.details == (per_try ? "upstream_per_try_timeout" : "response_timeout"));
    }
  }
}

TEST_CASE("DC: a caller that hangs up is in the log with no status, before and after the head") {
  for (const char* path : {"/hang", "/bytes/100000000"}) {
    CAPTURE(path);
    AccessLog log;
    App app;
    Single mesh({app.address()}, [](json& cluster, json&) { speak_http2(cluster); }, log.on());
    HttpClient client(mesh.entry());
    Call call = client.stall(path);
    REQUIRE(eventually([&] { return app.requests == 1; }));
    const bool answered = std::string(path) != "/hang";
    if (answered) REQUIRE(call.wait_head());
    call.cancel();
    CHECK(eventually([&] { return app.cancelled == 1; }));
    CHECK(app.cancel_code == static_cast<std::uint32_t>(protocol::ErrorCode::Cancel));
    CHECK(log.line().flags == "DC");
    CHECK(log.line().status == (answered ? 200 : 0));
    CHECK(log.line().details == "downstream_remote_disconnect");
  }
}

TEST_CASE("an answer that breaks off is in the log with its status and the flag of what broke it") {
  struct Row {
    const char* path;
    bool http2_app;
    const char* flags;
  };
  for (const Row& row : {Row{"/break/body", false, "UC"}, Row{"/break/body", true, "UC"},
                         Row{"/reset/body", true, "UR"}}) {
    CAPTURE(row.path);
    CAPTURE(row.http2_app);
    AccessLog log;
    App app;
    Single mesh({app.address()}, [&](json& cluster, json&) {
      if (row.http2_app) speak_http2(cluster);
    }, log.on());
    HttpClient client(mesh.entry());
    const Seen seen = client.start("GET", row.path).result();
    CHECK(seen.status == 200);
    CHECK(seen.reset);
    CHECK(log.line().status == 200);
    CHECK(log.line().flags == row.flags);
  }
}

}  // namespace outrider::scenario
