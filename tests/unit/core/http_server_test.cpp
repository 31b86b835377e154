// HttpServer: whole requests to a handler, answers now or later, over both protocols.

#include "core/net/http_server.hpp"

#include "tests/unit/core/http_peer.hpp"
#include "tests/unit/core/patience.hpp"

namespace outrider::test {
namespace {

using net::HttpReply;
using net::HttpRequest;
using net::HttpServer;
using Protocol = ClientOptions::Protocol;

struct World {
  explicit World(HttpServer::Handler handler, Protocol protocol = Protocol::Http1,
                 std::size_t max_body = 1 << 20)
      : patience(loop),
        server(HttpServer::listen(loop, anywhere, std::move(handler), max_body).value()) {
    ClientOptions options;
    options.to = server->address();
    options.protocol = protocol;
    client = std::make_unique<Client>(loop, options);
    patience.run_until([this] { return client->ready; });
  }
  Seen& call(const Head& head, std::string_view body = {}) {
    Seen& seen = *client->call(head, body);
    patience.run_until([&] { return seen.closed == 1; });
    return seen;
  }

  Loop loop;
  Patience patience;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<Client> client;
};

TEST_CASE("a handler gets the whole request and its answer arrives, over HTTP/1 and HTTP/2") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    World world(
        [](const HttpRequest& request, const HttpServer::Answer& answer) {
          CHECK(request.method == "POST");
          CHECK(request.path == "/a b+c");
          CHECK(request.query == "x=1+2%2B3&flag&y=");
          CHECK(request.parameter("x") == "1 2+3");
          CHECK(request.parameter("flag", "none").empty());
          CHECK(request.parameter("z", "none") == "none");
          CHECK(request.has_parameter("y"));
          CHECK_FALSE(request.has_parameter("z"));
          CHECK(request.header("x-one") == "1");
          CHECK(request.header("x-two").empty());
          CHECK(request.authority == "shop.test");
          answer({.status = 201, .body = request.body, .headers = {{"x-made", "here"}}});
          answer({.status = 500, .body = "a second answer is none"});
        },
        protocol);
    const std::string body = body_of(500'000);
    Seen& seen = world.call(*request("POST", "/a%20b+c?x=1+2%2B3&flag&y=", {{"x-one", "1"}}), body);
    CHECK(seen.status == 201);
    CHECK(seen.body == body);
    CHECK(seen.field("x-made") == "here");
    CHECK(seen.field("content-type") == "text/plain; charset=utf-8");
  }
}

TEST_CASE("HEAD is answered without the body, on both protocols") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    World world(
        [](const HttpRequest&, const HttpServer::Answer& answer) { answer({.body = "hello"}); },
        protocol);
    Seen& seen = world.call(*request("HEAD"));
    CHECK(seen.status == 200);
    CHECK(seen.field("content-length") == "5");
    CHECK(seen.body.empty());
    CHECK(world.call(*request("GET")).body == "hello");
  }
}

TEST_CASE("a body that is too large is answered 413 and never reaches the handler") {
  for (const Protocol protocol : {Protocol::Http1, Protocol::Http2}) {
    int handled = 0;
    World world(
        [&](const HttpRequest&, const HttpServer::Answer& answer) {
          ++handled;
          answer({});
        },
        protocol, 1000);
    CHECK(world.call(*request("POST"), body_of(100'000)).status == 413);
    CHECK(handled == 0);
  }
}

TEST_CASE("an answer may come later, and does nothing once the client has gone") {
  std::vector<HttpServer::Answer> answers;
  World world(
      [&](const HttpRequest&, HttpServer::Answer answer) { answers.push_back(std::move(answer)); },
      Protocol::Http2);
  Seen& patient = *world.client->call(*request("GET", "/1"));
  Seen& leaving = *world.client->call(*request("GET", "/2"));
  world.patience.run_until([&] { return answers.size() == 2; });
  answers[0]({.body = "late"});
  world.patience.run_until([&] { return patient.closed == 1; });
  CHECK(patient.body == "late");
  world.client->connection->reset(*leaving.stream, ErrorCode::Cancel);
  world.patience.run_until([&] { return leaving.closed == 1; });
  Seen& after = *world.client->call(*request("GET", "/3"));
  world.patience.run_until([&] { return answers.size() == 3; });
  answers[1]({.body = "nobody"});
  answers[2]({.body = "somebody"});
  world.patience.run_until([&] { return after.closed == 1; });
  CHECK(after.body == "somebody");
}

TEST_CASE("a server may be deleted with requests under way; answers that are held do nothing") {
  std::vector<HttpServer::Answer> answers;
  World world(
      [&](const HttpRequest&, HttpServer::Answer answer) { answers.push_back(std::move(answer)); });
  Seen& seen = *world.client->call(*request("GET"));
  world.patience.run_until([&] { return answers.size() == 1; });
  world.server.reset();
  answers[0]({.body = "too late"});
  world.patience.run_until([&] { return world.client->over; });
  CHECK(seen.heads + seen.status == 0);
  CHECK(seen.resets == 1);
}

}  // namespace
}  // namespace outrider::test
