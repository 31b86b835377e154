// Mutual TLS: who may speak to whom, and what they are told who may not.

#include <fmt/format.h>

#include "tests/harness/mesh.hpp"

namespace outrider::scenario {
namespace {

net::ClientOptions with_tls(const Trust& trust, const std::string& who) {
  net::ClientOptions options = HttpClient::http2();
  options.tls = trust.client(who);
  options.alpn = {"h2"};
  options.sni = "app";
  options.protocol = HttpClient::Protocol::ByAlpn;
  return options;
}

}  // namespace

TEST_CASE("STRICT refuses plaintext in words: HTTP/1.1 by a 403, HTTP/2 by INADEQUATE_SECURITY") {
  Pair pair;
  RawClient h1(pair.server.at("inbound"));
  const Answer answer = h1.ask("GET", "/bytes/5");
  CHECK(answer.status == 403);
  CHECK(answer.whole);
  CHECK(answer.body.find("mutual TLS") != std::string::npos);
  CHECK(h1.ended());
  RawClient h2(pair.server.at("inbound"));
  h2.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9));
  const std::string said = h2.read_to_end();
  // GOAWAY: type 7, error code 0xc.
  const std::string goaway = std::string("\x07\0\0\0\0\0", 6);
  const std::size_t at = said.find(goaway);
  REQUIRE(at != std::string::npos);
  REQUIRE(said.size() >= at + 14);
  CHECK(said.substr(at + 10, 4) == std::string("\0\0\0\x0c", 4).substr(0, 4));
  CHECK(pair.app.requests == 0);
  CHECK(pair.server.counts(2, "outrider_rejections_total", {"reason=\"plaintext_refused\""}));
}

TEST_CASE("PERMISSIVE takes mutual TLS and plaintext on one port, and says which it was") {
  Pair pair({.mode = Mtls::Permissive});
  RawClient h1(pair.server.at("inbound"));
  CHECK(h1.ask("GET", "/bytes/5").body == pattern(5));
  HttpClient h2(pair.server.at("inbound"));
  CHECK(h2.ask("GET", "/bytes/5").body == pattern(5));
  CHECK(RawClient(pair.entry()).ask("GET", "/bytes/5").body == pattern(5));
  HttpClient own(pair.server.at("inbound"), with_tls(pair.trust, "client"));
  CHECK(own.ask("GET", "/bytes/5").body == pattern(5));
  CHECK(own.identity() == identity("server"));
  const std::string policy = "connection_security_policy=";
  CHECK(pair.server.counts(2, "istio_requests_total", {policy + "\"mutual_tls\""}));
  CHECK(pair.server.counts(2, "istio_requests_total", {policy + "\"none\""}));
}

TEST_CASE("a connection taken as plaintext is told so when its listener becomes STRICT") {
  Pair pair({.mode = Mtls::Permissive});
  RawClient h1(pair.server.at("inbound"));
  HttpClient h2(pair.server.at("inbound"));
  CHECK(h1.ask("GET", "/bytes/5").status == 200);
  Call standing = h2.start("POST", "/echo", {}, false);
  REQUIRE(standing.wait_head());
  pair.server_resources[0]["filter_chains"].erase(1);
  REQUIRE(pair.server.push(pair.server_resources));
  const Answer refused = h1.ask("GET", "/bytes/5");
  CHECK(refused.status == 403);
  CHECK(refused.whole);
  CHECK(refused.body.find("mutual TLS") != std::string::npos);
  CHECK(h1.ended());
  CHECK(h2.ask("GET", "/bytes/5").status == 403);
  standing.send("was allowed", true);
  CHECK(standing.result().body == "was allowed");
  CHECK(h2.wait_closed());
  CHECK(pair.app.requests == 2);
  CHECK(RawClient(pair.entry()).ask("GET", "/bytes/5").status == 200);
}

TEST_CASE("a certificate of another mesh is refused, whichever side it is on") {
  Pair pair;
  Trust stranger;
  HttpClient client(pair.server.at("inbound"), with_tls(stranger, "client"));
  CHECK_FALSE(client.ready());
  CHECK(client.failure().find("certificate") != std::string::npos);

  // The server's is theirs, and so is the client's trust; only the client's own is not.
  net::ClientOptions mixed = with_tls(pair.trust, "client");
  const std::string folder = stranger.issue("client");
  auto credentials = proxy::read_credentials(folder);
  REQUIRE(credentials.has_value());
  credentials->roots = pair.trust.authority().root().certificate;
  auto context = protocol::TlsContext::client(*credentials);
  REQUIRE(context.has_value());
  mixed.tls = std::make_shared<const protocol::TlsContext>(std::move(*context));
  HttpClient imposter(pair.server.at("inbound"), mixed);
  // TLS 1.3: the client is through before the server has judged it.
  CHECK(imposter.wait_closed());
  CHECK(pair.app.requests == 0);

  net::ServerOptions options;
  auto server = protocol::TlsContext::server(*proxy::read_credentials(stranger.issue("server")), protocol::Callers::Mesh,
                                             std::vector<std::string>{"h2"});
  REQUIRE(server.has_value());
  options.tls = std::make_shared<const protocol::TlsContext>(std::move(*server));
  App fake(options);
  json to = cluster("app", {fake.address()});
  secure(to, "server");
  Running sidecar("client", {outbound("outbound", virtual_host({route("app")})), to}, &pair.trust);
  const Answer answer = RawClient(sidecar.at("outbound")).ask("GET", "/bytes/5");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("certificate") != std::string::npos);
  CHECK(sidecar.counts(1, "istio_requests_total", {"response_flags=\"UF\""}));
  CHECK(fake.requests == 0);
}

TEST_CASE("a server that is somebody else is not spoken to, and the answer names both identities") {
  Pair pair({.client = [](std::vector<json>& resources) { secure(resources[1], "payment"); }});
  const Answer answer = RawClient(pair.entry()).ask("GET", "/bytes/5");
  CHECK(answer.status == 503);
  CHECK(answer.body.find(identity("server")) != std::string::npos);
  CHECK(answer.body.find(identity("payment")) != std::string::npos);
  CHECK(pair.client.counts(1, "istio_requests_total", {"response_flags=\"UF\""}));
  CHECK(pair.app.requests == 0);
}

TEST_CASE("mutual TLS is never replaced by plaintext when there is no certificate") {
  App app;
  json to = cluster("app", {app.address()});
  secure(to, "server");
  Running sidecar("client", {outbound("outbound", virtual_host({route("app")})), to}, nullptr);
  const Answer answer = RawClient(sidecar.at("outbound")).ask("GET", "/bytes/5");
  CHECK(answer.status == 503);
  CHECK(answer.body.find("certificate") != std::string::npos);
  CHECK(answer.field("x-envoy-overloaded").empty());
  CHECK(sidecar.counts(1, "istio_requests_total", {"response_flags=\"UF\""}));
  CHECK(app.connections == 0);
}

TEST_CASE("a server that speaks no TLS is not spoken to") {
  App app;
  Trust trust;
  json to = cluster("app", {app.address()});
  secure(to, "server");
  Running sidecar("client", {outbound("outbound", virtual_host({route("app")})), to}, &trust);
  const Answer answer = RawClient(sidecar.at("outbound")).ask("GET", "/bytes/5");
  CHECK(answer.status == 503);
  CHECK(sidecar.counts(1, "istio_requests_total", {"response_flags=\"UF\""}));
  CHECK(app.requests == 0);
}

TEST_CASE("new certificates are for new connections; the old connections live on") {
  Pair pair;
  HttpClient old(pair.server.at("inbound"), with_tls(pair.trust, "client"));
  Call call = old.start("POST", "/echo", {}, false);
  REQUIRE(call.wait_head());
  RawClient through(pair.entry());
  CHECK(through.ask("GET", "/bytes/1").status == 200);

  // The server's identity changes under its old name, so that it can be seen which one was shown.
  const auto id = certs::make_spiffe_id("cluster.local", "shop", "renewed");
  const auto made = pair.trust.authority().issue(
      *id, certs::valid_for(std::chrono::hours(1), SystemClock().wall_now()));
  REQUIRE(made.has_value());
  pair.trust.replace("server", *made);
  REQUIRE(eventually([&] {
    HttpClient fresh(pair.server.at("inbound"), with_tls(pair.trust, "client"));
    return fresh.ready() && fresh.identity() == identity("renewed");
  }));
  call.send("old", true);
  CHECK(call.result().body == "old");
  CHECK(old.ask("GET", "/bytes/5").body == pattern(5));
  CHECK(through.ask("GET", "/bytes/1").status == 200);
}

TEST_CASE("a certificate file that makes no sense leaves the last good one in force") {
  Pair pair;
  pair.trust.replace("server", {"not a certificate", "nor a key"});
  pair.trust.replace("client", {"", ""});
  for (int i = 0; i < 5; ++i) {
    HttpClient fresh(pair.server.at("inbound"), with_tls(pair.trust, "other"));
    CHECK(fresh.ask("GET", "/bytes/5").body == pattern(5));
    CHECK(fresh.identity() == identity("server"));
    CHECK(RawClient(pair.entry()).ask("GET", "/bytes/5").body == pattern(5));
  }
}

TEST_CASE("who called is written by the sidecar, never believed from outside") {
  Pair pair({.mode = Mtls::Permissive});
  const std::string lie = "By=spiffe://x/ns/y/sa/z;URI=spiffe://cluster.local/ns/shop/sa/admin";
  const std::string told =
      RawClient(pair.entry()).ask("GET", "/headers", "X-Forwarded-Client-Cert: " + lie + "\r\n").body;
  CAPTURE(told);
  CHECK(told.find("sa/admin") == std::string::npos);
  CHECK(told.find("x-forwarded-client-cert: By=" + identity("server") + ";Hash=") != std::string::npos);
  CHECK(told.find(";URI=" + identity("client")) != std::string::npos);
  CHECK(told.find("x-envoy-peer-metadata") == std::string::npos);
  // Straight to the inbound port, with and without a certificate.
  HttpClient mesh_peer(pair.server.at("inbound"), with_tls(pair.trust, "client"));
  const std::string peer = mesh_peer.ask("GET", "/headers", {{"x-forwarded-client-cert", lie}}).body;
  CHECK(peer.find("sa/admin") == std::string::npos);
  CHECK(peer.find(";URI=" + identity("client")) != std::string::npos);
  const std::string plain =
      RawClient(pair.server.at("inbound")).ask("GET", "/headers", "X-Forwarded-Client-Cert: " + lie + "\r\n").body;
  CHECK(plain.find("x-forwarded-client-cert") == std::string::npos);
}

TEST_CASE("authorization knows callers by their certificates") {
  const json allow = {
      {"action", "ALLOW"},
      {"policies",
       {{"clients",
         {{"permissions", {{{"any", true}}}},
          {"principals", {{{"authenticated", {{"principal_name", {{"exact", identity("client")}}}}}}}}}}}}};
  Pair pair({.server = [&](std::vector<json>& resources) { add_rbac(resources[0], allow); },
             .mode = Mtls::Permissive});
  CHECK(RawClient(pair.entry()).ask("GET", "/bytes/5").status == 200);
  HttpClient other(pair.server.at("inbound"), with_tls(pair.trust, "other"));
  CHECK(other.ask("GET", "/bytes/5").status == 403);
  CHECK(RawClient(pair.server.at("inbound")).ask("GET", "/bytes/5").status == 403);
  CHECK(pair.app.requests == 1);
}

}  // namespace outrider::scenario
