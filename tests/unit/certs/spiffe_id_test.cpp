#include "certs/ca/spiffe_id.hpp"

#include <doctest/doctest.h>

using namespace outrider::certs;

TEST_CASE("an identity is written as Istio writes it and read back") {
  const auto id = make_spiffe_id("cluster.local", "ecommerce", "order-service");
  REQUIRE(id);
  CHECK(id->uri() == "spiffe://cluster.local/ns/ecommerce/sa/order-service");
  const auto read = parse_spiffe_id(id->uri());
  REQUIRE(read);
  CHECK(*read == *id);
}

TEST_CASE("names that could change an identity's shape are refused") {
  struct Row {
    std::string trust_domain, ns, service_account;
  };
  const Row rows[] = {
      {"", "a", "b"},           {"Cluster.Local", "a", "b"},  {"td:8080", "a", "b"},
      {"td/x", "a", "b"},       {"user@td", "a", "b"},        {std::string(256, 'a'), "a", "b"},
      {"td", "", "b"},          {"td", ".", "b"},             {"td", "..", "b"},
      {"td", "a/b", "c"},       {"td", "a b", "c"},           {"td", "a%2fb", "c"},
      {"td", "a", "b?q"},       {"td", "a", "b#f"},           {"td", "a", "b,DNS:evil"},
      {"td", "a", "b\n"},       {"td", "a", std::string("b\0c", 3)}, {"td", "a", "\xd0\xb0"},
      {"td", "a", std::string(2048, 'x')},
  };
  for (const Row& row : rows) {
    CAPTURE(row.trust_domain);
    CAPTURE(row.ns);
    CAPTURE(row.service_account);
    CHECK_FALSE(make_spiffe_id(row.trust_domain, row.ns, row.service_account));
  }
}

TEST_CASE("a URI of another form is no workload's identity") {
  for (const char* uri :
       {"", "spiffe://", "spiffe://td", "spiffe://td/", "https://td/ns/a/sa/b",
        "SPIFFE://td/ns/a/sa/b", "spiffe://td/ns/a/sa/b/", "spiffe://td/ns/a/sa",
        "spiffe://td/ns/a/sa/", "spiffe://td/sa/a/ns/b", "spiffe://td//ns/a/sa/b",
        "spiffe://td/ns/../sa/b", "spiffe://TD/ns/a/sa/b", "spiffe://td:1/ns/a/sa/b"}) {
    CAPTURE(uri);
    CHECK_FALSE(parse_spiffe_id(uri));
  }
}
