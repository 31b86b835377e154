#include "proxy/policy/deadline.hpp"

#include <doctest/doctest.h>

#include "tests/unit/proxy/requests.hpp"

namespace outrider::proxy {
namespace {

using namespace std::chrono_literals;
using testing::request;

TEST_CASE("grpc-timeout is one to eight digits and a unit, and nothing else") {
  const std::pair<const char*, std::optional<Duration>> rows[] = {
      {"1S", 1s}, {"250m", 250ms}, {"7u", 7us}, {"9n", 9ns}, {"2M", 2min}, {"1H", 1h}, {"0n", 0ns},
      {"99999999S", 99999999s},
      {"99999999H", longest_timeout},  // saturates
      {"100000000S", std::nullopt}, {"1", std::nullopt}, {"S", std::nullopt}, {"", std::nullopt},
      {"-1S", std::nullopt}, {"1s", std::nullopt}, {"1.5S", std::nullopt}, {"1S1S", std::nullopt},
      {" 1S", std::nullopt}, {"1 S", std::nullopt}, {"+1S", std::nullopt},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    CHECK(parse_grpc_timeout(text) == expected);
  }
}

TEST_CASE("what is left of a deadline is written in the finest unit that fits, and never grows") {
  CHECK(format_grpc_timeout(5ns) == "5n");
  CHECK(format_grpc_timeout(99'999'999ns) == "99999999n");
  CHECK(format_grpc_timeout(100'000'999ns) == "100000u");
  CHECK(format_grpc_timeout(10s) == "10000000u");
  CHECK(format_grpc_timeout(-1s) == "0n");
  for (Duration d : {Duration(1ns), Duration(123456789ns), Duration(3h), Duration::max()}) {
    const auto back = parse_grpc_timeout(format_grpc_timeout(d));
    REQUIRE(back);
    CHECK(*back <= d);
  }
}

struct Asked {
  Duration route{0};
  std::optional<Duration> cap;
  const char* header = nullptr;
};

EffectiveTimeout effective(const Asked& asked, std::string_view type = "application/grpc") {
  Forward forward;
  forward.timeout = asked.route;
  forward.max_grpc_timeout = asked.cap;
  auto head = request("POST", "/", "h", {{"content-type", type}});
  if (asked.header != nullptr) head->fields.add("grpc-timeout", asked.header);
  const auto result = effective_timeout(forward, *head);
  REQUIRE(result);
  return *result;
}

TEST_CASE("route and caller each have their limit, and the route may cap what a caller asks for") {
  CHECK_FALSE(effective({}).route);
  CHECK_FALSE(effective({}).client);
  CHECK(effective({.route = 10s}).route == 10s);
  CHECK(effective({.route = 10s, .header = "2S"}).route == 10s);
  CHECK(effective({.route = 10s, .header = "2S"}).client == 2s);
  CHECK(effective({.header = "2S"}).client == 2s);
  CHECK_FALSE(effective({.header = "2S"}).route);
  CHECK(effective({.header = "0n"}).client == 0s);
  CHECK(effective({.cap = 1s, .header = "2S"}).route == 1s);
  CHECK(effective({.cap = 1s, .header = "2S"}).client == 2s);
  CHECK(effective({.route = 3s, .cap = 5s, .header = "9S"}).route == 3s);
  CHECK_FALSE(effective({.cap = 3s, .header = "2S"}).route);
  CHECK_FALSE(effective({.cap = 0s, .header = "2S"}).route);
}

TEST_CASE("grpc-timeout means nothing on a request that is not gRPC") {
  CHECK_FALSE(effective({.header = "2S"}, "application/json").client);
  CHECK_FALSE(effective({.header = "nonsense"}, "application/json").client);
}

TEST_CASE("a grpc-timeout that cannot be understood, or is there twice, is refused") {
  const Forward forward;
  auto wrong = request("POST", "/", "h", {{"content-type", "application/grpc"}, {"grpc-timeout", "1s"}});
  CHECK_FALSE(effective_timeout(forward, *wrong));
  auto twice = request("POST", "/", "h",
                       {{"content-type", "application/grpc"}, {"grpc-timeout", "1S"}, {"grpc-timeout", "1S"}});
  CHECK_FALSE(effective_timeout(forward, *twice));
}

TEST_CASE("a try has a limit of its own where that is less than what remains, as in Envoy") {
  Forward forward;
  CHECK_FALSE(attempt_timeout(forward, std::nullopt));
  CHECK_FALSE(attempt_timeout(forward, 3s));
  forward.retry.emplace();
  CHECK_FALSE(attempt_timeout(forward, 3s));
  forward.retry->per_try_timeout = 2s;
  CHECK(attempt_timeout(forward, std::nullopt) == 2s);
  CHECK(attempt_timeout(forward, 3s) == 2s);
  CHECK_FALSE(attempt_timeout(forward, 2s));
  CHECK_FALSE(attempt_timeout(forward, 1s));
}

}  // namespace
}  // namespace outrider::proxy
