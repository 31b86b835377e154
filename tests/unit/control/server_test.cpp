// The control plane on real sockets, ports of the kernel's choice, one loop.
#include "control-plane/server/server.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "control-plane/ctl/http_client.hpp"
#include "tests/unit/certs/temporary_directory.hpp"
#include "tests/unit/control/fake_sidecar.hpp"
#include "tests/unit/control/shop_yaml.hpp"

using namespace outrider;
using namespace outrider::control;
using namespace std::chrono_literals;

namespace {

// A server and a sidecar's gRPC channel on one loop, run by the test's thread.
class Scene {
 public:
  explicit Scene(const std::string& path = std::string(ads_path)) : path_(path) {
    auto opened = Catalog::open(std::nullopt, directory_.path() / "state");
    REQUIRE(opened);
    auto server = Server::listen(loop, std::move(opened->catalog),
                                 {{"127.0.0.1", 0}, {"127.0.0.1", 0}});
    REQUIRE(server);
    server_ = std::move(*server);
    guard_.start(loop, 30s, [this] {
      FAIL_CHECK("nothing happened for 30 s");
      loop.stop();
    });
    net::ClientOptions options;
    options.to = server_->xds_address();
    channel_ = std::make_unique<net::GrpcChannel>(
        loop, options, "control", [this] { open_stream(); }, [](const std::string&) {});
  }

  net::Loop loop;
  FakeSidecar sidecar{"gateway", "shop", "127.10.0.9", {{"app", "gateway"}}};
  std::function<void()> after_message = [] {};
  net::GrpcStatus closed_with{-1, {}};

  [[nodiscard]] ControlAddress api() const {
    return {"127.0.0.1", std::to_string(server_->api_address().port)};
  }
  void send(const std::string& message) { stream_->send(message); }

 private:
  void open_stream() {
    stream_ = channel_->open(path_);
    REQUIRE(stream_);
    stream_->on_message = [this](std::string_view message) {
      for (const auto& answer : sidecar.take(std::string(message))) stream_->send(answer);
      after_message();
    };
    stream_->on_closed = [this](const net::GrpcStatus& status) {
      closed_with = status;
      loop.stop();
    };
    for (const auto& message : sidecar.hello()) stream_->send(message);
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<Server> server_;
  net::Timer guard_;
  std::unique_ptr<net::GrpcChannel> channel_;
  std::shared_ptr<net::GrpcStream> stream_;
};

}  // namespace

TEST_CASE("an apply over HTTP reaches a sidecar over gRPC, and is answered when it has acked") {
  Scene scene;
  std::optional<Result<HttpAnswer>> answer;
  std::thread caller;
  scene.after_message = [&] {
    if (caller.joinable() || scene.sidecar.pushed.size() < 2) return;  // connected and synced
    caller = std::thread([&, api = scene.api()] {
      const nlohmann::json body{{{"path", "a.yaml"}, {"text", order_entry}}};
      answer = http_call(api, {.method = "POST", .target = "/api/v1/apply", .body = body.dump()});
      scene.loop.stop();
    });
  };
  scene.loop.run();
  caller.join();
  REQUIRE(answer);
  REQUIRE_MESSAGE(*answer, answer->error().message);
  CHECK((*answer)->status == 200);
  CHECK((*answer)->body.find(R"("outcome":"applied")") != std::string::npos);
  CHECK((*answer)->body.find(R"("total":1)") != std::string::npos);
  CHECK_FALSE(scene.sidecar.has[ResourceType::Endpoints].empty());
}

TEST_CASE("another gRPC method is unimplemented") {
  Scene scene("/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources");
  scene.loop.run();
  CHECK(scene.closed_with.code == 12);
}

TEST_CASE("a message that is no request ends the stream with INVALID_ARGUMENT") {
  Scene scene;
  scene.after_message = [&] { scene.send("\xff\xff\xff"); };
  scene.loop.run();
  CHECK(scene.closed_with.code == 3);
  CHECK(scene.closed_with.message == "the message is no DiscoveryRequest");
}

TEST_CASE("a port in use is told in one line that names it") {
  const TemporaryDirectory directory;
  net::Loop loop;
  auto first = Catalog::open(std::nullopt, directory.path() / "first");
  auto second = Catalog::open(std::nullopt, directory.path() / "second");
  REQUIRE(first);
  REQUIRE(second);
  const auto server =
      Server::listen(loop, std::move(first->catalog), {{"127.0.0.1", 0}, {"127.0.0.1", 0}});
  REQUIRE(server);
  const auto taken = (*server)->api_address();
  const auto refused = Server::listen(loop, std::move(second->catalog), {{"127.0.0.1", 0}, taken});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find(taken.text()) != std::string::npos);
  CHECK(refused.error().message.find('\n') == std::string::npos);
}
