#include "certs/ca/authority.hpp"

#include <doctest/doctest.h>

#include "certs/ca/inspect.hpp"
#include "certs/ca/openssl.hpp"

using namespace outrider;
using namespace outrider::certs;
using namespace std::chrono_literals;

namespace {

const WallTime now{std::chrono::seconds(1'700'000'000)};

SpiffeId order() { return {"cluster.local", "ecommerce", "order-service"}; }

Authority new_authority() {
  auto authority = Authority::create("cluster.local", now);
  REQUIRE(authority);
  return std::move(*authority);
}

Credential issued(const Authority& authority, Validity validity = valid_for(24h, now)) {
  auto credential = authority.issue(order(), validity);
  REQUIRE(credential);
  return std::move(*credential);
}

}  // namespace

TEST_CASE("a workload's certificate carries its identity and nothing else as SAN") {
  const auto facts = inspect(issued(new_authority()).certificate);
  REQUIRE(facts);
  CHECK(facts->uris == std::vector<std::string>{
                           "spiffe://cluster.local/ns/ecommerce/sa/order-service"});
  CHECK_FALSE(facts->is_authority);
  CHECK(facts->issuer == "O=cluster.local,CN=Outrider root CA");
}

TEST_CASE("a workload's certificate may authenticate both sides and may not sign certificates") {
  const auto credential = issued(new_authority());
  auto certificate = read_certificate(credential.certificate);
  REQUIRE(certificate);
  X509* x509 = certificate->get();
  CHECK(X509_get_extended_key_usage(x509) == (XKU_SSL_CLIENT | XKU_SSL_SERVER));
  CHECK(X509_get_key_usage(x509) == KU_DIGITAL_SIGNATURE);
  CHECK((X509_get_extension_flags(x509) & EXFLAG_CA) == 0);
  CHECK(X509_get0_subject_key_id(x509) != nullptr);
  CHECK(X509_get0_authority_key_id(x509) != nullptr);
  for (const int nid : {NID_key_usage, NID_basic_constraints}) {
    const int at = X509_get_ext_by_NID(x509, nid, -1);
    REQUIRE(at >= 0);
    CHECK(X509_EXTENSION_get_critical(X509_get_ext(x509, at)) == 1);
  }
  auto key = read_key(credential.key);
  REQUIRE(key);
  CHECK(X509_check_private_key(x509, key->get()) == 1);
  char group[32] = {};
  EVP_PKEY_get_group_name(key->get(), group, sizeof group, nullptr);
  CHECK(std::string(group) == "prime256v1");
}

TEST_CASE("the root signs itself, for ten years, and may only sign") {
  const auto authority = new_authority();
  const auto facts = inspect(authority.root().certificate);
  REQUIRE(facts);
  CHECK(facts->is_authority);
  CHECK(facts->subject == facts->issuer);
  CHECK(facts->validity.not_after == now + 24h * 3650);
  auto certificate = read_certificate(authority.root().certificate);
  REQUIRE(certificate);
  CHECK(X509_get_key_usage(certificate->get()) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  CHECK(verify(authority.root().certificate, authority.root().certificate, now));
}

TEST_CASE("a certificate holds under its own root alone, and only in its time") {
  const auto ours = new_authority();
  const auto theirs = new_authority();
  const auto leaf = issued(ours).certificate;
  CHECK(verify(leaf, ours.root().certificate, now));
  CHECK(verify(leaf, ours.root().certificate, now - 59s));
  CHECK_FALSE(verify(leaf, ours.root().certificate, now - 61s));
  CHECK(verify(leaf, ours.root().certificate, now + 24h - 1s));
  const auto late = verify(leaf, ours.root().certificate, now + 24h + 1s);
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "certificate has expired");
  CHECK_FALSE(verify(leaf, theirs.root().certificate, now));
}

TEST_CASE("a certificate made to be expired has run out") {
  const auto authority = new_authority();
  const auto leaf = issued(authority, ran_out(1h, now)).certificate;
  const auto checked = verify(leaf, authority.root().certificate, now);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == "certificate has expired");
  const auto facts = inspect(leaf);
  REQUIRE(facts);
  CHECK(facts->validity.not_after == now - 1min);
  CHECK(facts->validity.not_before == now - 61min);
}

TEST_CASE("serial numbers are 128 bits long and do not repeat") {
  const auto authority = new_authority();
  const auto first = inspect(issued(authority).certificate);
  const auto second = inspect(issued(authority).certificate);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->serial.size() == 32);
  CHECK(first->serial != second->serial);
}

TEST_CASE("a root that was written down goes on issuing") {
  const auto authority = new_authority();
  const auto again = Authority::load(authority.root());
  REQUIRE(again);
  CHECK(again->trust_domain() == "cluster.local");
  CHECK(verify(issued(*again).certificate, authority.root().certificate, now));
}

TEST_CASE("what is no root is not taken for one") {
  const auto authority = new_authority();
  const auto other = new_authority();
  const auto leaf = issued(authority);
  CHECK_FALSE(Authority::load(leaf));
  CHECK_FALSE(Authority::load({authority.root().certificate, other.root().key}));
  CHECK_FALSE(Authority::load({"", ""}));
  CHECK_FALSE(Authority::load({"-----BEGIN CERTIFICATE-----\nAAAA\n", authority.root().key}));
}

TEST_CASE("an identity that breaks SPIFFE's rules is not signed") {
  const auto authority = new_authority();
  CHECK_FALSE(authority.issue({"cluster.local", "a", "b,DNS:x"}, valid_for(24h, now)));
  CHECK_FALSE(authority.issue({"cluster.local", "..", "b"}, valid_for(24h, now)));
  CHECK_FALSE(authority.issue(order(), {now, now}));
  CHECK_FALSE(Authority::create("Cluster/Local", now));
}
