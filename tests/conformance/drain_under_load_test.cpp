// SIGTERM to the real binary while it works: every body arrives whole, and it exits with 0 in time.

#include <fmt/format.h>

#include "tests/harness/process.hpp"

namespace outrider::scenario {
namespace {

RealProxy::Resources to(const App& app) {
  return [&app](const SocketAddress& at) {
    return std::vector<json>{outbound("outbound", virtual_host({route("app")}), at), cluster("app", {app.address()})};
  };
}

}  // namespace

TEST_CASE("a drain with 50 HTTP/2 streams and 50 HTTP/1.1 requests under way loses none, and ends with 0") {
  const int times = amount(3, 100);
  for (int i = 0; i < times; ++i) {
    CAPTURE(i);
    App app;
    RealProxy proxy(to(app), {"--drain-time", "15s"});
    HttpClient h2(proxy.entry());
    std::vector<Call> uploads, downloads;
    for (int n = 0; n < 25; ++n) {
      uploads.push_back(h2.start("POST", "/echo", {}, false));
      uploads.back().send("half ", false);
      downloads.push_back(h2.stall("/bytes/300000"));
    }
    std::vector<std::unique_ptr<RawClient>> h1;
    for (int n = 0; n < 50; ++n) {
      h1.push_back(std::make_unique<RawClient>(proxy.entry()));
      h1.back()->send("POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhalf ");
    }
    REQUIRE(eventually([&] { return app.requests == 100; }));
    proxy.process().signal(SIGTERM);
    CHECK(h2.wait_goaway());
    CHECK(eventually([&] { return proxy.ready(503); }));
    for (int n = 0; n < 25; ++n) {
      uploads[static_cast<std::size_t>(n)].send("whole", true);
      downloads[static_cast<std::size_t>(n)].read_on();
      h1[static_cast<std::size_t>(n)]->send("whole");
      h1[static_cast<std::size_t>(n) + 25]->send("whole");
    }
    int whole = 0;
    for (auto& each : uploads) whole += each.result().body == "half whole" ? 1 : 0;
    for (auto& each : downloads) {
      const Seen seen = each.result();
      whole += seen.body_bytes == 300'000 && seen.wrong_bytes == 0 && seen.ended ? 1 : 0;
    }
    for (auto& each : h1) {
      const Answer answer = each->read();
      whole += answer.whole && answer.body == "half whole" ? 1 : 0;
    }
    CHECK(whole == 100);
    CHECK(h2.wait_closed());
    CHECK(proxy.process().wait() == 0);
  }
}

TEST_CASE("when the grace is over what is left is broken off visibly: a reset stream, a body that is not whole") {
  App app;
  RealProxy proxy(to(app), {"--drain-time", "300ms"});
  HttpClient h2(proxy.entry());
  Call hanging = h2.start("GET", "/hang");
  RawClient h1(proxy.entry());
  h1.send("POST /echo HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhalf ");
  REQUIRE(eventually([&] { return app.requests == 2 && app.received == 5; }));
  proxy.process().signal(SIGTERM);
  CHECK(hanging.wait_over());
  CHECK_FALSE(hanging.seen().ended);
  CHECK_FALSE(h1.read().whole);
  CHECK(proxy.process().wait() == 0);
}

TEST_CASE("a second SIGTERM ends it at once") {
  App app;
  RealProxy proxy(to(app), {"--drain-time", "1h"});
  RawClient client(proxy.entry());
  client.send(request_text("GET", "/hang", "app"));
  REQUIRE(eventually([&] { return app.requests == 1; }));
  proxy.process().signal(SIGTERM);
  REQUIRE(eventually([&] { return proxy.ready(503); }));
  CHECK(proxy.process().running());
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait() == 0);
  CHECK_FALSE(client.read().whole);
}

}  // namespace outrider::scenario
