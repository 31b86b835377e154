// What is remembered of a peer, and for how long: verified certificates, and sessions that are resumed (TLS-11).

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>

#include "tests/unit/core/tls_pair.hpp"

namespace outrider::test {
namespace {

using protocol::TlsTicket;

const std::string gateway = "spiffe://cluster.local/ns/shop/sa/gateway", order = "spiffe://cluster.local/ns/shop/sa/order";

// How a connection began: "full", "resumed", or "refused", and whom each side takes the other for.
struct Beginning {
  std::string how, server_saw, client_saw;
};

Beginning begin(const TlsContext& server, const TlsContext& client, TlsTicket* ticket = nullptr,
                const std::string& name = "order.shop") {
  Pair pair(server, client, both, ticket, name);
  pair.run();
  if (!pair.established()) return {"refused", {}, {}};
  CHECK(pair.server.session->resumed() == pair.client.session->resumed());
  CHECK(pair.client.session->write(bytes_of("ping"), pair.client.out));
  CHECK(pair.server.session->write(bytes_of("pong"), pair.server.out));
  pair.run();
  CHECK(pair.server.received == "ping");
  CHECK(pair.client.received == "pong");
  CHECK(pair.server.session->alpn() == "h2");
  return {pair.server.session->resumed() ? "resumed" : "full", pair.server.session->peer().identity,
          pair.client.session->peer().identity};
}

// From here on the context judges certificates as if so much time had passed.
void let_pass(const TlsContext& context, std::time_t seconds) {
  X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context.native()), std::time(nullptr) + seconds);
}

TlsCredentials valid_for(const Authority& authority, const std::string& identity, long seconds) {
  Wanted wanted;
  wanted.uris = {identity};
  wanted.ends = seconds;
  return authority.credentials(wanted);
}

TEST_CASE("a resumed session is between the same two, by TLS 1.3, again and again") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")), client = client_of(authority.named("gateway"));
  TlsTicket ticket;
  CHECK(begin(server, client, &ticket).how == "full");
  for (int i = 0; i < 3; ++i) {
    const Beginning next = begin(server, client, &ticket);
    CHECK(next.how == "resumed");
    CHECK(next.server_saw == gateway);
    CHECK(next.client_saw == order);
  }
  Pair pair(server, client, both, &ticket);
  pair.run();
  CHECK(pair.server.session->resumed());
  CHECK(pair.server.session->peer().subject == "CN=leaf");
  CHECK(pair.server.session->peer().fingerprint.size() == 64);
  CHECK(begin(server, client).how == "full");  // who has no ticket
}

TEST_CASE("two connections may resume one session at the same time") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")), client = client_of(authority.named("gateway"));
  TlsTicket ticket;
  begin(server, client, &ticket);
  Pair one(server, client, both, &ticket), other(server, client, both, &ticket);
  one.run();
  other.run();
  CHECK(one.server.session->resumed());
  CHECK(other.server.session->resumed());
  CHECK(other.server.session->peer().identity == gateway);
}

TEST_CASE("a session is not resumed when anything that it rests on has changed: the handshake is a full one") {
  const Authority authority, other_authority;
  const TlsCredentials server_has = authority.named("order"), client_has = authority.named("gateway");
  TlsCredentials wider = server_has;  // a trust bundle with one root more
  wider.roots += other_authority.root();
  struct Row {
    const char* what;
    TlsContext server, client;
    std::string name = "order.shop";
    std::string server_sees = gateway, client_sees = order;
  };
  const TlsContext server = server_of(server_has), client = client_of(client_has);
  Row rows[] = {
      {"the server's trust bundle", server_of(wider), client_of(client_has)},
      {"the server's certificate", server_of(authority.named("renewed")), client_of(client_has), "order.shop", gateway,
       "spiffe://cluster.local/ns/shop/sa/renewed"},
      {"nothing, but the server was made anew", server_of(server_has), client_of(client_has)},
  };
  for (Row& row : rows) {
    CAPTURE(std::string(row.what));
    TlsTicket ticket;
    CHECK(begin(server, client, &ticket).how == "full");
    const Beginning next = begin(row.server, client, &ticket, row.name);
    CHECK(next.how == "full");
    CHECK(next.server_saw == row.server_sees);
    CHECK(next.client_saw == row.client_sees);
    CHECK(begin(row.server, client, &ticket, row.name).how == "resumed");  // by the ticket that came with it
  }
  TlsTicket ticket;
  begin(server, client, &ticket);
  CHECK(begin(server, client, &ticket, "other.shop").how == "full");  // another name is asked for
  begin(server, client, &ticket);
  const TlsContext renewed = client_of(authority.named("cart"));  // the client is somebody else now
  const Beginning as_other = begin(server, renewed, &ticket);
  CHECK(as_other.how == "full");
  CHECK(as_other.server_saw == "spiffe://cluster.local/ns/shop/sa/cart");
}

TEST_CASE("a server itself sees to the name that a session was opened with, whatever the client does") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order"));
  Wanted wanted;
  wanted.uris = {gateway};
  const Issued own = authority.issue(wanted);
  const std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> anybody(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_use_certificate(anybody.get(), own.certificate.get());
  SSL_CTX_use_PrivateKey(anybody.get(), own.key.get());
  using Session = std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>>;
  const auto shake = [&](const char* name, const Session& resumed, Session& given) {
    End end(std::make_unique<TlsSession>(server));
    const std::unique_ptr<SSL, FreeBy<SSL_free>> client(SSL_new(anybody.get()));
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(client.get(), in, out);
    SSL_set_connect_state(client.get());
    SSL_set_tlsext_host_name(client.get(), name);
    if (resumed) SSL_set_session(client.get(), resumed.get());
    for (int i = 0; i < 5; ++i) {
      char bytes[16 * 1024];
      if (SSL_do_handshake(client.get()) == 1) (void)SSL_read(client.get(), bytes, sizeof bytes);
      const int size = BIO_read(out, bytes, sizeof bytes);
      if (size > 0) end.receive({bytes, static_cast<std::size_t>(size)});
      const std::string back = end.take();
      if (!back.empty()) BIO_write(in, back.data(), static_cast<int>(back.size()));
    }
    REQUIRE(end.session->established());
    given.reset(SSL_SESSION_dup(SSL_get0_session(client.get())));
    return std::string(end.session->resumed() ? "resumed as " : "full, as ") + end.session->peer().identity;
  };
  Session first, again, unused;
  CHECK(shake("order.shop", nullptr, first) == "full, as " + gateway);
  CHECK(SSL_SESSION_get_max_early_data(first.get()) == 0);
  again.reset(SSL_SESSION_dup(first.get()));
  CHECK(shake("other.shop", first, unused) == "full, as " + gateway);
  CHECK(shake("order.shop", again, unused) == "resumed as " + gateway);
}

TEST_CASE("nothing outlives a certificate: not a verdict, not a session, on neither side") {
  const Authority authority;
  constexpr long lives = 600, after = 700;
  for (const bool servers : {false, true}) {
    CAPTURE(servers);
    const TlsContext server = server_of(valid_for(authority, order, servers ? lives : 3600)),
                     client = client_of(valid_for(authority, gateway, servers ? 3600 : lives));
    TlsTicket ticket;
    CHECK(begin(server, client, &ticket).how == "full");
    CHECK(begin(server, client, &ticket).how == "resumed");
    let_pass(servers ? client : server, after);
    CHECK(begin(server, client, &ticket).how == "refused");
    CHECK(begin(server, client).how == "refused");  // though its certificate was verified before
    let_pass(servers ? client : server, 0);
    CHECK(begin(server, client).how == "full");
  }
}

TEST_CASE("a verdict ends with the first certificate of the chain that ends, not with the leaf") {
  const Authority authority;
  Wanted middle = Authority::ca("middle");
  middle.ends = 600;
  const Issued intermediate = authority.issue(middle);
  Wanted leaf;
  leaf.uris = {gateway};
  const Issued issued = Authority::make(leaf, &intermediate);
  const TlsCredentials chained{pem_of(*issued.certificate) + pem_of(*intermediate.certificate), pem_of(*issued.key), authority.root()};
  const TlsContext server = server_of(authority.named("order")), client = client_of(chained);
  TlsTicket ticket;
  CHECK(begin(server, client, &ticket).how == "full");
  CHECK(begin(server, client).server_saw == gateway);
  let_pass(server, 700);
  CHECK(begin(server, client, &ticket).how == "refused");
  CHECK(begin(server, client).how == "refused");
  let_pass(server, 0);
  // A verdict is one on what was shown: the same leaf alone is not known.
  CHECK(begin(server, client).how == "full");
  TlsCredentials alone = chained;
  alone.certificate_chain = pem_of(*issued.certificate);
  CHECK(begin(server, client_of(alone)).how == "refused");
}

TEST_CASE("a certificate that was verified once is looked at again by another trust bundle, and is who it is each time") {
  const Authority authority, stranger;
  const TlsCredentials known = authority.named("gateway");
  const TlsContext client = client_of(known), cart = client_of(authority.named("cart"));
  const TlsContext server = server_of(authority.named("order"));
  for (int i = 0; i < 2; ++i) {
    CHECK(begin(server, client).server_saw == gateway);
    CHECK(begin(server, cart).server_saw == "spiffe://cluster.local/ns/shop/sa/cart");
  }
  TlsCredentials revoked = authority.named("order");
  revoked.roots = stranger.root();  // the roots that vouched for it are gone
  CHECK(begin(server_of(revoked), client).how == "refused");
}

TEST_CASE("who may not call is refused, verified before or not") {
  const Authority authority;
  bool welcome = true;
  auto made = TlsContext::server(authority.named("order"), Callers::Mesh, both, [&](const std::string&) { return welcome; });
  REQUIRE(made);
  const TlsContext client = client_of(authority.named("gateway"));
  TlsTicket ticket;
  CHECK(begin(*made, client, &ticket).how == "full");
  welcome = false;
  CHECK(begin(*made, client, &ticket).how == "refused");
  CHECK(begin(*made, client).how == "refused");
}

TEST_CASE("a caller whom foreign roots vouch for is nobody of the mesh, in a resumed session as well") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order"), Callers::Certified), client = client_of(authority.named("gateway"));
  TlsTicket ticket;
  CHECK(begin(server, client, &ticket).server_saw.empty());
  const Beginning next = begin(server, client, &ticket);
  CHECK(next.how == "resumed");
  CHECK(next.server_saw.empty());
}

TEST_CASE("certificates change again and again while sessions are resumed: every connection is of those of its time") {
  const Authority authority;
  TlsTicket ticket;
  const TlsContext client = client_of(authority.named("gateway"));
  for (int i = 0; i < 5; ++i) {
    const std::string account = "order" + std::to_string(i);
    const TlsContext server = server_of(authority.named(account));
    for (const char* how : {"full", "resumed", "resumed"}) {
      const Beginning next = begin(server, client, &ticket);
      CHECK(next.how == how);
      CHECK(next.client_saw == "spiffe://cluster.local/ns/shop/sa/" + account);
    }
  }
}

TEST_CASE("a server remembers as many sessions as it has room for, and the newest") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order")), client = client_of(authority.named("gateway"));
  TlsTicket first, last;
  begin(server, client, &first);
  begin(server, client, &last);
  for (int i = 0; i < 1024; ++i) begin(server, client, &last);  // each leaves one
  CHECK(begin(server, client, &last).how == "resumed");
  CHECK(begin(server, client, &first).how == "full");
}

TEST_CASE("contexts are alike when everything that they are made from is") {
  const Authority authority, other;
  const TlsCredentials good = authority.named("order");
  const TlsContext made = server_of(good);
  CHECK(made.made_from(good, Callers::Mesh, both));
  CHECK_FALSE(made.made_from(good, Callers::MeshOrAnonymous, both));
  CHECK_FALSE(made.made_from(good, Callers::Mesh, std::vector<std::string>{"h2"}));
  TlsCredentials changed = good;
  changed.roots += other.root();
  CHECK_FALSE(made.made_from(changed, Callers::Mesh, both));
  CHECK_FALSE(made.made_from(authority.named("order"), Callers::Mesh, both));  // renewed
}

TEST_CASE("certificates may hold keys of every kind that is used for them") {
  const Authority authority;
  const TlsContext server = server_of(authority.named("order"));
  const auto called_by = [&](EVP_PKEY* key) {
    Wanted wanted;
    wanted.uris = {gateway};
    wanted.key.reset(key);
    const TlsCredentials credentials = authority.credentials(wanted);
    const Beginning as_client = begin(server, client_of(credentials));
    CHECK(begin(server_of(credentials), client_of(authority.named("cart"))).client_saw == gateway);
    return as_client.server_saw;
  };
  CHECK(called_by(EVP_EC_gen("P-256")) == gateway);
  CHECK(called_by(EVP_EC_gen("P-384")) == gateway);
  CHECK(called_by(EVP_RSA_gen(2048)) == gateway);
  CHECK(called_by(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) == gateway);
}

}  // namespace
}  // namespace outrider::test
