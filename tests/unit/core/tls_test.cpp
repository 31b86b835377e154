// TlsSession against TlsSession, in memory.

#include "core/protocol/tls.hpp"

#include <openssl/ssl.h>

#include "core/base/random.hpp"
#include "tests/unit/core/tls_pair.hpp"

namespace outrider::test {
namespace {

TEST_CASE("both sides of mutual TLS learn who the other is, and talk") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")),
                   client = client_of(authority.named("gateway"));
  Pair pair(server, client);
  pair.run();
  REQUIRE(pair.established());
  CHECK(pair.server.session->peer().identity == "spiffe://cluster.local/ns/shop/sa/gateway");
  CHECK(pair.client.session->peer().identity == "spiffe://cluster.local/ns/shop/sa/order");
  CHECK(pair.client.session->peer().subject == "CN=leaf");
  CHECK(pair.client.session->peer().fingerprint.size() == 64);
  CHECK(pair.client.session->alpn() == "h2");
  CHECK(pair.server.session->alpn() == "h2");
  CHECK(pair.client.session->write(bytes_of("ping"), pair.client.out));
  CHECK(pair.server.session->write(bytes_of("pong"), pair.server.out));
  pair.run();
  CHECK(pair.server.received == "ping");
  CHECK(pair.client.received == "pong");
}

TEST_CASE(
    "ALPN: the server's order decides, nothing in common fails, nothing offered is nothing "
    "chosen") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")),
                   client = client_of(authority.named("gateway"));
  const auto chosen = [&](const std::vector<std::string>& offered) {
    Pair pair(server, client, offered);
    pair.run();
    return pair.established() ? std::string(pair.server.session->alpn()) : "failed";
  };
  CHECK(chosen({"http/1.1"}) == "http/1.1");
  CHECK(chosen({"http/1.1", "h2"}) == "h2");
  CHECK(chosen({"istio", "http/1.1"}) == "http/1.1");
  CHECK(chosen({"http/1.0"}) == "failed");
  CHECK(chosen({}).empty());
}

// Why a handshake between these two failed, as each side tells it; "" when it did not.
std::string refusal(const TlsContext& server, const TlsContext& client) {
  Pair pair(server, client);
  pair.run();
  std::string why;
  for (const End* end : {&pair.server, &pair.client}) {
    CHECK(end->received.empty());
    if (end->status == Status::Failed) why += end->session->failure() + "\n";
  }
  return why;
}

bool contains(std::string_view text, std::string_view piece) {
  return text.find(piece) != text.npos;
}

TEST_CASE(
    "certificates that are not what they should be are refused, on both sides (TLS-02 to TLS-06)") {
  const Authority authority, stranger;
  struct Case {
    TlsCredentials credentials;
    std::string_view why;
  };
  const auto wanted = [&](auto change) {
    Wanted w;
    change(w);
    return authority.credentials(w);
  };
  TlsCredentials other_mesh = stranger.named("order");
  other_mesh.roots = authority.root();
  const std::string good = Wanted{}.uris[0];
  const Case cases[] = {
      {other_mesh, "signature failure"},
      {wanted([](Wanted& w) { w.begins = -7200, w.ends = -3600; }), "expired"},
      {wanted([](Wanted& w) { w.begins = 3600, w.ends = 7200; }), "not yet valid"},
      {wanted([](Wanted& w) { w.uris = {}; }), "names no identity"},
      {wanted([&](Wanted& w) {
         w.uris = {good, good};
       }),
       "exactly one URI name"},
      {wanted([](Wanted& w) { w.uris = {"https://shop.test/"}; }), "SPIFFE"},
      {wanted([](Wanted& w) { w.uris = {"spiffe://cluster.local"}; }), "SPIFFE"},
      {wanted([&](Wanted& w) { w.uris = {good + std::string("\0x", 2)}; }), "SPIFFE"},
      {wanted([](Wanted& w) { w.basic_constraints = "critical,CA:TRUE"; }), "is a CA's"},
      {wanted([](Wanted& w) { w.key_usage = "critical,digitalSignature,keyCertSign"; }), ":"},
  };
  const TlsContext good_server = server_of(authority.named("order")),
                   good_client = client_of(authority.named("gateway"));
  CHECK(refusal(good_server, good_client).empty());
  for (const Case& entry : cases) {
    CAPTURE(entry.why);
    CHECK(contains(refusal(good_server, client_of(entry.credentials)), entry.why));
    CHECK(contains(refusal(server_of(entry.credentials), good_client), entry.why));
  }
  const auto only = [&](const char* purpose) {
    return wanted([&](Wanted& w) { w.extended_key_usage = purpose; });
  };
  CHECK(contains(refusal(good_server, client_of(only("serverAuth"))), "purpose"));
  CHECK(contains(refusal(server_of(only("clientAuth")), good_client), "purpose"));
}

TEST_CASE(
    "without a client certificate the server refuses where it is required, and knows nobody "
    "elsewhere") {
  const Authority authority;
  TlsContext anonymous = client_of(authority.named("gateway"));
  std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> bare(SSL_CTX_new(TLS_client_method()));
  const auto shake = [&](const TlsContext& server) {
    End end(std::make_unique<TlsSession>(server));
    std::unique_ptr<SSL, FreeBy<SSL_free>> client(SSL_new(bare.get()));
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), in, out);
    SSL_set_connect_state(client.get());
    for (int i = 0; i < 5; ++i) {
      (void)SSL_do_handshake(client.get());
      char bytes[16 * 1024];
      const int size = BIO_read(out, bytes, sizeof bytes);
      if (size > 0) end.receive({bytes, static_cast<std::size_t>(size)});
      const std::string back = end.take();
      if (!back.empty()) BIO_write(in, back.data(), static_cast<int>(back.size()));
    }
    return std::pair(end.status, end.session->established()
                                     ? "identity " + end.session->peer().identity
                                     : end.session->failure());
  };
  const auto required = shake(server_of(authority.named("order")));
  CHECK(required.first == Status::Failed);
  CHECK(contains(required.second, "certificate"));
  CHECK(shake(server_of(authority.named("order"), Callers::MeshOrAnonymous)) ==
        std::pair(Status::NeedInput, std::string("identity ")));
}

TEST_CASE("data passes whole in both directions, however the cipher text is cut") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")),
                   client = client_of(authority.named("gateway"));
  Pair pair(server, client);
  pair.client.session->start(pair.client.out);
  Random random(3);
  const auto trickle = [&](End& from, End& to) {
    const std::string bytes = from.take();
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t take =
          std::min<std::size_t>(rest.size(), 1 + random.below(random.below(2) == 0 ? 3 : 5000));
      to.receive(rest.substr(0, take));
      rest.remove_prefix(take);
    }
    return !bytes.empty();
  };
  const auto run = [&] {
    while (static_cast<int>(trickle(pair.client, pair.server)) +
               static_cast<int>(trickle(pair.server, pair.client)) >
           0) {
    }
  };
  run();
  REQUIRE(pair.established());
  std::string up(300'000, 'u'), down(200'001, 'd');
  for (std::size_t i = 0; i < up.size(); i += 7) up[i] = static_cast<char>(i);
  CHECK(pair.client.session->write(bytes_of(up), pair.client.out));
  CHECK(pair.server.session->write(bytes_of(down), pair.server.out));
  run();
  CHECK(pair.server.received == up);
  CHECK(pair.client.received == down);
}

TEST_CASE(
    "close_notify is an end; a changed byte is a failure, and nothing of its record is read") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")),
                   client = client_of(authority.named("gateway"));
  Pair closing(server, client);
  closing.run();
  CHECK(closing.client.session->write(bytes_of("last words"), closing.client.out));
  closing.client.session->shut_down(closing.client.out);
  closing.run();
  CHECK(closing.server.received == "last words");
  CHECK(closing.server.status == Status::Closed);

  Pair tampered(server, client);
  tampered.run();
  CHECK(tampered.client.session->write(bytes_of("secret"), tampered.client.out));
  std::string record = tampered.client.take();
  record[record.size() / 2] = static_cast<char>(record[record.size() / 2] ^ 1);
  tampered.server.receive(record);
  CHECK(tampered.server.status == Status::Failed);
  CHECK(tampered.server.received.empty());
  CHECK_FALSE(tampered.server.session->failure().empty());
}

TEST_CASE("bytes that are not TLS fail, and leave other sessions of the thread alone") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")),
                   client = client_of(authority.named("gateway"));
  Pair healthy(server, client);
  healthy.run();
  for (const std::string_view junk :
       {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x05hello", "\x16\x03\x01\xff\xff"}) {
    End end(std::make_unique<TlsSession>(server));
    end.receive(std::string(junk) + std::string(20'000, 'x'));
    CHECK(end.status == Status::Failed);
    CHECK(healthy.client.session->write(bytes_of("still here"), healthy.client.out));
    healthy.run();
  }
  CHECK(healthy.server.received == "still herestill herestill here");
}

TEST_CASE("a session outlives the context it was made from, before and after its handshake") {
  const Authority authority;
  auto server = std::make_unique<TlsContext>(server_of(authority.named("order")));
  auto client = std::make_unique<TlsContext>(client_of(authority.named("gateway")));
  Pair shaken(*server, *client), waiting(*server, *client);
  shaken.run();
  server = std::make_unique<TlsContext>(server_of(authority.named("renewed")));
  client.reset();
  waiting.run();
  CHECK(waiting.established());
  CHECK(waiting.client.session->alpn() == "h2");
  CHECK(waiting.client.session->peer().identity == "spiffe://cluster.local/ns/shop/sa/order");
  CHECK(shaken.client.session->write(bytes_of("still"), shaken.client.out));
  shaken.run();
  CHECK(shaken.server.received == "still");
}

TEST_CASE("credentials that cannot work are refused when they are loaded, in words (TLS-15)") {
  const Authority authority;
  const TlsCredentials good = authority.named("order");
  const auto why = [](const TlsCredentials& credentials) {
    const auto made = TlsContext::client(credentials);
    return made ? std::string() : made.error().message;
  };
  CHECK(why(good).empty());
  TlsCredentials bad = good;
  bad.private_key = authority.named("other").private_key;
  CHECK(contains(why(bad), "does not belong"));
  bad = good;
  bad.certificate_chain = "nothing";
  CHECK(contains(why(bad), "no certificate"));
  bad = good;
  bad.private_key.clear();
  CHECK(contains(why(bad), "private key"));
  bad = good;
  bad.roots.clear();
  CHECK(contains(why(bad), "root"));
}

}  // namespace
}  // namespace outrider::test
