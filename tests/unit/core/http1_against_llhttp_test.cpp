// Our reader of HTTP/1 against llhttp: good messages, and mutants of them.

#include "core/base/random.hpp"
#include "tests/unit/core/http1_against_llhttp.hpp"

namespace outrider::test {
namespace {

const std::string good[] = {
    "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n\r\n",
    "POST /orders HTTP/1.1\r\nHost: a:80\r\nContent-Length: 11\r\nX-One: 1\r\n\r\nhello worldGET "
    "/2 HTTP/1.1\r\nHost: a\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
    "DELETE /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: "
    "close\r\n\r\n",
    "\r\nPATCH /%20 HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 0\r\nCookie: a=b; c=d\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
};

TEST_CASE("good messages are the same to ours and to llhttp") {
  const std::size_t expected[] = {1, 2, 2, 2, 1, 1};
  for (std::size_t i = 0; i < std::size(good); ++i) CHECK(compare_with_llhttp(good[i]) == expected[i]);
}

TEST_CASE("20,000 mutants: whatever ours takes, llhttp takes alike") {
  Random random(2024);
  constexpr char bytes_that_matter[] =
      "\r\n\t \0:;,=/?#%@[]()\"\\+-_0159aAfFxXzZ\x01\x0b\x7f\x80\xff";
  const std::string_view spice(bytes_that_matter, sizeof bytes_that_matter - 1);
  const std::string pieces[] = {"\r\n",
                                "\n",
                                "\r",
                                "\r\n ",
                                "\r\n\r\n",
                                "0\r\n\r\n",
                                "Content-Length: 3\r\n",
                                "Transfer-Encoding: chunked\r\n",
                                "Host: b\r\n",
                                "chunked, ",
                                "Connection: close\r\n",
                                "HTTP/1.1",
                                "GET / HTTP/1.1\r\n",
                                ";a=b",
                                "http://a"};
  std::size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good[random.below(std::size(good))];
    for (std::uint64_t change = 0; change <= random.below(3); ++change) {
      const std::size_t at = random.below(bytes.size());
      switch (random.below(5)) {
        case 0:
          bytes[at] = spice[random.below(spice.size())];
          break;
        case 1:
          bytes.insert(at, 1, spice[random.below(spice.size())]);
          break;
        case 2:
          bytes.erase(at, 1 + random.below(3));
          break;
        case 3:
          bytes.insert(at, pieces[random.below(std::size(pieces))]);
          break;
        default:
          bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(20)));
          break;
      }
      if (bytes.empty()) bytes = "G";
    }
    taken += compare_with_llhttp(bytes);
  }
  CHECK(taken > 5'000);  // or the mutants are all dead and prove nothing
}

}  // namespace
}  // namespace outrider::test
