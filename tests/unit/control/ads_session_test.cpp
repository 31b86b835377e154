#include "control-plane/xds/ads_session.hpp"

#include <doctest/doctest.h>

#include "config/xds/discovery.pb.h"

using namespace outrider::control;
using Request = AdsSession::Request;
using Response = AdsSession::Response;

namespace {

using Names = std::vector<std::string>;

std::shared_ptr<const std::string> bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// A view whose resources hold any bytes: the session never reads them.
struct ViewBuilder {
  View view;
  explicit ViewBuilder(std::uint64_t generation) { view.generation = generation; }
  ViewBuilder& with(ResourceType type, const std::string& name, const std::string& content) {
    view.contents[index_of(type)][name] = bytes(content);
    if (type == ResourceType::Endpoints || type == ResourceType::Route) {
      view.referenced[index_of(type)].insert(name);
    }
    return *this;
  }
  std::shared_ptr<const View> build() const { return std::make_shared<const View>(view); }
};

ViewBuilder shop(std::uint64_t generation) {
  ViewBuilder builder(generation);
  builder.with(ResourceType::Cluster, "order", "c1")
      .with(ResourceType::Endpoints, "order", "e1")
      .with(ResourceType::Listener, "http", "l1")
      .with(ResourceType::Route, "http_proxy", "r1");
  return builder;
}

Request ask(ResourceType type, const Names& names = {}) {
  Request request;
  request.set_type_url(std::string(type_url(type)));
  for (const auto& name : names) request.add_resource_names(name);
  return request;
}

Request ack(const Response& response, const Names& names = {}) {
  Request request = ask(*type_of_url(response.type_url()), names);
  request.set_version_info(response.version_info());
  request.set_response_nonce(response.nonce());
  return request;
}

Request nack(const Response& response, const std::string& reason, const Names& names = {}) {
  Request request = ack(response, names);
  request.set_version_info("");
  request.mutable_error_detail()->set_code(3);
  request.mutable_error_detail()->set_message(reason);
  return request;
}

// What a sidecar asks for by name for each type, and its answer to every response until silence.
// Gives the types pushed, in order.
Names answer_all(AdsSession& session) {
  Names pushed;
  for (auto responses = session.take_responses(); !responses.empty();
       responses = session.take_responses()) {
    for (const auto& response : responses) {
      const auto type = *type_of_url(response.type_url());
      pushed.emplace_back(short_name(type));
      Names names;
      if (type == ResourceType::Endpoints) names = {"order"};
      if (type == ResourceType::Route) names = {"http_proxy"};
      REQUIRE(session.receive(ack(response, names)));
    }
  }
  return pushed;
}

void subscribe(AdsSession& session) {
  REQUIRE(session.receive(ask(ResourceType::Cluster)));
  REQUIRE(session.receive(ask(ResourceType::Endpoints, {"order"})));
  REQUIRE(session.receive(ask(ResourceType::Listener)));
  REQUIRE(session.receive(ask(ResourceType::Route, {"http_proxy"})));
}

// A sidecar that has taken in shop(1).
AdsSession synced() {
  AdsSession session("s");
  session.set_view(shop(1).build());
  subscribe(session);
  answer_all(session);
  REQUIRE(session.standing() == SyncState::Synced);
  return session;
}

}  // namespace

TEST_CASE("a new stream gets what it asks for, clusters first and routes last") {
  AdsSession session("s");
  session.set_view(shop(1).build());
  CHECK(session.take_responses().empty());
  subscribe(session);
  CHECK(answer_all(session) == Names{"CDS", "EDS", "LDS", "RDS"});
  CHECK(session.standing() == SyncState::Synced);
}

TEST_CASE("a response carries the generation as its version and a nonce of this stream") {
  AdsSession session("stream-9");
  session.set_view(shop(7).build());
  REQUIRE(session.receive(ask(ResourceType::Cluster)));
  const auto responses = session.take_responses();
  REQUIRE(responses.size() == 1);
  CHECK(responses[0].version_info() == "7");
  CHECK(responses[0].nonce() == "stream-9-1");
  REQUIRE(responses[0].resources_size() == 1);
  CHECK(responses[0].resources(0).type_url() == type_url(ResourceType::Cluster));
  CHECK(responses[0].resources(0).value() == "c1");
}

TEST_CASE("only the types that changed are pushed, and nothing when none did") {
  AdsSession session = synced();
  session.set_view(shop(2).build());
  CHECK(answer_all(session).empty());
  CHECK(session.standing() == SyncState::Synced);
  session.set_view(shop(3).with(ResourceType::Route, "http_proxy", "r2").build());
  CHECK(session.standing() == SyncState::Stale);
  CHECK(answer_all(session) == Names{"RDS"});
  session.set_view(shop(4)
                       .with(ResourceType::Route, "http_proxy", "r2")
                       .with(ResourceType::Endpoints, "order", "e2")
                       .build());
  CHECK(answer_all(session) == Names{"EDS"});
}

TEST_CASE("a changed cluster brings its endpoints along, for it warms anew") {
  AdsSession session = synced();
  session.set_view(shop(2).with(ResourceType::Cluster, "order", "c2").build());
  CHECK(answer_all(session) == Names{"CDS", "EDS"});
}

TEST_CASE("while one response is unanswered no second one of its type is sent") {
  AdsSession session("s");
  session.set_view(shop(1).build());
  REQUIRE(session.receive(ask(ResourceType::Cluster)));
  const auto first = session.take_responses();
  REQUIRE(first.size() == 1);
  session.set_view(shop(2).with(ResourceType::Cluster, "order", "c2").build());
  session.set_view(shop(3).with(ResourceType::Cluster, "order", "c3").build());
  CHECK(session.take_responses().empty());
  REQUIRE(session.receive(ack(first[0])));
  const auto second = session.take_responses();
  REQUIRE(second.size() == 1);
  CHECK(second[0].version_info() == "3");
  CHECK(second[0].resources(0).value() == "c3");
}

TEST_CASE("a refusal is kept with its reason, and the refused content is not sent again") {
  AdsSession session = synced();
  session.set_view(shop(2).with(ResourceType::Route, "http_proxy", "bad").build());
  const auto pushed = session.take_responses();
  REQUIRE(pushed.size() == 1);
  REQUIRE(session.receive(nack(pushed[0], "route http_proxy: no such cluster", {"http_proxy"})));
  CHECK(session.take_responses().empty());
  CHECK(session.standing() == SyncState::Refused);
  const auto status = session.status(ResourceType::Route);
  CHECK(status.state == SyncState::Refused);
  CHECK(status.reason == "route http_proxy: no such cluster");
  CHECK(status.refused_generation == 2);
  CHECK(status.acked_generation == 1);
}

TEST_CASE("good after bad converges, whether the good is new or the old one again") {
  for (const char* good : {"r1", "r2"}) {
    CAPTURE(good);
    AdsSession session = synced();
    for (std::uint64_t round = 0; round < 100; ++round) {
      session.set_view(
          shop(2 * round + 2).with(ResourceType::Route, "http_proxy", "bad").build());
      const auto bad = session.take_responses();
      REQUIRE(bad.size() == 1);
      REQUIRE(session.receive(nack(bad[0], "no", {"http_proxy"})));
      CHECK(session.standing() == SyncState::Refused);
      session.set_view(shop(2 * round + 3).with(ResourceType::Route, "http_proxy", good).build());
      CHECK(answer_all(session) == Names{"RDS"});
      CHECK(session.standing() == SyncState::Synced);
    }
  }
}

TEST_CASE("an answer with an old or unknown nonce changes nothing") {
  AdsSession session("s");
  session.set_view(shop(1).build());
  REQUIRE(session.receive(ask(ResourceType::Cluster)));
  const auto first = session.take_responses();
  REQUIRE(session.receive(ack(first[0])));
  session.set_view(shop(2).with(ResourceType::Cluster, "order", "c2").build());
  const auto second = session.take_responses();
  REQUIRE(second.size() == 1);
  REQUIRE(session.receive(nack(first[0], "too late")));
  auto foreign = ack(second[0]);
  foreign.set_response_nonce("other-1");
  REQUIRE(session.receive(foreign));
  CHECK(session.status(ResourceType::Cluster).state == SyncState::Stale);
  CHECK(session.take_responses().empty());
  REQUIRE(session.receive(ack(second[0])));
  CHECK(session.status(ResourceType::Cluster).state == SyncState::Synced);
}

TEST_CASE("names added to a subscription are answered even when nothing changed") {
  AdsSession session("s");
  session.set_view(shop(1).with(ResourceType::Endpoints, "payment", "p1").build());
  REQUIRE(session.receive(ask(ResourceType::Endpoints, {"order"})));
  const auto first = session.take_responses();
  REQUIRE(first.size() == 1);
  CHECK(first[0].resources_size() == 1);
  REQUIRE(session.receive(ack(first[0], {"order", "payment"})));
  const auto second = session.take_responses();
  REQUIRE(second.size() == 1);
  CHECK(second[0].resources_size() == 2);
  REQUIRE(session.receive(ack(second[0], {"payment"})));
  CHECK(session.take_responses().empty());  // asking for less needs no answer
  session.set_view(shop(2).with(ResourceType::Endpoints, "payment", "p1").build());
  CHECK(session.take_responses().empty());
}

TEST_CASE("listeners and clusters are all meant when no name was ever given, endpoints never") {
  AdsSession session("s");
  session.set_view(shop(1).with(ResourceType::Cluster, "payment", "c").build());
  REQUIRE(session.receive(ask(ResourceType::Cluster)));
  REQUIRE(session.receive(ask(ResourceType::Endpoints)));
  const auto all = session.take_responses();
  REQUIRE(all.size() == 2);
  CHECK(all[0].resources_size() == 2);
  CHECK(all[1].resources_size() == 0);
  REQUIRE(session.receive(ack(all[0], {"order"})));  // from now on by name
  session.set_view(shop(2).with(ResourceType::Cluster, "payment", "changed").build());
  CHECK(session.take_responses().empty());
  REQUIRE(session.receive(ack(all[0], {"*"})));
  const auto again = session.take_responses();
  REQUIRE(again.size() == 1);
  CHECK(again[0].resources_size() == 2);
}

TEST_CASE("a cluster that is gone stays until no route of the sidecar can name it") {
  AdsSession session = synced();
  ViewBuilder next(2);
  next.with(ResourceType::Cluster, "payment", "c")
      .with(ResourceType::Listener, "http", "l1")
      .with(ResourceType::Route, "http_proxy", "to payment");
  session.set_view(next.build());
  const auto made = session.take_responses();
  REQUIRE(made.size() >= 2);
  CHECK(made.front().resources_size() == 2);  // order beside payment
  for (const auto& response : made) {
    if (*type_of_url(response.type_url()) == ResourceType::Route) continue;
    REQUIRE(session.receive(ack(response)));
    CHECK(session.take_responses().empty());
  }
  CHECK(session.standing() == SyncState::Stale);
  REQUIRE(session.receive(ack(made.back(), {"http_proxy"})));
  const auto broken = session.take_responses();
  REQUIRE(broken.size() == 1);
  CHECK(*type_of_url(broken[0].type_url()) == ResourceType::Cluster);
  CHECK(broken[0].resources_size() == 1);
  REQUIRE(session.receive(ack(broken[0])));
  CHECK(session.standing() == SyncState::Synced);
}

TEST_CASE("a sidecar that has not asked for the endpoints of a new cluster is not done") {
  AdsSession session = synced();
  session.set_view(shop(2)
                       .with(ResourceType::Cluster, "payment", "c")
                       .with(ResourceType::Endpoints, "payment", "e")
                       .build());
  const auto clusters = session.take_responses();
  REQUIRE(clusters.size() == 1);
  REQUIRE(session.receive(ack(clusters[0])));
  CHECK(session.take_responses().empty());
  CHECK(session.standing() == SyncState::Stale);
  REQUIRE(session.receive(ask(ResourceType::Endpoints, {"order", "payment"})));
  const auto endpoints = session.take_responses();
  REQUIRE(endpoints.size() == 1);
  CHECK(session.standing() == SyncState::Stale);
  REQUIRE(session.receive(ack(endpoints[0], {"order", "payment"})));
  CHECK(session.standing() == SyncState::Synced);
}

TEST_CASE("a type that is not ours is ignored; a request beyond all measure ends the stream") {
  AdsSession session("s");
  session.set_view(shop(1).build());
  Request strange;
  strange.set_type_url("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret");
  CHECK(session.receive(strange));
  CHECK(session.take_responses().empty());
  Request endless = ask(ResourceType::Endpoints);
  for (int i = 0; i < 50'001; ++i) endless.add_resource_names(std::to_string(i));
  CHECK_FALSE(session.receive(endless));
  CHECK_FALSE(session.receive(ask(ResourceType::Route, {std::string(5000, 'x')})));
}

TEST_CASE("a reason longer than a page is cut") {
  AdsSession session("s");
  session.set_view(shop(1).build());
  REQUIRE(session.receive(ask(ResourceType::Listener)));
  const auto pushed = session.take_responses();
  REQUIRE(session.receive(nack(pushed[0], std::string(100'000, 'x'))));
  CHECK(session.status(ResourceType::Listener).reason.size() == 4096);
}
