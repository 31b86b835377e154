// Flow control between neighbours: a stream that stalls costs what its windows are, holds up nobody,
// and goes on when it may.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t gibibyte = 1024 * 1024 * kibibyte;

std::function<void(json&, json&)> speaking(bool http2_app) {
  return [=](json& cluster, json&) {
    if (http2_app) speak_http2(cluster);
  };
}

const Running::Change one_worker = [](proxy::Options& options) { options.workers = 1; };

// A number that has stopped moving.
std::uint64_t settled(const std::function<std::uint64_t()>& value) {
  std::uint64_t last = 0;
  int same = 0;
  CHECK(eventually([&] {
    const std::uint64_t now = value();
    same = now == last && now > 0 ? same + 1 : 0;
    last = now;
    return same >= 50;
  }));
  return last;
}

}  // namespace

TEST_CASE("one download of a hundred that is not read holds up none of the others") {
  for (const bool http2_app : {true, false}) {
    CAPTURE(http2_app);
    App app;
    Single mesh({app.address()}, speaking(http2_app), one_worker);
    HttpClient client(mesh.entry());
    client.keep_body = false;
    Call stalled = client.stall("/bytes/100000000");
    REQUIRE(stalled.wait_for([](const Seen& seen) { return seen.body_bytes >= 256 * kibibyte; }));
    std::vector<Call> others;
    for (int i = 0; i < 99; ++i) others.push_back(client.start("GET", "/bytes/300000"));
    for (Call& call : others) {
      const Seen seen = call.result();
      CHECK(seen.ended);
      CHECK(seen.body_bytes == 300'000);
      CHECK(seen.wrong_bytes == 0);
    }
    CHECK(stalled.seen().body_bytes == 256 * kibibyte);
    CHECK_FALSE(stalled.seen().reset);
  }
}

TEST_CASE("one upload of a hundred that the application does not read holds up none of the others") {
  for (const bool http2_app : {true, false}) {
    CAPTURE(http2_app);
    App app;
    Single mesh({app.address()}, speaking(http2_app), one_worker);
    HttpClient client(mesh.entry());
    Call stalled = client.start("POST", "/hold", {}, false);
    stalled.send(pattern(32 * 1024 * kibibyte), true);
    REQUIRE(eventually([&] { return app.received > 0; }));
    std::vector<Call> others;
    for (int i = 0; i < 99; ++i) {
      others.push_back(client.start("POST", "/sum", {}, false));
      others.back().send(pattern(300'000), true);
    }
    for (Call& call : others) CHECK(call.result().body == "300000 ok");
    CHECK(app.finished == 99);
    CHECK_FALSE(stalled.seen().reset);
  }
}

TEST_CASE("a stalled download of 1 GiB costs its window and what may wait for it, and a cancel gives all back") {
  const int downloads = amount(50, 1000);
  App app;
  Single mesh({app.address()}, speaking(true), one_worker);
  auto options = HttpClient::http2();
  options.limits.stream_window = 64 * 1024;
  options.limits.connection_window = 64 * 1024 * 1024;
  std::list<HttpClient> clients;
  std::vector<Call> calls;
  for (int i = 0; i < downloads; ++i) {
    if (i % 50 == 0) clients.emplace_back(mesh.entry(), options).keep_body = false;
    calls.push_back(clients.back().stall(fmt::format("/bytes/{}", gibibyte)));
  }
  for (Call& call : calls) {
    REQUIRE(call.wait_for([](const Seen& seen) { return seen.body_bytes == 64 * kibibyte; }));
  }
  const std::uint64_t sent = settled([&] { return app.sent.load(); });
  const auto count = static_cast<std::uint64_t>(downloads);
  // The client's window, the sidecar's towards the application, and what the application has queued.
  const std::uint64_t each = sent / count;
  MESSAGE((each / kibibyte) << " KiB each have left the application");
  CHECK(each <= (64 + 256 + 128 + 16) * kibibyte);
  for (Call& call : calls) {
    CHECK(call.seen().body_bytes == 64 * kibibyte);
    call.cancel();
  }
  CHECK(eventually([&] { return app.cancelled == downloads; }));
  CHECK(eventually([&] { return mesh.sidecar.gauges("app").requests == 0; }));
  HttpClient after(mesh.entry());
  after.keep_body = false;
  CHECK(after.ask("GET", "/bytes/8000000").body_bytes == 8'000'000);
}

TEST_CASE("a slow reader with a window of 1 KiB loses nothing") {
  const auto size = amount<std::uint64_t>(1'000'000, 50'000'000);
  for (const bool http2_app : {true, false}) {
    CAPTURE(http2_app);
    App app;
    Single mesh({app.address()}, speaking(http2_app));
    auto options = HttpClient::http2();
    options.limits.stream_window = 1024;
    HttpClient client(mesh.entry(), options);
    client.keep_body = false;
    const Seen seen = client.ask("GET", fmt::format("/bytes/{}", size));
    CHECK(seen.ended);
    CHECK(seen.body_bytes == size);
    CHECK(seen.wrong_bytes == 0);
    RawClient narrow(mesh.entry(), 2048);
    const Answer answer = narrow.ask("GET", fmt::format("/chunked/{}", 1'000'000));
    CHECK(answer.whole);
    CHECK((answer.body == pattern(1'000'000)));
  }
}

TEST_CASE("an upload that was blocked everywhere on its way goes on when the application reads again") {
  constexpr std::size_t size = 24 * 1024 * kibibyte;
  for (const bool http2_app : {true, false}) {
    for (const bool http2 : {true, false}) {
      CAPTURE(http2_app);
      CAPTURE(http2);
      App app;
      app.reads = false;
      Single mesh({app.address()}, speaking(http2_app));
      if (http2) {
        HttpClient client(mesh.entry());
        Call call = client.start("POST", "/sum", {}, false);
        call.send(pattern(size), true);
        CHECK(settled([&] { return call.seen().drained; }) < size);
        app.read_on();
        CHECK(call.result().body == fmt::format("{} ok", size));
      } else {
        RawClient client(mesh.entry());
        std::thread sender([&] {
          client.send(request_text("POST", "/sum", "app", {}, pattern(size)));
        });
        (void)settled([&] { return app.received.load(); });
        CHECK(app.finished == 0);
        app.read_on();
        sender.join();
        CHECK(client.read().body == fmt::format("{} ok", size));
      }
    }
  }
}

TEST_CASE("no connection window is lost on streams that either side ends first") {
  // The smallest connection windows there are: a loss of a hundred bytes a stream would stall them.
  net::ServerOptions narrow;
  narrow.limits.stream_window = 4 * 1024;
  narrow.limits.connection_window = 65'535;
  App app(narrow);
  Single mesh({app.address()}, speaking(true), one_worker);
  auto options = HttpClient::http2();
  options.limits.stream_window = 4 * 1024;
  options.limits.connection_window = 65'535;
  HttpClient client(mesh.entry(), options);
  const std::string body = pattern(64 * 1024);
  const int rounds = amount(500, 10'000);
  for (int i = 0; i < rounds; ++i) {
    CAPTURE(i);
    // Callers leave seldom: who resets one stream after the other is a flood, and is sent away.
    switch (i % 25 < 2 ? i % 25 : 2 + i % 3) {
      case 2: {  // both to their end
        REQUIRE((client.ask("POST", "/echo", {}, body).body == body));
        break;
      }
      case 3: {  // the application answers before the upload is whole
        Call call = client.start("POST", "/early", {}, false);
        call.send(body, false);
        REQUIRE(call.result().body == "early");
        break;
      }
      case 0: {  // the caller leaves in the middle of an answer
        Call call = client.stall("/bytes/65536");
        REQUIRE(call.wait_for([](const Seen& seen) { return seen.body_bytes > 0; }));
        call.cancel();
        break;
      }
      case 1: {  // and in the middle of its upload
        Call call = client.start("POST", "/hold", {}, false);
        call.send(body, false);
        REQUIRE(call.wait_for([](const Seen& seen) { return seen.drained > 0; }));
        call.cancel();
        break;
      }
      default: {  // the application breaks off
        const Seen seen = client.start("GET", "/reset/body").result();
        REQUIRE(seen.reset);
        break;
      }
    }
  }
  CHECK(app.connections == 1);
  const std::string large = pattern(4 * 1024 * kibibyte);
  CHECK((client.ask("POST", "/echo", {}, large).body == large));
  CHECK(eventually([&] { return mesh.sidecar.gauges("app").requests == 0; }));
}

}  // namespace outrider::scenario
