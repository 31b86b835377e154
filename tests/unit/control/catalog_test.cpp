#include "control-plane/store/catalog.hpp"

#include <doctest/doctest.h>

#include "certs/ca/durable_file.hpp"
#include "tests/unit/certs/temporary_directory.hpp"
#include "tests/unit/control/shop_yaml.hpp"

using namespace outrider;
using namespace outrider::control;

namespace {

// A --config directory and a --state directory.
struct Place {
  TemporaryDirectory directory;

  Place() { REQUIRE(certs::make_directory(directory.path() / "config", 0700)); }

  void write(const std::string& name, const std::string& yaml) const {
    REQUIRE(certs::write_durably(directory.path() / "config" / name, yaml));
  }
  [[nodiscard]] Catalog::Opened open() const {
    auto opened = Catalog::open(directory.path() / "config", directory.path() / "state");
    REQUIRE(opened);
    return std::move(*opened);
  }
};

void apply_yaml(Catalog& catalog, const std::string& yaml) {
  const config::SourceFile file{"applied.yaml", yaml};
  const Plan plan = plan_apply(catalog.mesh(), {&file, 1}, {});
  REQUIRE_FALSE(plan.refused);
  REQUIRE(catalog.commit(plan));
}

const config::ResourceKey entry{"ServiceEntry", "shop", "order"};
const config::ResourceKey rule{"DestinationRule", "shop", "order"};
const config::ResourceKey split{"VirtualService", "shop", "order-split"};

std::vector<config::ResourceKey> keys_of(const config::Mesh& mesh) {
  std::vector<config::ResourceKey> keys;
  for (const auto& resource : mesh.resources()) keys.push_back(resource->key());
  return keys;
}

}  // namespace

TEST_CASE("the base is read at each start, and what was applied wins over it") {
  const Place place;
  place.write("a.yaml", order_entry + "---\n" + order_rule);
  {
    auto [catalog, diagnostics, complaints] = place.open();
    CHECK(catalog.generation() == 0);
    apply_yaml(catalog, order_split(90));
    apply_yaml(catalog, "# mine\n" + order_rule);
  }
  place.write("a.yaml", "# theirs\n" + order_entry + "---\n# theirs\n" + order_rule);
  const auto opened = place.open();
  const config::Mesh& mesh = opened.catalog.mesh();
  CHECK(opened.catalog.generation() == 2);
  CHECK(keys_of(mesh) == std::vector{entry, rule, split});  // replaced, and as old as before
  CHECK(mesh.find(entry)->yaml().find("# theirs") != std::string::npos);
  CHECK(mesh.find(rule)->yaml().find("# mine") != std::string::npos);
}

TEST_CASE("what was deleted stays away although the base has it, and this is told") {
  const Place place;
  place.write("a.yaml", order_entry + "---\n" + order_rule);
  {
    auto [catalog, diagnostics, complaints] = place.open();
    const std::vector keys{rule};
    REQUIRE(catalog.commit(plan_delete(catalog.mesh(), keys)));
  }
  const auto opened = place.open();
  CHECK(keys_of(opened.catalog.mesh()) == std::vector{entry});
  REQUIRE(opened.complaints.size() == 1);
  CHECK(opened.complaints[0] ==
        "DestinationRule shop/order of --config stays away: it was deleted with outriderctl");
}

TEST_CASE("one bad file of the base is told and costs the others nothing") {
  const Place place;
  place.write("a.yaml", "kind: [\n");
  place.write("b.yaml", order_entry);
  const auto opened = place.open();
  CHECK(keys_of(opened.catalog.mesh()) == std::vector{entry});
  REQUIRE_FALSE(opened.diagnostics.empty());
  CHECK(opened.diagnostics[0].level == config::Level::Error);
}
