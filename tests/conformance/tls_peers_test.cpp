// Who is let in by mutual TLS: certificates, versions, protocols, names (TLS-01 to TLS-07, TLS-10,
// TLS-12). Who is not gets an alert, is counted, and nothing that it says is read as HTTP.

#include <fmt/format.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "tests/conformance/guarded.hpp"

namespace outrider::scenario {
namespace {

using test::Authority;
using test::Issued;
using test::Wanted;

// A public key of so many bits and a private one that belongs to it in name only: making a real pair
// takes minutes, and what is judged is the certificate.
test::KeyPtr huge_rsa(int bits) {
  BIGNUM* n = BN_new();
  BIGNUM* e = BN_new();
  BIGNUM* d = BN_new();
  BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
  BN_set_word(e, RSA_F4);
  BN_set_word(d, 3);
  OSSL_PARAM_BLD* parts = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(parts, "n", n);
  OSSL_PARAM_BLD_push_BN(parts, "e", e);
  OSSL_PARAM_BLD_push_BN(parts, "d", d);
  OSSL_PARAM* all = OSSL_PARAM_BLD_to_param(parts);
  EVP_PKEY_CTX* making = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(making);
  REQUIRE(EVP_PKEY_fromdata(making, &key, EVP_PKEY_KEYPAIR, all) == 1);
  EVP_PKEY_CTX_free(making);
  OSSL_PARAM_free(all);
  OSSL_PARAM_BLD_free(parts);
  for (BIGNUM* number : {n, e, d}) BN_free(number);
  return test::KeyPtr(key);
}

TlsOffer offer_of(const Issued& leaf, const std::string& more = {}) {
  return {chain_of({&leaf}) + more, test::pem_of(*leaf.key)};
}

struct Row {
  const char* name;
  TlsOffer offer;
  int alert;
};

void check_refused(Guarded& guarded, const std::vector<Row>& rows) {
  double refused = 0;
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    {
      TlsClient client(guarded.at(), row.offer);
      (void)client.handshake();
      CHECK(client.ask_once("/bytes/5").empty());
      CHECK(client.alert() == row.alert);
    }
    CHECK(guarded.refused(++refused, "tls_failure"));
    CHECK(guarded.app.connections == 0);
  }
  CHECK(guarded.serves());
  CHECK(guarded.app.requests == 1);
}

}  // namespace

TEST_CASE("TLS-01, TLS-02: no certificate, or one that is not of this mesh now, is no caller") {
  Guarded guarded;
  const Authority stranger;
  Wanted past = named(identity("client")), future = named(identity("client"));
  past.begins = -7200, past.ends = -3600;
  future.begins = 3600, future.ends = 7200;
  const Wanted usual = named(identity("client"));
  check_refused(guarded, {
      {"no certificate", {}, SSL_AD_CERTIFICATE_REQUIRED},
      {"expired", guarded.offer(past), SSL_AD_CERTIFICATE_EXPIRED},
      {"not yet valid", guarded.offer(future), SSL_AD_BAD_CERTIFICATE},
      {"another mesh's", offer_of(stranger.issue(usual)), SSL_AD_DECRYPT_ERROR},
      {"another mesh's, with its root", offer_of(stranger.issue(usual), stranger.root()), SSL_AD_DECRYPT_ERROR},
      {"signed by itself", offer_of(Authority::make(usual, nullptr)), SSL_AD_UNKNOWN_CA},
  });
}

TEST_CASE("TLS-02: whose root has left the bundle is no caller any more, from the next handshake on") {
  Guarded guarded;
  const TlsOffer old = guarded.good();
  REQUIRE(guarded.serves());
  const Authority next;
  guarded.write(next.credentials(named(identity("server"))));
  REQUIRE(eventually([&] {
    TlsClient client(guarded.at(), old);
    (void)client.handshake();
    return client.ask_once("/bytes/5").empty() && client.alert() == SSL_AD_DECRYPT_ERROR;
  }));
  TlsClient renewed(guarded.at(), offer_of(next.issue(named(identity("client")))));
  CHECK(renewed.handshake());
  CHECK(renewed.ask_once("/bytes/5").ends_with(pattern(5)));
}

TEST_CASE("TLS-03, TLS-04, TLS-05: a name that is not one plain SPIFFE id of this trust domain is nobody") {
  Guarded guarded;
  const std::string good = identity("client");
  std::vector<Row> rows;
  const auto add = [&](const char* name, const std::vector<std::string>& uris, const std::string& dns = {}) {
    Wanted wanted;
    wanted.uris = uris;
    wanted.dns = dns;
    rows.push_back({name, guarded.offer(wanted), SSL_AD_HANDSHAKE_FAILURE});
  };
  add("another trust domain", {"spiffe://other.test/ns/shop/sa/client"});
  add("a trust domain that begins as ours", {"spiffe://cluster.local.evil.test/ns/shop/sa/client"});
  add("no path", {"spiffe://cluster.local"});
  add("an empty path", {"spiffe://cluster.local/"});
  add("dots", {"spiffe://cluster.local/ns/../sa/client"});
  add("upper case", {"spiffe://CLUSTER.local/ns/shop/sa/client"});
  add("upper-case scheme", {"SPIFFE://cluster.local/ns/shop/sa/client"});
  add("a port", {"spiffe://cluster.local:443/ns/shop/sa/client"});
  add("user info", {"spiffe://admin@cluster.local/ns/shop/sa/client"});
  add("a query", {good + "?x"});
  add("a fragment", {good + "#x"});
  add("an escape", {"spiffe://cluster.local/ns/shop/sa/%63lient"});
  add("a trailing slash", {good + "/"});
  add("2,049 bytes", {"spiffe://cluster.local/" + std::string(2026, 'a')});
  add("no names", {});
  add("a DNS name only", {}, "client.shop.test");
  add("two, the good one first", {good, identity("admin")});
  add("two, the good one second", {identity("admin"), good});
  add("twice the same", {good, good});
  add("not SPIFFE", {"https://cluster.local/ns/shop/sa/client"});
  add("NUL at the end", {good + std::string(1, '\0')});
  add("NUL and more", {good + std::string("\0.evil.test", 11)});
  add("NUL in the trust domain", {std::string("spiffe://cluster.local\0/ns/shop/sa/client", 41)});
  add("Cyrillic letters", {"spiffe://cluster.local/ns/shop/sa/\xd1\x81lient"});
  add("a line feed", {good + "\n"});
  check_refused(guarded, rows);
}

TEST_CASE("TLS-06: who may sign others, or serve only, is no caller") {
  Guarded guarded;
  std::vector<Row> rows;
  const auto add = [&](const char* name, int alert, auto change) {
    Wanted wanted = named(identity("client"));
    change(wanted);
    rows.push_back({name, guarded.offer(wanted), alert});
  };
  add("CA", SSL_AD_HANDSHAKE_FAILURE, [](Wanted& w) { w.basic_constraints = "critical,CA:TRUE"; });
  add("keyCertSign", SSL_AD_HANDSHAKE_FAILURE, [](Wanted& w) { w.key_usage = "critical,digitalSignature,keyCertSign"; });
  add("cRLSign", SSL_AD_HANDSHAKE_FAILURE, [](Wanted& w) { w.key_usage = "critical,digitalSignature,cRLSign"; });
  add("CA in all", SSL_AD_HANDSHAKE_FAILURE, [](Wanted& w) {
    w.basic_constraints = "critical,CA:TRUE";
    w.key_usage = "critical,digitalSignature,keyCertSign";
  });
  add("for servers only", SSL_AD_UNSUPPORTED_CERTIFICATE, [](Wanted& w) { w.extended_key_usage = "serverAuth"; });
  add("for code", SSL_AD_UNSUPPORTED_CERTIFICATE, [](Wanted& w) { w.extended_key_usage = "codeSigning"; });
  // A leaf of the mesh signs another leaf.
  Wanted usual = named(identity("mallory"));
  const Issued mallory = guarded.authority.issue(usual);
  rows.push_back({"signed by a leaf", offer_of(Authority::make(named(identity("admin")), &mallory), chain_of({&mallory})),
                  SSL_AD_UNKNOWN_CA});
  check_refused(guarded, rows);
}

TEST_CASE("TLS-07: chains, keys and names beyond measure are refused, and cost no more than a handshake") {
  Guarded guarded;
  std::vector<Row> rows;
  // CAs under CAs, the last of which issues the caller's.
  const auto chain = [&](int length) {
    std::vector<Issued> line;
    line.push_back(guarded.authority.issue(Authority::ca("ca 0")));
    for (int i = 1; i < length - 1; ++i) {
      line.push_back(Authority::make(Authority::ca(fmt::format("ca {}", i)), &line.back()));
    }
    const Issued leaf = Authority::make(named(identity("client")), &line.back());
    std::string more;
    for (auto at = line.rbegin(); at != line.rend(); ++at) more += chain_of({&*at});
    return offer_of(leaf, more);
  };
  rows.push_back({"a chain of 11", chain(11), SSL_AD_UNKNOWN_CA});
  rows.push_back({"a chain of 100", chain(100), SSL_AD_UNKNOWN_CA});
  Wanted many = named(identity("client"));
  many.more_dns = 1000;
  rows.push_back({"1,000 names", guarded.offer(many), SSL_AD_HANDSHAKE_FAILURE});
  many.uris.assign(400, identity("client"));
  many.more_dns = 0;
  rows.push_back({"400 identities", guarded.offer(many), SSL_AD_HANDSHAKE_FAILURE});
  many = named(identity("client"));
  many.more_dns = 9000;
  rows.push_back({"a certificate of 100 KB", guarded.offer(many), SSL_AD_ILLEGAL_PARAMETER});
  Wanted huge = named(identity("client"));
  huge.key = huge_rsa(16384);
  const Issued shown = guarded.authority.issue(huge);
  TlsOffer of_huge;
  of_huge.context = [&shown](SSL_CTX* context) {
    SSL_CTX_use_certificate(context, shown.certificate.get());
    SSL_CTX_use_PrivateKey(context, shown.key.get());
  };
  rows.push_back({"RSA of 16,384 bits", of_huge, SSL_AD_DECRYPT_ERROR});
  // a is issued by b, which is issued by a.
  Wanted a = Authority::ca("a"), b = Authority::ca("b");
  a.issuer = "b", b.issuer = "a";
  const Issued first = Authority::make(a, nullptr), second = Authority::make(b, nullptr);
  Wanted under = named(identity("client"));
  rows.push_back({"issuers in a circle", offer_of(Authority::make(under, &first), chain_of({&first, &second, &first, &second})),
                  SSL_AD_UNKNOWN_CA});
  check_refused(guarded, rows);
  // One CA between is what meshes have.
  TlsClient usual(guarded.at(), chain(2));
  CHECK(usual.handshake());
  CHECK(usual.ask_once("/bytes/5").ends_with(pattern(5)));
}

TEST_CASE("TLS-10: old versions and weak ciphers find nobody") {
  Guarded guarded;
  const auto with = [&](const char* name, int alert, auto change) {
    Row row{name, guarded.good(), alert};
    row.offer.context = change;
    return row;
  };
  const auto only = [](int version) {
    return [version](SSL_CTX* context) {
      SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    };
  };
  const auto cipher = [](const char* list) {
    return [list](SSL_CTX* context) {
      SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
      SSL_CTX_set_cipher_list(context, list);
    };
  };
  check_refused(guarded, {
      with("TLS 1.0", SSL_AD_PROTOCOL_VERSION, only(TLS1_VERSION)),
      with("TLS 1.1", SSL_AD_PROTOCOL_VERSION, only(TLS1_1_VERSION)),
      with("no encryption", SSL_AD_HANDSHAKE_FAILURE, cipher("eNULL:@SECLEVEL=0")),
      with("CBC", SSL_AD_HANDSHAKE_FAILURE, cipher("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")),
      with("no forward secrecy", SSL_AD_HANDSHAKE_FAILURE, cipher("AES128-GCM-SHA256:@SECLEVEL=0")),
      with("nobody's key", SSL_AD_HANDSHAKE_FAILURE, cipher("aNULL:@SECLEVEL=0")),
      with("a shared key instead of a certificate", SSL_AD_HANDSHAKE_FAILURE, [](SSL_CTX* context) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(context, "PSK-AES128-GCM-SHA256:@SECLEVEL=0");
        SSL_CTX_set_psk_client_callback(context, [](SSL*, const char*, char* name, unsigned, unsigned char* key, unsigned) {
          name[0] = 'a', name[1] = 0, key[0] = 1;
          return 1U;
        });
      }),
      with("SHA-1", SSL_AD_HANDSHAKE_FAILURE, [](SSL_CTX* context) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA1:RSA+SHA1");
      }),
      with("secp192k1", SSL_AD_HANDSHAKE_FAILURE, [](SSL_CTX* context) {
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set1_groups_list(context, "secp192k1");
      }),
  });
}

TEST_CASE("TLS-12: ALPN decides what is spoken; what we do not speak ends in an alert") {
  Guarded guarded;
  const auto offering = [&](const std::string& wire) {
    TlsOffer offer = guarded.good();
    offer.alpn = wire;
    return offer;
  };
  std::string many;
  for (int i = 0; i < 255; ++i) many += alpn_wire({fmt::format("x{}", i)});
  check_refused(guarded, {
      {"http/1.0", offering(alpn_wire({"http/1.0"})), SSL_AD_NO_APPLICATION_PROTOCOL},
      {"unknown", offering(alpn_wire({"smtp"})), SSL_AD_NO_APPLICATION_PROTOCOL},
      {"255 names, none of ours", offering(many), SSL_AD_NO_APPLICATION_PROTOCOL},
      {"h2 in other letters", offering(alpn_wire({"H2"})), SSL_AD_NO_APPLICATION_PROTOCOL},
  });
  TlsClient last(guarded.at(), offering(many + alpn_wire({"http/1.1"})));
  REQUIRE(last.handshake());
  CHECK(last.alpn() == "http/1.1");
  CHECK(last.ask_once("/bytes/5").ends_with(pattern(5)));
  // HTTP/1 over what was agreed to be HTTP/2: GOAWAY, and nobody behind sees it.
  const int before = guarded.app.requests;
  TlsClient confused(guarded.at(), offering(alpn_wire({"h2"})));
  REQUIRE(confused.handshake());
  CHECK(confused.ask_once("/bytes/5").find("HTTP/1.1") == std::string::npos);
  CHECK(guarded.refused(1, "bad_preface"));
  // And the other way round: the preface is no request.
  TlsClient reversed(guarded.at(), offering(alpn_wire({"http/1.1"})));
  REQUIRE(reversed.handshake());
  reversed.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  CHECK(reversed.read_to_end().starts_with("HTTP/1.1 "));
  CHECK(guarded.app.requests == before);
}

TEST_CASE("TLS-12: SNI chooses nothing here, so no spelling of it changes who is reached") {
  Guarded guarded;
  for (const std::string& sni : {std::string(), std::string("app"), std::string("other.test"), std::string("127.0.0.1"),
                                 std::string(255, 'a')}) {
    CAPTURE(sni);
    TlsOffer offer = guarded.good();
    offer.sni = sni;
    TlsClient client(guarded.at(), offer);
    REQUIRE(client.handshake());
    CHECK(client.ask_once("/bytes/5").ends_with(pattern(5)));
  }
}

}  // namespace outrider::scenario
