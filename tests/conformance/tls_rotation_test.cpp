// Certificates that change, or should not: resumption, servers that are not who they should be, bad
// files and pushes, rotation under load (TLS-11, TLS-13, TLS-15, TLS-16).

#include <fmt/format.h>

#include <thread>

#include "tests/conformance/guarded.hpp"

namespace outrider::scenario {
namespace {

using test::Wanted;

json with_own_certificate(json listener, const protocol::TlsCredentials& credentials) {
  json& context = listener["filter_chains"][0]["transport_socket"]["typed_config"];
  context["require_client_certificate"] = false;
  context["common_tls_context"] = {
      {"alpn_protocols", {"h2", "http/1.1"}},
      {"tls_certificates",
       {{{"certificate_chain", {{"inline_string", credentials.certificate_chain}}},
         {"private_key", {{"inline_string", credentials.private_key}}}}}}};
  return listener;
}

}  // namespace

TEST_CASE("TLS-11: a session is resumed as the caller that it was given to, by TLS 1.3 alone, and nothing is sent early") {
  Guarded guarded;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsOffer offer = guarded.good();
    offer.context = [version](SSL_CTX* context) {
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
      SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    };
    TlsClient first(guarded.at(), offer);
    REQUIRE(first.handshake());
    CHECK(first.ask_once("/bytes/5").ends_with(pattern(5)));
    SSL_SESSION* session = SSL_get1_session(first.native());
    CHECK(SSL_SESSION_get_max_early_data(session) == 0);
    // It comes from somewhere with another certificate: who has its secret is who it was given to, and nobody else.
    TlsOffer other = guarded.offer(named(identity("other")));
    other.context = offer.context;
    TlsClient second(guarded.at(), other);
    SSL_set_session(second.native(), session);
    REQUIRE(second.handshake());
    const bool resumed = version == TLS1_3_VERSION;
    CHECK((SSL_session_reused(second.native()) == 1) == resumed);
    CHECK(second.ask_once("/headers").find(resumed ? "sa/client" : "sa/other") != std::string::npos);
    SSL_SESSION_free(session);
  }
}

TEST_CASE("TLS-11: sessions end with the trust bundle and the certificate that they were opened with, whichever changes") {
  Guarded guarded;
  const test::Authority stranger;
  const TlsOffer offer = guarded.good();
  // A session that serves, and whether it is resumed by the next connection.
  const auto resumes = [&](auto change, bool& served) {
    TlsClient first(guarded.at(), offer);
    REQUIRE(first.handshake());
    REQUIRE(first.ask_once("/bytes/5").ends_with(pattern(5)));
    SSL_SESSION* session = SSL_get1_session(first.native());
    change();
    TlsClient second(guarded.at(), offer);
    SSL_set_session(second.native(), session);
    SSL_SESSION_free(session);
    served = second.handshake() && second.ask_once("/bytes/5").ends_with(pattern(5));
    return SSL_session_reused(second.native()) == 1;
  };
  const auto shows = [&](const char* account) {
    return eventually([&] {
      TlsClient client(guarded.at(), offer);
      return client.handshake() && protocol::spiffe_identity(*client.server()).value() == identity(account);
    });
  };
  bool served = false;
  CHECK(resumes([] {}, served));
  CHECK(served);
  auto changed = guarded.authority.credentials(named(identity("renewed")));
  CHECK_FALSE(resumes([&] { guarded.write(changed); REQUIRE(shows("renewed")); }, served));
  CHECK(served);
  changed = guarded.authority.credentials(named(identity("distrustful")));
  changed.roots = stranger.root();  // those that vouched for the caller are gone
  CHECK_FALSE(resumes([&] { guarded.write(changed); REQUIRE(shows("distrustful")); }, served));
  CHECK_FALSE(served);
}

TEST_CASE("TLS-13: a server that is not who it should be gets no request, and the caller is told why") {
  const test::Authority authority, stranger;
  const Folder own;
  const auto certificates = authority.named("client");
  own.write("root-cert.pem", certificates.roots);
  own.write("cert-chain.pem", certificates.certificate_chain);
  own.write("key.pem", certificates.private_key);
  const auto serving = [](const protocol::TlsCredentials& credentials) {
    net::ServerOptions options;
    auto made = protocol::TlsContext::server(credentials, protocol::Callers::MeshOrAnonymous, std::vector<std::string>{"h2"});
    REQUIRE(made.has_value());
    options.tls = std::make_shared<const protocol::TlsContext>(std::move(*made));
    return options;
  };
  Wanted expired = named(identity("server")), spelled_alike = named(identity("other"));
  expired.begins = -7200, expired.ends = -3600;
  spelled_alike.dns = "server.shop.svc.cluster.local";
  auto strange = stranger.credentials(named(identity("server")));
  strange.roots = authority.root();
  struct Row {
    const char* name;
    net::ServerOptions options;
    const char* why;
  };
  const Row rows[] = {
      {"another service of the mesh", serving(authority.named("other")), "the server is spiffe://cluster.local/ns/shop/sa/other"},
      {"the right host name, the wrong identity", serving(authority.credentials(spelled_alike)), "the server is"},
      {"expired", serving(authority.credentials(expired)), "expired"},
      {"another mesh's", serving(strange), "certificate"},
      {"plaintext", {}, "TLS"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    App fake(row.options);
    json to = cluster("app", {fake.address()});
    secure(to, "server");
    Running sidecar("client", {outbound("outbound", virtual_host({route("app")})), to}, nullptr,
                    [&](proxy::Options& options) { options.certificate_folder = own.path(); });
    const Answer answer = RawClient(sidecar.at("outbound")).ask("GET", "/bytes/5");
    CHECK(answer.status == 503);
    CHECK(answer.body.find("TLS") != std::string::npos);
    CHECK(answer.body.find(row.why) != std::string::npos);
    CHECK(sidecar.counts(1, "istio_requests_total", {"response_flags=\"UF\""}));
    CHECK(sidecar.counts(1, "outrider_rejections_total", {"side=\"upstream\"", "reason=\"tls_failure\""}));
    CHECK(fake.requests == 0);
  }
}

TEST_CASE("TLS-15: certificate files that make no sense are refused and counted; the last good ones serve on") {
  Guarded guarded;
  const auto good = guarded.authority.credentials(named(identity("server")));
  auto mismatched = good;
  mismatched.private_key = guarded.authority.credentials().private_key;
  auto nobody_trusted = good;
  nobody_trusted.roots.clear();
  auto no_certificate = good;
  no_certificate.certificate_chain = "nonsense";
  Wanted past = named(identity("server")), future = named(identity("server"));
  past.begins = -7200, past.ends = -3600;
  future.begins = 3600, future.ends = 7200;
  for (const auto& bad : {mismatched, nobody_trusted, no_certificate, guarded.authority.credentials(past),
                          guarded.authority.credentials(future)}) {
    const double before = sample(guarded.server.metrics(), "outrider_certificates_refused_total", {});
    guarded.write(bad);
    REQUIRE(eventually([&] { return sample(guarded.server.metrics(), "outrider_certificates_refused_total", {}) > before; }));
    CHECK(guarded.serves());
  }
  guarded.write(guarded.authority.credentials(named(identity("renewed"))));
  const auto shown = [&] {
    TlsClient client(guarded.at(), guarded.good());
    REQUIRE(client.handshake());
    return protocol::spiffe_identity(*client.server()).value();
  };
  CHECK(eventually([&] { return shown() == identity("renewed"); }));
}

TEST_CASE("TLS-15: a push with a certificate that cannot serve is refused; what was in force serves on") {
  App app;
  const test::Authority authority;
  const auto good = authority.named("gateway");
  auto mismatched = good;
  mismatched.private_key = authority.named("gateway").private_key;
  auto empty = good;
  empty.certificate_chain.clear();
  Wanted past;
  past.begins = -7200, past.ends = -3600;
  const json bare = inbound("inbound", virtual_host({route("app")}));
  const json to_app = cluster("app", {app.address()});
  Running server("gateway", {with_own_certificate(bare, good), to_app}, nullptr);
  const SocketAddress at = server.at("inbound");
  const auto serves = [&] {
    TlsClient client(at);
    return client.handshake() && client.ask_once("/bytes/5").ends_with(pattern(5));
  };
  REQUIRE(serves());
  double refused = 0;
  for (const auto& bad : {mismatched, empty, authority.credentials(past)}) {
    REQUIRE(server.push({with_own_certificate(bare, bad), to_app}));
    CHECK(server.counts(++refused, "outrider_xds_updates_rejected_total"));
    CHECK(serves());
  }
  json no_roots = with_own_certificate(bare, good);
  json& context = no_roots["filter_chains"][0]["transport_socket"]["typed_config"];
  context["require_client_certificate"] = true;
  context["common_tls_context"]["validation_context"] = {{"trusted_ca", {{"inline_string", "no certificate"}}}};
  REQUIRE(server.push({no_roots, to_app}));
  CHECK(server.counts(++refused, "outrider_xds_updates_rejected_total"));
  CHECK(serves());
}

TEST_CASE("TLS-16: certificates rotate again and again under load, and no request fails") {
  Pair pair;
  const int rotations = amount(8, 60);
  std::atomic<bool> done{false};
  std::atomic<int> asked{0}, failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&, i] {
      HttpClient kept(pair.entry());
      while (!done) {
        const bool fine = i == 0 ? kept.ask("GET", "/bytes/1000").body == pattern(1000)
                                 : RawClient(pair.entry()).ask("GET", "/bytes/1000").body == pattern(1000);
        failed += fine ? 0 : 1;
        ++asked;
      }
    });
  }
  const auto observer = proxy::read_credentials(pair.trust.issue("observer"));
  REQUIRE(observer.has_value());
  const TlsOffer offer{observer->certificate_chain, observer->private_key};
  TlsClient old(pair.server.at("inbound"), offer);
  REQUIRE(old.handshake());
  const auto shown = [&] {
    TlsClient fresh(pair.server.at("inbound"), offer);
    return fresh.handshake() ? test::pem_of(*fresh.server()) : std::string();
  };
  std::string last = shown();
  for (int i = 0; i < rotations; ++i) {
    (void)pair.trust.issue("server");
    (void)pair.trust.issue("client");
    std::string now;
    REQUIRE(eventually([&] { return !(now = shown()).empty() && now != last; }));
    last = now;
  }
  CHECK(old.ask_once("/bytes/5").ends_with(pattern(5)));
  done = true;
  for (std::thread& caller : callers) caller.join();
  CHECK(failed == 0);
  CHECK(asked > 0);
  CHECK(sample(pair.client.metrics(), "istio_requests_total", {"response_code=\"200\""}) == asked);
  MESSAGE(rotations << " rotations under " << asked.load() << " requests");
}

}  // namespace outrider::scenario
