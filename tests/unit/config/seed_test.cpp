// The four files that the project was asked with, byte for byte: what their author meant.
#include <doctest/doctest.h>

#include "config/resources/spec.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;
using namespace std::chrono_literals;

namespace {

VirtualService seed_virtual_service() {
  const Loaded loaded = load(seed_files(), {});
  const ResourcePtr resource = loaded.mesh.find({"VirtualService", "ecommerce", "order-service"});
  REQUIRE(resource);
  return *resource->as<VirtualService>();
}

// The seed's virtual service with one piece of text replaced.
Loaded changed(const std::string& from, const std::string& to) {
  std::string text = seed_file("virtual-service.yaml");
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return load_text(text.replace(at, from.size(), to));
}

}  // namespace

TEST_CASE("the seed loads, with two warnings and no error") {
  const Loaded loaded = load(seed_files(), {});
  CHECK(loaded.ok());
  CHECK(loaded.mesh.size() == 4);
  REQUIRE(loaded.diagnostics.size() == 2);

  const Diagnostic& star = loaded.diagnostics[0];
  CHECK(star.code == "OUT0006");
  CHECK(star.level == Level::Warning);
  CHECK(star.file == "authorization-policy.yaml");
  CHECK(star.line == 29);
  CHECK(star.column == 21);
  CHECK(star.help == "write \"/api/v1/orders/{*}/inventory\"");

  const Diagnostic& weight = loaded.diagnostics[1];
  CHECK(weight.code == "OUT0005");
  CHECK(weight.level == Level::Warning);
  CHECK(weight.file == "virtual-service.yaml");
  CHECK(weight.line == 32);
  CHECK(weight.column == 7);
  CHECK(weight.source_line == "      weight: 90");
  CHECK(weight.note.find("lines 32, 39") != std::string::npos);
  CHECK(weight.help.find("stable 90, canary 10") != std::string::npos);
}

TEST_CASE("two match-less routes with weights are one split of 90 to 10 with one timeout") {
  const VirtualService vs = seed_virtual_service();
  REQUIRE(vs.http.size() == 2);
  CHECK(vs.http[0].match.size() == 1);
  CHECK(vs.http[0].timeout == 10s);
  const HttpRoute& split = vs.http[1];
  REQUIRE(split.route.size() == 2);
  CHECK(*split.route[0].destination().subset == "stable");
  CHECK(split.route[0].weight == 90);
  CHECK(*split.route[1].destination().subset == "canary");
  CHECK(split.route[1].weight == 10);
  CHECK(split.timeout == 10s);
  CHECK_FALSE(split.retries);
}

TEST_CASE("a timeout given by several routes of a split has to be the same") {
  CHECK(changed("      weight: 90\n", "      weight: 90\n      timeout: 10s\n").ok());
  const Loaded two = changed("      weight: 90\n", "      weight: 90\n      timeout: 3s\n");
  REQUIRE(two.diagnostics.size() == 1);
  CHECK(two.diagnostics[0].level == Level::Error);
  CHECK(two.diagnostics[0].message.find("two different timeouts") != std::string::npos);
  CHECK(two.diagnostics[0].line == 41);
  CHECK(two.diagnostics[0].column == 7);
  CHECK(two.mesh.size() == 0);
}

TEST_CASE("a weight that belongs to no split is an error with a way out") {
  struct Row {
    std::string from;
    std::string to;
    int line;
  };
  const Row rows[] = {
      {"      weight: 90\n", "", 38},  // only one of two carries it
      {"      timeout: 10s\n      retries", "      weight: 1\n      timeout: 10s\n      retries", 21},
  };
  for (const Row& row : rows) {
    const Loaded loaded = changed(row.from, row.to);
    REQUIRE_FALSE(loaded.diagnostics.empty());
    const Diagnostic& d = loaded.diagnostics.front();
    CHECK(d.level == Level::Error);
    CHECK(d.line == row.line);
    CHECK(d.message.find("unknown field \"weight\"") != std::string::npos);
    CHECK_FALSE(d.help.empty());
  }
  const Loaded zero = changed("weight: 90", "weight: 0");
  CHECK(zero.ok());  // everything to the canary
}

TEST_CASE("strict Istio refuses the seed where Istio does") {
  const Loaded loaded = load(seed_files(), {.strict_istio = true});
  CHECK(summary(loaded.diagnostics) ==
        std::vector<std::string>{"32:7 error IST0106 unknown field \"weight\" in spec.http[1]",
                                 "39:7 error IST0106 unknown field \"weight\" in spec.http[2]"});
  // The star in the middle of a path is what Istio takes it for: a character that no request has.
  CHECK(loaded.mesh.size() == 3);
  CHECK(loaded.rejected == std::vector<ResourceKey>{{"VirtualService", "ecommerce", "order-service"}});
}

TEST_CASE("the canonical form means the same, without a warning") {
  std::string text = seed_file("virtual-service.yaml");
  text.resize(
      text.find("    - route:\n        - destination:\n            host: order-service\n"
                "            subset: stable"));
  text += R"(    - route:
        - destination: {host: order-service, subset: stable, port: {number: 8080}}
          weight: 90
        - destination: {host: order-service, subset: canary, port: {number: 8080}}
          weight: 10
      timeout: 10s
)";
  const Loaded canonical = load_text(text, true);
  CHECK(canonical.diagnostics.empty());
  const auto* vs = canonical.mesh.resources().front()->as<VirtualService>();
  const VirtualService seed = seed_virtual_service();
  REQUIRE(vs->http.size() == seed.http.size());
  CHECK(vs->http[1].timeout == seed.http[1].timeout);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(vs->http[1].route[i].weight == seed.http[1].route[i].weight);
    CHECK(*vs->http[1].route[i].destination().subset == *seed.http[1].route[i].destination().subset);
  }
}
