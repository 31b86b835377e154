// What is tried again, where, and what never is; endpoints that fail are left out and come back.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

std::function<void(json&, json&)> retrying(const std::string& on, int times) {
  return [=](json&, json& route) { route["route"]["retry_policy"] = retry(on, times); };
}

// What the application saw of a header, from /headers.
std::string told(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 3;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("a dead endpoint costs no request when connect failures are retried") {
  App app;
  Single mesh({nobody(), app.address()}, retrying("connect-failure", 2));
  RawClient client(mesh.entry());
  int second = 0;
  for (int i = 0; i < 20; ++i) {
    const Answer answer = client.ask("POST", "/headers", {}, "body");
    REQUIRE(answer.status == 200);
    second += told(answer.body, "x-envoy-attempt-count") == "2" ? 1 : 0;
  }
  CHECK(second > 0);
  CHECK(app.requests == 20);
}

TEST_CASE("without a retry policy a dead endpoint costs its share") {
  App app;
  Single mesh({nobody(), app.address()});
  RawClient client(mesh.entry());
  int failed = 0;
  for (int i = 0; i < 20; ++i) failed += client.ask("GET", "/bytes/1").status == 503 ? 1 : 0;
  CHECK(failed == 10);
}

TEST_CASE("a body of any size goes to another endpoint when the first one takes no connection") {
  App app;
  Single mesh({nobody(), app.address()}, retrying("connect-failure", 2));
  for (const std::size_t size : {0UL, 1UL, 60'000UL, 200'000UL, 4'000'000UL}) {
    CAPTURE(size);
    for (int i = 0; i < 2; ++i) {
      RawClient client(mesh.entry());
      CHECK(client.ask("POST", "/sum", {}, pattern(size)).body == fmt::format("{} ok", size));
      HttpClient h2(mesh.entry());
      CHECK(h2.ask("POST", "/sum", {}, pattern(size)).body == fmt::format("{} ok", size));
    }
  }
}

TEST_CASE("a 503 is retried where the route asks for it, with the same body") {
  App app;
  Single mesh({app.address()}, retrying("5xx", 3));
  RawClient client(mesh.entry());
  for (const std::size_t size : {0UL, 1UL, 5000UL, 65'536UL}) {
    CAPTURE(size);
    app.fail_next(2);
    CHECK(client.ask("POST", "/sum", {}, pattern(size)).body == fmt::format("{} ok", size));
    app.fail_next(1);
    CHECK(client.ask_chunked("/sum", pattern(size), 1000).body == fmt::format("{} ok", size));
    app.fail_next(1);
    HttpClient h2(mesh.entry());
    CHECK(h2.ask("POST", "/sum", {}, pattern(size)).body == fmt::format("{} ok", size));
  }
}

TEST_CASE("a 503 is the answer where the route does not ask for more") {
  App app;
  Single mesh({app.address()}, retrying("connect-failure,refused-stream", 3));
  RawClient client(mesh.entry());
  app.fail_next(1);
  CHECK(client.ask("GET", "/bytes/1").status == 503);
  CHECK(app.requests == 1);
}

TEST_CASE("a body that is too large to keep is sent once") {
  App app;
  Single mesh({app.address()}, retrying("5xx", 3));
  RawClient client(mesh.entry());
  app.fail_next(1);
  CHECK(client.ask("POST", "/sum", {}, pattern(200'000)).status == 503);
  CHECK(app.requests == 1);
  CHECK(client.ask("POST", "/sum", {}, pattern(200'000)).body == "200000 ok");
}

TEST_CASE("attempts are counted, end at their limit, and the last answer is the answer") {
  App app;
  Single mesh({app.address()}, retrying("5xx", 2));
  RawClient client(mesh.entry());
  app.fail_next(100, 500);
  CHECK(client.ask("GET", "/bytes/1").status == 500);
  CHECK(app.requests == 3);
  CHECK(mesh.sidecar.counts(1, "istio_requests_total", {"response_flags=\"URX\""}));
  app.fail_next(2, 500);
  CHECK(told(client.ask("GET", "/headers").body, "x-envoy-attempt-count") == "3");
}

TEST_CASE("a request that broke off after it was sent is retried only where resets are") {
  App app;
  Single no({app.address()}, retrying("connect-failure", 2));
  CHECK(RawClient(no.entry()).ask("POST", "/break", {}, "x").status == 503);
  CHECK(app.requests == 1);
  Single yes({app.address()}, retrying("reset", 2));
  CHECK(RawClient(yes.entry()).ask("POST", "/break", {}, "x").status == 503);
  CHECK(app.requests == 4);
}

TEST_CASE("a try that takes too long is given up for another") {
  App app;
  Single mesh({app.address()}, [](json&, json& route) {
    json policy = retry("5xx", 1);
    policy["per_try_timeout"] = "0.1s";
    route["route"]["retry_policy"] = policy;
  });
  RawClient client(mesh.entry());
  const Answer answer = client.ask("GET", "/hang");
  CHECK(answer.status == 504);
  CHECK(app.requests == 2);
  CHECK(eventually([&] { return app.cancelled == 2; }));
  CHECK(mesh.sidecar.counts(1, "istio_requests_total", {"response_flags=\"UT,URX\""}));
}

TEST_CASE("a request whose time is up while it waits for its next try is not tried again") {
  App app;
  Single mesh({app.address()}, [](json&, json& route) {
    json policy = retry("5xx", 5);
    policy["retry_back_off"] = {{"base_interval", "0.3s"}, {"max_interval", "0.3s"}};
    route["route"]["retry_policy"] = policy;
    route["route"]["timeout"] = "0.05s";
  });
  auto options = HttpClient::http2();
  options.limits.stream_window = 1;  // the answer cannot leave, so that the request stays
  HttpClient client(mesh.entry(), options);
  app.fail_next(1000);
  std::vector<Call> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(client.stall("/bytes/1"));
  }
  for (Call& call : calls) REQUIRE(call.wait_head());
  const int before = app.requests;
  REQUIRE_FALSE(eventually([&] { return app.requests > before; }, std::chrono::milliseconds(400)));
  for (Call& call : calls) call.read_on();
  for (Call& call : calls) CHECK(call.wait_over());
}

TEST_CASE("a connection that the application says it will close is not used again") {
  App app;
  Single mesh({app.address()}, retrying("connect-failure,refused-stream,reset-before-request", 2));
  RawClient client(mesh.entry());
  for (int i = 0; i < 10; ++i) {
    CHECK(client.ask("GET", "/last").status == 200);
    CHECK(client.ask("POST", "/sum", {}, "x").status == 200);
  }
}

// Answers one request a connection and closes when the next one comes, as if its idle timer had run
// out just then.
class Forgetful {
 public:
  Forgetful() {
    thread_.run([this] {
      listener_ = std::move(*net::Listener::listen(thread_.loop(), {"127.0.0.1", 0}, [this](int socket) {
        ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
        servers_.emplace_back([this, socket] { serve(socket); });
      }));
    });
  }
  ~Forgetful() {
    thread_.run([this] { listener_.reset(); });
    for (std::thread& server : servers_) server.join();
  }
  [[nodiscard]] SocketAddress address() const { return listener_->address(); }
  std::atomic<int> requests{0};

 private:
  void serve(int socket) {
    char bytes[4096];
    if (::read(socket, bytes, sizeof bytes) > 0) {
      ++requests;
      const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      CHECK(::write(socket, answer.data(), answer.size()) > 0);
      if (::read(socket, bytes, sizeof bytes) > 0) ++requests;
    }
    ::close(socket);
  }
  std::vector<std::thread> servers_;
  std::unique_ptr<net::Listener> listener_;
  LoopThread thread_;
};

TEST_CASE("a kept connection that ends under a request costs no idempotent one, and no other is repeated") {
  Forgetful app;
  Single mesh({app.address()}, {}, [](proxy::Options& options) { options.workers = 1; });
  RawClient client(mesh.entry());
  CHECK(client.ask("GET", "/").status == 200);
  CHECK(client.ask("GET", "/").status == 200);
  CHECK(app.requests == 3);
  CHECK(client.ask("POST", "/", {}, "x").status == 503);
  CHECK(app.requests == 4);
  CHECK(client.ask("POST", "/", "Idempotency-Key: 1\r\n").status == 200);
  CHECK(client.ask("POST", "/", "Idempotency-Key: 1\r\n").status == 200);
}

TEST_CASE("an endpoint that fails in a row is left out, and comes back") {
  App good, bad;
  Single mesh({good.address(), bad.address()}, [](json& cluster, json&) {
    cluster["outlier_detection"] = {{"consecutive_5xx", 3},       {"interval", "0.01s"},
                                    {"base_ejection_time", "0.3s"}, {"max_ejection_percent", 100},
                                    {"enforcing_consecutive_5xx", 100}};
  });
  RawClient client(mesh.entry());
  bad.fail_next(3, 500);
  int failures = 0;
  for (int i = 0; i < 6; ++i) failures += client.ask("GET", "/bytes/1").status == 500 ? 1 : 0;
  CHECK(failures == 3);
  CHECK(mesh.sidecar.ejected("app", 1));
  CHECK_FALSE(mesh.sidecar.ejected("app", 0));
  const int before = bad.requests;
  for (int i = 0; i < 10; ++i) CHECK(client.ask("GET", "/bytes/1").status == 200);
  CHECK(bad.requests == before);
  CHECK(eventually([&] {
    CHECK(client.ask("GET", "/bytes/1").status == 200);
    return bad.requests > before;
  }));
  CHECK_FALSE(mesh.sidecar.ejected("app", 1));
}

TEST_CASE("a configuration push does not forget an ejection") {
  App good, bad;
  Single mesh({good.address(), bad.address()}, [](json& cluster, json&) {
    cluster["outlier_detection"] = {{"consecutive_5xx", 1}, {"base_ejection_time", "60s"},
                                    {"max_ejection_percent", 100}, {"enforcing_consecutive_5xx", 100}};
  });
  RawClient client(mesh.entry());
  bad.fail_next(1, 500);
  for (int i = 0; i < 4; ++i) (void)client.ask("GET", "/bytes/1");
  REQUIRE(mesh.sidecar.ejected("app", 1));
  mesh.resources[1]["connect_timeout"] = "3s";
  REQUIRE(mesh.sidecar.push(mesh.resources));
  CHECK(mesh.sidecar.ejected("app", 1));
  const int before = bad.requests;
  for (int i = 0; i < 10; ++i) CHECK(client.ask("GET", "/bytes/1").status == 200);
  CHECK(bad.requests == before);
}

}  // namespace outrider::scenario
