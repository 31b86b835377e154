// Identities: which texts are SPIFFE IDs, which certificates carry one.

#include "core/protocol/tls.hpp"
#include "tests/harness/certificates.hpp"

namespace outrider::test {
namespace {

TEST_CASE(
    "a SPIFFE ID has a scheme, a lower-case trust domain and a path of plain segments (TLS-03)") {
  using protocol::is_spiffe_id;
  for (const std::string_view id :
       {"spiffe://cluster.local/ns/shop/sa/order", "spiffe://td/a", "spiffe://t-d_1.x/A.b-c_9"}) {
    CAPTURE(id);
    CHECK(is_spiffe_id(id));
  }
  for (const std::string_view id : {"",
                                    "spiffe://",
                                    "spiffe:///a",
                                    "spiffe://td",
                                    "spiffe://td/",
                                    "spiffe://td//a",
                                    "spiffe://td/a/",
                                    "spiffe://td/a//b",
                                    "spiffe://td/.",
                                    "spiffe://td/..",
                                    "spiffe://td/a/../b",
                                    "spiffe://TD/a",
                                    "spiffe://td:80/a",
                                    "spiffe://u@td/a",
                                    "spiffe://td/a?b",
                                    "spiffe://td/a#b",
                                    "spiffe://td/a%20b",
                                    "spiffe://td/a b",
                                    "Spiffe://td/a",
                                    "SPIFFE://td/a",
                                    "http://td/a",
                                    "spiffe:/td/a",
                                    "td/a",
                                    "spiffe://t\xc3\xa4/a",
                                    "spiffe://td/\xc3\xa4",
                                    "spiffe://td/a\n",
                                    " spiffe://td/a"}) {
    CAPTURE(id);
    CHECK_FALSE(is_spiffe_id(id));
  }
  CHECK_FALSE(is_spiffe_id(std::string_view("spiffe://td/a\0b", 15)));
  CHECK(is_spiffe_id("spiffe://td/" + std::string(2036, 'a')));
  CHECK_FALSE(is_spiffe_id("spiffe://td/" + std::string(2037, 'a')));
  CHECK(is_spiffe_id("spiffe://" + std::string(255, 't') + "/a"));
  CHECK_FALSE(is_spiffe_id("spiffe://" + std::string(256, 't') + "/a"));
}

TEST_CASE("a certificate's identity is its one URI name (TLS-04 to TLS-06)") {
  const Authority authority;
  const std::string good = "spiffe://cluster.local/ns/shop/sa/order";
  const auto identity = [&](const Wanted& wanted) {
    return protocol::spiffe_identity(*authority.issue(wanted).certificate);
  };
  const auto with_uris = [&](std::vector<std::string> uris, std::string dns = {}) {
    Wanted wanted;
    wanted.uris = std::move(uris);
    wanted.dns = std::move(dns);
    return identity(wanted);
  };
  CHECK(with_uris({good}).value() == good);
  CHECK(with_uris({good}, "shop.test").value() == good);  // names of other kinds are allowed
  CHECK_FALSE(with_uris({}));
  CHECK_FALSE(with_uris({}, "shop.test"));
  CHECK_FALSE(with_uris({good, good}));
  CHECK_FALSE(with_uris({good, "https://shop.test/"}));
  CHECK_FALSE(with_uris({"https://shop.test/", good}));
  CHECK_FALSE(with_uris({"https://shop.test/"}));
  CHECK_FALSE(with_uris({good + std::string("\0.evil", 6)}));
  CHECK_FALSE(with_uris({std::string("\0", 1) + good}));
  Wanted authority_leaf;
  authority_leaf.basic_constraints = "critical,CA:TRUE";
  CHECK_FALSE(identity(authority_leaf));
  for (const char* usage :
       {"critical,digitalSignature,keyCertSign", "critical,digitalSignature,cRLSign"}) {
    Wanted signs;
    signs.key_usage = usage;
    CHECK_FALSE(identity(signs));
  }
}

}  // namespace
}  // namespace outrider::test
