// One of three applications dies at once, listener and connections, while requests run.

#include <fmt/format.h>

#include <thread>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

constexpr int callers = 8;
constexpr int before_kill = 150, after_kill = 150;

struct Counts {
  std::atomic<int> asked{0};
  std::atomic<int> good{0};
};

// Each caller asks one request after the other until `most` were asked.
void run_load(const SocketAddress& entry, Counts& counts, int most, const std::string& method,
              const std::function<void()>& at_kill) {
  std::atomic<bool> killed{false};
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      HttpClient client(entry);
      for (;;) {
        const int number = counts.asked++;
        if (number >= most) return;
        if (number >= before_kill && !killed.exchange(true)) at_kill();
        const Fields fields = {{"x-test-id", fmt::format("{}-{}", caller, number)}};
        if (client.ask(method, "/bytes/2000", fields, method == "POST" ? "body" : "").status == 200) ++counts.good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::function<void(json&, json&)> retrying(const std::string& on, bool http2_app) {
  return [=](json& cluster, json& route) {
    if (http2_app) speak_http2(cluster);
    cluster["circuit_breakers"] = {{"thresholds", {{{"max_retries", 1000}}}}};
    route["route"]["retry_policy"] = retry(on, 2);
  };
}

}  // namespace

TEST_CASE("an application of three that is killed costs no GET with retries, and no caller notices") {
  for (int round = 0; round < amount(5, 100); ++round) {
    const bool http2_app = round % 2 == 0;
    CAPTURE(round);
    App first, second, third;
    Single mesh({first.address(), second.address(), third.address()},
                retrying("connect-failure,refused-stream,reset", http2_app));
    Counts counts;
    run_load(mesh.entry(), counts, before_kill + after_kill, "GET", [&] { second.close(); });
    CHECK(counts.good == before_kill + after_kill);
    CHECK(second.open == 0);
  }
}

TEST_CASE("an application of three that is killed makes no POST without a key happen twice") {
  // The mesh's default, which nobody asked for: only what was provably not processed is sent again.
  const std::string usual = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";
  for (int round = 0; round < amount(5, 100); ++round) {
    const bool http2_app = round % 2 == 0;
    CAPTURE(round);
    App first, second, third;
    Single mesh({first.address(), second.address(), third.address()}, retrying(usual, http2_app));
    Counts counts;
    run_load(mesh.entry(), counts, before_kill + after_kill, "POST", [&] { second.close(); });
    CHECK(counts.good >= before_kill + after_kill - callers);  // those under way at that moment
    std::map<std::string, int> seen;
    for (App* app : {&first, &second, &third}) {
      for (const auto& [id, times] : app->ids()) seen[id] += times;
    }
    for (const auto& [id, times] : seen) {
      CAPTURE(id);
      CHECK(times == 1);
    }
  }
}

}  // namespace outrider::scenario
