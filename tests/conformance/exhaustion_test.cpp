// What runs out: descriptors, the disk under the access log, memory (reliability 2.7). What is under
// way goes on, new work is refused in a way that can be told, and it all comes back by itself.

#include <fmt/format.h>

#include <fstream>

#include "proxy/lifecycle/overload.hpp"
#include "tests/harness/process.hpp"

namespace outrider::scenario {
namespace {

RealProxy::Resources to(const App& app) {
  return [&app](const SocketAddress& at) {
    json any_number = cluster("app", {app.address()});
    any_number["circuit_breakers"] = {
        {"thresholds", {{{"max_connections", 100'000}, {"max_pending_requests", 100'000}, {"max_requests", 100'000}}}}};
    return std::vector<json>{outbound("outbound", virtual_host({route("app")}), at), any_number};
  };
}

double rejections(const RealProxy& proxy, const char* reason) {
  return sample(proxy.metrics(), "outrider_rejections_total", {fmt::format("reason=\"{}\"", reason)});
}

bool served(const SocketAddress& at) { return RawClient(at).ask("GET", "/bytes/5").body == pattern(5); }

}  // namespace

TEST_CASE("more connections than descriptors: those that are there are served, the others closed at once") {
  proxy::raise_descriptor_limit();  // ours, for so many clients
  const int connects = amount(200, 900);
  App app;
  RealProxy proxy(to(app), {}, {{RLIMIT_NOFILE, 128}});
  std::vector<std::unique_ptr<RawClient>> early;
  for (int i = 0; i < 10; ++i) {
    early.push_back(std::make_unique<RawClient>(proxy.entry()));
    REQUIRE(early.back()->ask("GET", "/bytes/5").status == 200);
  }
  RawClient slow(proxy.entry());
  slow.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n!\"");
  REQUIRE(eventually([&] { return app.received == 2; }));
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < connects; ++i) {
    crowd.push_back(std::make_unique<RawClient>(proxy.entry()));
    crowd.back()->send(request_text("GET", "/bytes/5", "app"));
  }
  int answered = 0;
  for (auto& client : crowd) answered += client->read().status == 200 ? 1 : 0;
  CHECK(answered > 0);
  CHECK(answered <= 32 - 11);  // half of 128 - 64, less those that were there
  CHECK(rejections(proxy, "connection_limit") + rejections(proxy, "handshake_limit") == connects - answered);
  for (auto& client : early) CHECK(client->ask("GET", "/bytes/5").body == pattern(5));
  CHECK(proxy.ready());  // overload is no reason to kill it
  slow.send("#$");
  CHECK(slow.read().body == "4 ok");
  crowd.clear();
  CHECK(eventually([&] { return served(proxy.entry()); }));
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait() == 0);
}

TEST_CASE("no descriptors left for upstreams: those requests get 503 UF, and the admin port still answers") {
  App app;
  RealProxy proxy(to(app), {}, {{RLIMIT_NOFILE, 96}});
  HttpClient first(proxy.entry()), second(proxy.entry());
  std::vector<Call> calls;
  for (int i = 0; i < 90; ++i) {
    calls.push_back(first.start("GET", "/hang"));
    calls.push_back(second.start("GET", "/hang"));
  }
  const auto failed = [&] {
    return sample(proxy.metrics(), "istio_requests_total", {"response_code=\"503\"", "response_flags=\"UF\""});
  };
  REQUIRE(eventually([&] { return app.requests + static_cast<int>(failed()) == 180; }));
  CHECK(failed() > 0);
  CHECK(app.requests > 0);
  CHECK(proxy.ready());
  for (Call& call : calls) call.cancel();
  CHECK(eventually([&] { return first.ask("GET", "/bytes/5").status == 200; }));
  CHECK(proxy.process().running());
}

TEST_CASE("half-open connections beyond their share give way, the oldest first; the honest one is served") {
  App app;
  // 32 connections, of which 16 may be half open.
  RealProxy proxy(to(app), {"--workers", "1"}, {{RLIMIT_NOFILE, 128}});
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 30; ++i) {
    silent.push_back(std::make_unique<RawClient>(proxy.entry()));
    CHECK(served(proxy.entry()));
  }
  // From the sixteenth on, each honest one takes the place of a silent one.
  CHECK(eventually([&] { return rejections(proxy, "handshake_limit") == 15; }));
  CHECK(silent.front()->ended());
  CHECK(silent.back()->ask("GET", "/bytes/5").status == 200);
}

TEST_CASE("a full disk under the access log costs lines, which are counted, and no request") {
  App app;
  Single mesh({app.address()}, {}, [](proxy::Options& options) { options.access_log = "/dev/full"; });
  RawClient client(mesh.entry());
  for (int i = 0; i < 100; ++i) CHECK(client.ask("GET", "/bytes/5").status == 200);
  CHECK(mesh.sidecar.counts(100, "outrider_access_log_dropped_total"));
}

TEST_CASE("an access log that has room again goes on with whole lines") {
  App app;
  Folder logs;
  const std::string path = logs.path() / "access.log";
  RealProxy proxy(to(app), {"--access-log", path}, {{RLIMIT_FSIZE, 20'000}});
  RawClient client(proxy.entry());
  const auto dropped = [&] { return sample(proxy.metrics(), "outrider_access_log_dropped_total", {}); };
  REQUIRE(eventually([&] { return client.ask("GET", "/bytes/5").status == 200 && dropped() > 0; }));
  std::ofstream(path, std::ios::trunc).flush();
  const auto lines = [&] {
    std::vector<std::string> all;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (!line.empty()) all.push_back(line);
    }
    return all;
  };
  REQUIRE(eventually([&] { return client.ask("GET", "/bytes/5").status == 200 && lines().size() > 3; }));
  const auto all = lines();
  for (std::size_t i = 0; i + 1 < all.size(); ++i) CHECK(all[i].starts_with("["));
}

TEST_CASE("memory that is nearly used up: new requests are told so, what is under way ends whole, and it passes") {
  App app;
  RealProxy proxy(to(app));
  RawClient slow(proxy.entry()), other(proxy.entry());
  REQUIRE(other.ask("GET", "/bytes/5").status == 200);
  slow.send("POST /sum HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n!\"");
  REQUIRE(eventually([&] { return app.received == 2; }));
  // As much as it has now, and a quarter more.
  std::uint64_t pages = 0;
  std::ifstream(fmt::format("/proc/{}/statm", proxy.process().id())) >> pages;
  const rlim_t allowed = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) * 5 / 4;
  if (allowed > (1ULL << 40)) return;  // a sanitizer's shadow: no limit means anything there
  const rlimit limit{allowed, allowed};
  REQUIRE(::prlimit(proxy.process().id(), RLIMIT_AS, &limit, nullptr) == 0);
  // Downloads that nobody reads hold a window and a watermark each.
  std::vector<std::unique_ptr<RawClient>> stalled;
  proxy::raise_descriptor_limit();  // ours, for so many clients
  Answer refused;
  while (stalled.size() < 3000 && (refused = other.ask("GET", "/bytes/5")).status == 200) {
    stalled.push_back(std::make_unique<RawClient>(proxy.entry(), 4096));
    stalled.back()->send(request_text("GET", "/bytes/100000000", "app"));
  }
  MESSAGE(stalled.size() << " stalled downloads until requests were shed");
  REQUIRE(proxy.process().running());
  CHECK(refused.status == 503);
  CHECK(refused.body.find("memory") != std::string::npos);
  CHECK(sample(proxy.metrics(), "istio_requests_total", {"response_flags=\"OM\""}) > 0);
  CHECK(proxy.ready());
  slow.send("#$");
  CHECK(slow.read().body == "4 ok");
  stalled.clear();
  CHECK(eventually([&] { return served(proxy.entry()); }));
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait() == 0);
}

}  // namespace outrider::scenario
