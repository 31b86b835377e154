// The control plane in memory: API requests and sidecars, no socket, time moved by hand.
#include "control-plane/server/control_plane.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/certs/temporary_directory.hpp"
#include "tests/unit/control/fake_sidecar.hpp"
#include "tests/unit/control/shop_yaml.hpp"

using namespace outrider;
using namespace outrider::control;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using Mood = FakeSidecar::Mood;
using Names = std::vector<std::string>;

namespace {

class Mesh {
 public:
  Mesh() { start(); }

  ManualClock clock;
  std::vector<ApiResponse> answers;

  void start() {
    control_plane_.reset();  // lets go of the state directory
    auto opened = Catalog::open(std::nullopt, directory_.path() / "state");
    REQUIRE(opened);
    CHECK(opened->complaints.empty());
    control_plane_.emplace(std::move(opened->catalog), clock, "127.0.0.1:15080");
  }

  void connect(FakeSidecar& sidecar) {
    const auto stream = control_plane_->open_stream();
    sidecars_[stream] = &sidecar;
    for (const auto& message : sidecar.hello()) REQUIRE(control_plane_->receive(stream, message));
    turn();
  }

  void disconnect(FakeSidecar& sidecar) {
    for (auto entry = sidecars_.begin(); entry != sidecars_.end();) {
      if (entry->second != &sidecar) {
        ++entry;
        continue;
      }
      control_plane_->close_stream(entry->first);
      entry = sidecars_.erase(entry);
    }
    turn();
  }

  // Carries messages until nobody has any more to say.
  void turn() {
    for (auto pushes = control_plane_->take_pushes(); !pushes.empty();
         pushes = control_plane_->take_pushes()) {
      for (const auto& push : pushes) {
        for (const auto& message : push.messages) {
          for (const auto& answer : sidecars_.at(push.stream)->take(message)) {
            REQUIRE(control_plane_->receive(push.stream, answer));
          }
        }
      }
    }
    control_plane_->answer_waiting();
  }

  void request(const std::string& method, const std::string& target, const std::string& body = {}) {
    const ApiRequest request{.method = method,
                             .target = target,
                             .host = "127.0.0.1:15080",
                             .origin = std::nullopt,
                             .content_type = "application/json",
                             .body = body};
    control_plane_->handle(request, [this](ApiResponse r) { answers.push_back(std::move(r)); });
    turn();
  }

  void apply(const std::string& yaml, const std::string& query = {}) {
    request("POST", "/api/v1/apply" + query,
            Json::array({{{"path", "test.yaml"}, {"text", yaml}}}).dump());
  }

  // The answer to the last request, which has to be there.
  ApiResponse answer() {
    REQUIRE(answers.size() == 1);
    const ApiResponse answer = answers.front();
    answers.clear();
    return answer;
  }

  ChangeResult change() {
    const auto result = parse_change_result(answer().body);
    REQUIRE(result);
    return *result;
  }

  ProxyList proxies() {
    request("GET", "/api/v1/proxies");
    const auto list = parse_proxies(answer().body);
    REQUIRE(list);
    return *list;
  }

  [[nodiscard]] ControlPlane& control_plane() { return *control_plane_; }

 private:
  TemporaryDirectory directory_;
  std::optional<ControlPlane> control_plane_;
  std::map<Fleet::StreamId, FakeSidecar*> sidecars_;
};

FakeSidecar gateway() { return {"gateway", "shop", "127.10.0.9", {{"app", "gateway"}}}; }
FakeSidecar order() {
  return {"order-v1", "shop", "127.10.0.1", {{"app", "order"}, {"version", "v1"}}};
}

}  // namespace

TEST_CASE("an apply is answered when every sidecar has taken it in") {
  Mesh mesh;
  FakeSidecar first = gateway(), second = order();
  mesh.connect(first);
  mesh.connect(second);
  mesh.apply(order_entry + "---\n" + order_rule + "---\n" + order_split(90));
  const auto result = mesh.change();
  CHECK(result.generation == 1);
  REQUIRE(result.resources.size() == 3);
  CHECK(result.resources[0].name == "serviceentry.networking.istio.io/order");
  CHECK(result.resources[0].action == "created");
  REQUIRE(result.rollout);
  CHECK(result.rollout->outcome == "applied");
  CHECK(result.rollout->total == 2);
  CHECK(result.rollout->applied == 2);
  CHECK(first.has[ResourceType::Endpoints].size() >= 1);
}

TEST_CASE("an apply waits for a silent sidecar, and says at the timeout who was silent") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  sidecar.mood = Mood::Silent;
  mesh.apply(order_entry, "?timeout=3s");
  CHECK(mesh.answers.empty());
  REQUIRE(mesh.control_plane().next_deadline());
  CHECK(*mesh.control_plane().next_deadline() == mesh.clock.now() + 3s);
  mesh.clock.advance(2999ms);
  mesh.turn();
  CHECK(mesh.answers.empty());
  mesh.clock.advance(1ms);
  mesh.turn();
  const auto result = mesh.change();
  REQUIRE(result.rollout);
  CHECK(result.rollout->outcome == "timed-out");
  CHECK(result.rollout->applied == 0);
  CHECK(result.rollout->pending == Names{"gateway.shop"});
  CHECK_FALSE(mesh.control_plane().next_deadline());
}

TEST_CASE("a refusal ends the wait, with the reason and the resource it is about") {
  Mesh mesh;
  FakeSidecar calm = order(), cross = gateway();
  mesh.apply(order_entry + "---\n" + order_rule);
  mesh.answers.clear();
  mesh.connect(calm);
  mesh.connect(cross);
  cross.mood = Mood::Refuses;
  cross.reason = "no such\ncluster";
  mesh.apply("# two lines\n# before\n" + order_split(90));
  const auto result = mesh.change();
  REQUIRE(result.rollout);
  CHECK(result.rollout->outcome == "refused");
  CHECK(result.rollout->applied == 1);
  REQUIRE(result.rollout->refusals.size() == 1);
  CHECK(result.rollout->refusals[0].sidecar == "gateway.shop");
  CHECK(result.rollout->refusals[0].type == "RDS");
  CHECK(result.rollout->refusals[0].reason == "no such cluster");
  CHECK(result.rollout->refusals[0].origin == "test.yaml:4 (VirtualService shop/order-split)");

  const auto list = mesh.proxies();
  REQUIRE(list.proxies.size() == 2);
  const auto& refused = list.proxies[1].name == "gateway" ? list.proxies[1] : list.proxies[0];
  CHECK(refused.types[3].type == "RDS");
  CHECK(refused.types[3].state == "NACKED");
  CHECK(refused.types[3].reason == "no such cluster");

  // What is stored stays; a corrected file brings the sidecar back.
  cross.mood = Mood::Acks;
  mesh.apply(order_split(50));
  const auto corrected = mesh.change();
  CHECK(corrected.rollout->outcome == "applied");
  CHECK(corrected.rollout->applied == 2);
}

TEST_CASE("a sidecar that the change does not concern counts at once, however silent it is") {
  Mesh mesh;
  FakeSidecar concerned = order(), other = gateway();
  mesh.apply(order_entry);
  mesh.answers.clear();
  mesh.connect(concerned);
  mesh.connect(other);
  other.mood = Mood::Silent;
  const auto before = other.pushed.size();
  const auto rules = order_policy + R"(---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: order, namespace: shop}
spec:
  workloadSelector: {labels: {app: order}}
  ingress:
    - port: {number: 8080, name: http, protocol: HTTP}
      captureMode: NONE
      defaultEndpoint: 0.0.0.0:18080
)";
  mesh.apply(rules);
  const auto result = mesh.change();
  REQUIRE(result.rollout);
  CHECK(result.rollout->outcome == "applied");
  CHECK(result.rollout->total == 2);
  CHECK(result.rollout->applied == 2);
  CHECK(other.pushed.size() == before);
}

TEST_CASE("a sidecar gets its own view and nobody else's") {
  Mesh mesh;
  FakeSidecar serves = order(), calls = gateway();
  mesh.apply(order_entry + "---\n" + R"(apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: order, namespace: shop}
spec:
  workloadSelector: {labels: {app: order}}
  ingress:
    - port: {number: 8080, name: http, protocol: HTTP}
      captureMode: NONE
      defaultEndpoint: 0.0.0.0:18080
)");
  mesh.answers.clear();
  mesh.connect(serves);
  mesh.connect(calls);
  CHECK(serves.has[ResourceType::Listener].size() > calls.has[ResourceType::Listener].size());
  for (const auto& [name, bytes] : calls.has[ResourceType::Listener]) {
    CAPTURE(name);
    CHECK(bytes.find("127.10.0.1") == std::string::npos);
  }
}

TEST_CASE("only the types that an apply changes are pushed") {
  Mesh mesh;
  mesh.apply(order_entry + "---\n" + order_rule + "---\n" + order_split(90));
  mesh.answers.clear();
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  sidecar.pushed.clear();
  mesh.apply(order_split(50));
  CHECK(mesh.change().resources[0].action == "configured");
  CHECK(sidecar.pushed == Names{"RDS 2"});
}

TEST_CASE("applying the same again changes nothing and makes no generation") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  mesh.apply(order_entry);
  CHECK(mesh.change().generation == 1);
  mesh.apply("# a comment more is a change of text\n" + order_entry);
  CHECK(mesh.change().resources[0].action == "configured");
  sidecar.pushed.clear();
  mesh.apply("# a comment more is a change of text\n" + order_entry + "\n");
  const auto again = mesh.change();
  CHECK(again.generation == 2);
  CHECK(again.resources[0].action == "unchanged");
  CHECK(again.rollout->outcome == "applied");
  CHECK(sidecar.pushed.empty());
}

TEST_CASE("wrong YAML is refused whole, with its line, and nothing is stored or pushed") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  sidecar.pushed.clear();
  mesh.apply(order_entry + "---\n" + order_rule + "nonsense: 1\n");
  const auto response = mesh.answer();
  CHECK(response.status == 422);
  const auto result = parse_change_result(response.body);
  REQUIRE(result);
  CHECK(result->error == "nothing was applied");
  REQUIRE_FALSE(result->diagnostics.empty());
  CHECK(result->diagnostics[0].file == "test.yaml");
  CHECK(result->diagnostics[0].line > 13);
  CHECK_FALSE(result->rollout);
  CHECK(sidecar.pushed.empty());
  mesh.request("GET", "/api/v1/resources");
  CHECK(parse_resources(mesh.answer().body)->empty());
}

TEST_CASE("a dry run says what would be done and does nothing") {
  Mesh mesh;
  mesh.apply(order_entry, "?dry-run");
  const auto result = mesh.change();
  CHECK(result.dry_run);
  CHECK(result.resources[0].action == "created");
  CHECK_FALSE(result.rollout);
  mesh.request("GET", "/api/v1/resources/ServiceEntry/shop/order");
  CHECK(mesh.answer().status == 404);
}

TEST_CASE("without waiting the answer is immediate and says how it stands") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  sidecar.mood = Mood::Silent;
  mesh.apply(order_entry, "?no-wait");
  const auto result = mesh.change();
  CHECK(result.rollout->outcome == "not-waited");
  CHECK(result.rollout->pending == Names{"gateway.shop"});
}

TEST_CASE("sidecars that are away are named, until they have been gone for long") {
  Mesh mesh;
  FakeSidecar here = gateway(), gone = order();
  mesh.connect(here);
  mesh.connect(gone);
  mesh.disconnect(gone);
  mesh.apply(order_entry);
  const auto result = mesh.change();
  CHECK(result.rollout->total == 1);
  CHECK(result.rollout->applied == 1);
  CHECK(result.rollout->away == Names{"order-v1.shop"});
  CHECK(mesh.proxies().proxies.size() == 2);
  mesh.clock.advance(2h);
  mesh.apply(order_rule);
  CHECK(mesh.change().rollout->away.empty());
}

TEST_CASE("a sidecar that leaves during the wait is away, and holds nobody up") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  sidecar.mood = Mood::Silent;
  mesh.apply(order_entry);
  CHECK(mesh.answers.empty());
  mesh.disconnect(sidecar);
  const auto result = mesh.change();
  CHECK(result.rollout->outcome == "applied");
  CHECK(result.rollout->total == 0);
  CHECK(result.rollout->away == Names{"gateway.shop"});
}

TEST_CASE("a sidecar that comes back gets what it missed, and is counted by its new stream") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  mesh.disconnect(sidecar);
  mesh.apply(order_entry);
  mesh.answers.clear();
  mesh.connect(sidecar);
  CHECK(sidecar.has[ResourceType::Endpoints].size() >= 1);
  const auto list = mesh.proxies();
  REQUIRE(list.proxies.size() == 1);
  CHECK(list.proxies[0].connected);
  for (const auto& type : list.proxies[0].types) CHECK(type.state == "SYNCED");
}

TEST_CASE("what was applied and deleted is remembered across a restart") {
  Mesh mesh;
  mesh.apply(order_entry + "---\n" + order_rule);
  mesh.apply(order_split(90));
  mesh.request("DELETE", "/api/v1/resources/VirtualService/shop/order-split");
  mesh.answers.clear();
  mesh.start();
  mesh.request("GET", "/api/v1/resources");
  const auto resources = parse_resources(mesh.answer().body);
  REQUIRE(resources);
  REQUIRE(resources->size() == 2);
  CHECK(resources->at(0).key.kind == "ServiceEntry");  // age, too
  CHECK(resources->at(1).file == "test.yaml");
  CHECK(resources->at(1).line == 15);  // as in the file it came from
  mesh.request("GET", "/api/v1/version");
  CHECK(Json::parse(mesh.answer().body).at("generation") == 3);
}

TEST_CASE("deleting waits like applying, and what is not there is a 404") {
  Mesh mesh;
  FakeSidecar sidecar = gateway();
  mesh.connect(sidecar);
  mesh.apply(order_entry);
  mesh.answers.clear();
  REQUIRE(sidecar.has[ResourceType::Cluster].size() > 0);
  const auto clusters = sidecar.has[ResourceType::Cluster].size();
  mesh.request("POST", "/api/v1/delete",
               R"([{"kind": "ServiceEntry", "namespace": "shop", "name": "order"}])");
  const auto result = mesh.change();
  CHECK(result.resources[0].action == "deleted");
  CHECK(result.rollout->outcome == "applied");
  CHECK(sidecar.has[ResourceType::Cluster].size() < clusters);
  mesh.request("DELETE", "/api/v1/resources/ServiceEntry/shop/order");
  CHECK(mesh.answer().status == 404);
}

TEST_CASE("an apply that breaks another resource is refused; an old fault elsewhere is no bar") {
  Mesh mesh;
  mesh.apply(order_entry + "---\n" + order_rule + "---\n" + order_split(90));
  CHECK(mesh.answer().status == 200);
  const auto without_canary = order_rule.substr(0, order_rule.find("    - {name: canary"));
  mesh.apply(without_canary);
  CHECK(mesh.answer().status == 422);
  mesh.request("DELETE", "/api/v1/resources/DestinationRule/shop/order");
  const auto deleted = mesh.change();
  CHECK_FALSE(deleted.diagnostics.empty());  // told, and done
  CHECK(deleted.resources.size() == 1);
  mesh.apply(order_policy);
  CHECK(mesh.answer().status == 200);
}

TEST_CASE("what is no request of ours gets a plain refusal") {
  struct Row {
    const char *method, *target, *body;
    int status;
  };
  const Row rows[] = {
      {"POST", "/api/v1/apply", "", 400},
      {"POST", "/api/v1/apply", "[]", 400},
      {"POST", "/api/v1/apply", "{}", 400},
      {"POST", "/api/v1/apply", R"([{"path": "a"}])", 400},
      {"POST", "/api/v1/apply", R"([{"path": 1, "text": 2}])", 400},
      {"POST", "/api/v1/apply", R"([{"path": "a", "text": ""}])", 422},
      {"POST", "/api/v1/apply?timeout=soon", R"([{"path": "a", "text": "kind: x"}])", 400},
      {"GET", "/api/v1/apply", "", 405},
      {"POST", "/api/v1/proxies", "", 405},
      {"DELETE", "/api/v1/resources", "", 405},
      {"GET", "/api/v1/resources/%zz", "", 400},
      {"GET", "/api/v1/resources/../version", "", 400},
      {"GET", "/api/v2/version", "", 404},
      {"GET", "/api/v1/resources/a/b/c/d", "", 404},
      {"GET", "nonsense", "", 400},
      {"POST", "/api/v1/delete", R"([{"kind": "VirtualService"}])", 400},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CAPTURE(row.body);
    Mesh mesh;
    mesh.request(row.method, row.target, row.body);
    CHECK(mesh.answer().status == row.status);
  }
}

TEST_CASE("a stream that starts without a node, or with a strange one, is ended with a reason") {
  Mesh mesh;
  const std::string cut_off = std::string(199, 'a') + "\xc3\xa9";  // the refusal quotes 200 bytes
  for (const std::string& id : {std::string(), std::string("order"), std::string("sidecar~1.2.3.4~order.shop"),
                                std::string("sidecar~1.2.3.4~a b.c~d"), std::string("sidecar~~order.shop~x"),
                                std::string("sidecar~1.2.3.4~order~x"), cut_off}) {
    CAPTURE(id);
    FakeSidecar::Request request;
    request.mutable_node()->set_id(id);
    request.set_type_url(std::string(type_url(ResourceType::Cluster)));
    const auto stream = mesh.control_plane().open_stream();
    CHECK_FALSE(mesh.control_plane().receive(stream, request.SerializeAsString()));
    mesh.control_plane().close_stream(stream);
  }
  const auto stream = mesh.control_plane().open_stream();
  CHECK_FALSE(mesh.control_plane().receive(stream, "\xff\xff\xff"));
  CHECK(mesh.proxies().proxies.empty());
}
