// GrpcServer and GrpcChannel on one loop: streams both ways, statuses, ends.

#include "core/net/grpc.hpp"
#include "tests/unit/core/patience.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using net::ClientOptions;
using net::GrpcChannel;
using net::GrpcServer;
using net::GrpcStatus;
using net::GrpcStream;
using net::Loop;
using StreamPtr = std::shared_ptr<GrpcStream>;

struct World {
  explicit World(GrpcServer::OnCall on_call, std::size_t max_message = 1 << 20)
      : patience(loop),
        server(GrpcServer::listen(loop, {"127.0.0.1", 0}, {}, std::move(on_call), max_message)
                   .value()) {
    ClientOptions options;
    options.to = server->address();
    channel = std::make_unique<GrpcChannel>(
        loop, options, "control", [this] { ready = true; },
        [this](const std::string& reason) { closed = reason; });
    patience.run_until([this] { return ready; });
  }

  // Opens a call whose end is remembered.
  StreamPtr call(const std::string& path = "/a.B/C") {
    StreamPtr stream = channel->open(path);
    REQUIRE(stream);
    stream->on_message = [this](std::string_view message) { received.emplace_back(message); };
    stream->on_closed = [this](const GrpcStatus& s) { status = s; };
    return stream;
  }
  void run_to_end() {
    patience.run_until([this] { return status.has_value(); });
  }

  Loop loop;
  Patience patience;
  std::unique_ptr<GrpcServer> server;
  bool ready = false;
  std::optional<std::string> closed;
  std::vector<std::string> received;
  std::optional<GrpcStatus> status;
  std::unique_ptr<GrpcChannel> channel;
};

TEST_CASE(
    "thousands of messages pass both ways on one stream, in order, with a status at the end") {
  std::size_t served = 0;
  bool in_order = true;
  World world([&](const StreamPtr& stream) {
    CHECK(stream->path() == "/a.B/C");
    stream->on_message = [&, s = stream.get()](std::string_view message) {
      in_order = in_order && message.starts_with(std::to_string(served++) + ":");
      s->send(message);
    };
    stream->on_half_close = [s = stream.get()] { s->finish({0, ""}); };
  });
  const StreamPtr stream = world.call();
  std::vector<std::string> sent;
  for (int i = 0; i < 3000; ++i) {
    sent.push_back(std::to_string(i) + ":" +
                   std::string(static_cast<std::size_t>(i * 7 % 2000), 'x'));
    stream->send(sent.back());
  }
  CHECK(stream->queued() > 0);
  stream->finish();
  world.run_to_end();
  CHECK(in_order);
  CHECK(served == 3000);
  CHECK(world.received == sent);
  CHECK(world.status->code == 0);
  CHECK(stream->queued() == 0);
  CHECK_FALSE(stream->open());
}

TEST_CASE("the text of a call's path may be gone before the call leaves") {
  std::string seen;
  World world([&](const StreamPtr& stream) {
    seen = stream->path();
    stream->finish({0, ""});
  });
  std::string path = "/a.B/C";
  world.call(path);
  path.assign(path.size(), '?');
  world.run_to_end();
  CHECK(seen == "/a.B/C");
}

TEST_CASE("a status and its message arrive as they were given, with or without messages before") {
  const std::string text = "cannot\nset 100% of \xc3\xa4: try again";
  for (const bool messages : {false, true}) {
    World world([&](const StreamPtr& stream) {
      if (messages) stream->send("x");
      stream->finish({9, text});
    });
    world.call();
    world.run_to_end();
    CHECK(world.status->code == 9);
    CHECK(world.status->message == text);
    CHECK(world.received.size() == (messages ? 1U : 0U));
  }
}

TEST_CASE("a message that is too large ends the call with RESOURCE_EXHAUSTED") {
  World world([](const StreamPtr&) {}, 1000);
  world.call()->send(std::string(1001, 'x'));
  world.run_to_end();
  CHECK(world.status->code == 8);
}

TEST_CASE("a cancelled call tells the server, and nothing more happens on it here") {
  std::optional<GrpcStatus> at_server;
  World world([&](const StreamPtr& stream) {
    stream->on_closed = [&](const GrpcStatus& status) { at_server = status; };
    for (int i = 0; i < 10; ++i) stream->send("x");
  });
  const StreamPtr stream = world.call();
  stream->on_message = [&](std::string_view) {
    world.received.emplace_back("x");
    stream->cancel();
  };
  world.patience.run_until([&] { return at_server.has_value() && world.status.has_value(); });
  CHECK(world.received.size() == 1);
}

TEST_CASE("a channel may be deleted from its own callbacks, and no callback follows") {
  World world([](const StreamPtr& stream) {
    for (int i = 0; i < 10; ++i) stream->send("x");
  });
  const StreamPtr stream = world.call();
  stream->on_message = [&, text = std::string(100, 'x')](std::string_view) {
    stream->send("still dirty in this turn");
    world.channel.reset();
    world.received.push_back(text);
  };
  world.patience.run_until([&] { return world.status.has_value() && !world.received.empty(); });
  bool turned = false;
  (void)world.loop.post([&] { turned = true; });
  world.patience.run_until([&] { return turned; });
  CHECK(world.received.size() == 1);
  CHECK_FALSE(stream->open());
  CHECK_FALSE(world.closed);
  stream->send("nobody");
  stream->finish();
  stream->cancel();
}

TEST_CASE(
    "a server that goes away ends every call and the channel, which may be replaced at once") {
  World world([](const StreamPtr& stream) { stream->send("hello"); });
  world.call();
  world.patience.run_until([&] { return !world.received.empty(); });
  std::optional<GrpcStatus> end;
  world.server.reset();
  world.patience.run_until([&] { return world.closed.has_value(); });
  CHECK(world.status->code == 14);
  CHECK(world.channel->open("/a.B/C") == nullptr);
}

TEST_CASE("a channel that cannot connect says so, and may be deleted while it does") {
  Loop loop;
  Patience patience(loop);
  SocketAddress nobody = GrpcServer::listen(loop, {"127.0.0.1", 0}, {}, {}).value()->address();
  ClientOptions options;
  options.to = nobody;
  std::string reason;
  std::unique_ptr<GrpcChannel> channel;
  channel = std::make_unique<GrpcChannel>(
      loop, options, "control", [] { FAIL("nobody is there"); },
      [&, copy = std::string(100, 'x')](const std::string& why) {
        channel.reset();
        reason = why + (copy.size() == 100 ? "" : "!");
      });
  patience.run_until([&] { return !reason.empty(); });
  CHECK(reason.find("refused") != std::string::npos);
}

}  // namespace
}  // namespace outrider::test
