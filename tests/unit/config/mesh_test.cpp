// Meshes, their order, and what runs after a refusal.
#include <doctest/doctest.h>

#include "config/resources/spec.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider::config;
using namespace outrider::config::test;

namespace {

std::string peer(const std::string& name, const std::string& ns, const std::string& spec) {
  return "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: " + name +
         ", namespace: " + ns + "}\nspec: " + spec + "\n";
}

std::string policy(const std::string& name, const std::string& spec) {
  return "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: " + name +
         ", namespace: shop}\nspec: " + spec + "\n";
}

std::vector<std::string> names(const Mesh& mesh) {
  std::vector<std::string> names;
  for (const ResourcePtr& each : mesh.resources()) names.push_back(each->key().name);
  return names;
}

Loaded load_files(std::initializer_list<SourceFile> files) {
  return load(std::vector<SourceFile>(files), {});
}

const ResourceKey kPolicyB{"AuthorizationPolicy", "shop", "b"};

}  // namespace

TEST_CASE("age is the order of files, then of documents; a replacement keeps its age") {
  const Mesh mesh = load_files({{"1.yaml", peer("b", "x", "{}") + "---\n" + peer("a", "x", "{}")},
                                {"2.yaml", peer("c", "x", "{}")}})
                        .mesh;
  CHECK(names(mesh) == std::vector<std::string>{"b", "a", "c"});

  const Mesh newer = mesh_of(peer("a", "x", "{mtls: {mode: STRICT}}"));
  const Mesh replaced = mesh.with(newer.resources().front());
  CHECK(names(replaced) == std::vector<std::string>{"b", "a", "c"});
  CHECK(replaced.resources()[1]->as<PeerAuthentication>()->mode() == TlsMode::Strict);
  CHECK(mesh.resources()[1]->as<PeerAuthentication>()->mode() == TlsMode::Unset);

  const Mesh shorter = replaced.without({"PeerAuthentication", "x", "b"});
  CHECK(names(shorter) == std::vector<std::string>{"a", "c"});
  CHECK(shorter.find({"PeerAuthentication", "x", "b"}) == nullptr);
  CHECK(shorter.find({"PeerAuthentication", "x", "c"})->key().name == "c");
}

TEST_CASE("a resource keeps its text, its place and its path in Istio's words") {
  const Loaded loaded =
      load_files({{"a.yaml", "# head\n" + peer("b", "x", "{}") + "---\n# mine\n" + peer("a", "x", "{}")}});
  const ResourcePtr second = loaded.mesh.find({"PeerAuthentication", "x", "a"});
  CHECK(second->yaml() == "---\n# mine\n" + peer("a", "x", "{}"));
  CHECK(second->origin().file == "a.yaml");
  CHECK(second->origin().kind.line == 9);
  CHECK(second->source_line(9) == "kind: PeerAuthentication");
  CHECK(second->source_line(2) == "");
  CHECK(second->config_path() == "/apis/security.istio.io/v1/namespaces/x/peer-authentication/a");
}

TEST_CASE("the same key twice is an error at the second one, and the first one holds") {
  const Loaded loaded =
      load_files({{"1.yaml", peer("a", "x", "{mtls: {mode: STRICT}}")}, {"2.yaml", peer("a", "x", "{}")}});
  check_only(loaded.diagnostics, "3:18", "is already defined in 1.yaml:3");
  CHECK(loaded.diagnostics.front().file == "2.yaml");
  CHECK(loaded.mesh.resources().front()->as<PeerAuthentication>()->mode() == TlsMode::Strict);
}

TEST_CASE("after a refusal the last good version of that resource holds, and only of that") {
  const Mesh good = load_files({{"p.yaml", policy("a", "{}") + "---\n" + policy("b", "{}") + "---\n" +
                                               policy("c", "{}")}})
                        .mesh;
  const Loaded bad =
      load_files({{"p.yaml", policy("a", "{rules: [{}]}") + "---\n" + policy("b", "{ruls: [{}]}")}});
  CHECK_FALSE(bad.ok());
  CHECK(bad.rejected == std::vector<ResourceKey>{kPolicyB});
  CHECK(names(bad.mesh) == std::vector<std::string>{"a"});

  const Mesh settled = settle(bad, good);
  CHECK(names(settled) == std::vector<std::string>{"a", "b"});
  CHECK(settled.resources()[0]->as<AuthorizationPolicy>()->rules.size() == 1);
  CHECK(settled.find(kPolicyB) == good.find(kPolicyB));
}

TEST_CASE("a file that cannot be read keeps all that it held") {
  const Mesh good = load_files({{"p.yaml", policy("a", "{}") + "---\n" + policy("b", "{}")},
                                {"q.yaml", policy("c", "{}")}})
                        .mesh;
  for (const char* broken : {"", "apiVersion: {", "a: \xff"}) {
    const Mesh settled = settle(load_files({{"p.yaml", broken}, {"q.yaml", policy("c", "{}")}}), good);
    CHECK(names(settled) == std::vector<std::string>{"a", "b", "c"});
  }
  const Mesh gone = settle(load_files({{"q.yaml", policy("c", "{}")}}), good);
  CHECK(names(gone) == std::vector<std::string>{"c"});
}

TEST_CASE("a security policy refused at a cold start denies its scope") {
  struct Row {
    std::string spec;
    Labels labels;  // of the stand-in's selector
  };
  const Row rows[] = {
      {"{selector: {matchLabels: {app: a}}, rules: [{whom: 1}]}", {{"app", "a"}}},
      {"{selectr: {matchLabels: {app: a}}}", {}},
      {"{selector: {matchLabels: {app: '*'}}}", {}},
      {"[]", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.spec);
    const Mesh settled = settle(load_files({{"p.yaml", policy("b", row.spec)}}), Mesh());
    REQUIRE(settled.size() == 1);
    const auto* stand_in = settled.resources().front()->as<AuthorizationPolicy>();
    CHECK(stand_in->action == AuthorizationPolicy::Action::Deny);
    CHECK(stand_in->rules.size() == 1);
    CHECK(stand_in->rules.front().from.empty());
    CHECK((stand_in->selector ? stand_in->selector->labels : Labels{}) == row.labels);
  }
  const Mesh strict = settle(load_files({{"p.yaml", peer("a", "x", "{mtls: {mode: NO}}")}}), Mesh());
  CHECK(strict.resources().front()->as<PeerAuthentication>()->mode() == TlsMode::Strict);
  const Loaded rule = load_files({{"p.yaml",
                                   "apiVersion: networking.istio.io/v1\n"
                                   "kind: DestinationRule\nmetadata: {name: a}\n"}});
  CHECK(settle(rule, Mesh()).size() == 0);
}
