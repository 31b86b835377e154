// HTTP/1 whose end can be read in two ways: refused before a byte of it goes on (reliability 2.3).

#include <fmt/format.h>

#include <algorithm>

#include "tests/conformance/refusals.hpp"

namespace outrider::scenario {
namespace {

std::string post(std::string_view fields, std::string_view body = "5\r\nabcde\r\n0\r\n\r\n") {
  return fmt::format("POST /sum HTTP/1.1\r\nHost: app\r\n{}\r\n{}", fields, body);
}

std::vector<BadInput> ambiguous(std::initializer_list<std::string_view> fields,
                                std::vector<int> statuses = {400}) {
  std::vector<BadInput> inputs;
  for (const std::string_view field : fields) {
    inputs.push_back({post(std::string(field) + "\r\n"), "http1_ambiguous_framing", statuses});
  }
  return inputs;
}

}  // namespace

TEST_CASE("H1-01: Content-Length and Transfer-Encoding together are refused, in either order") {
  App app;
  Single mesh({app.address()});
  check_refused(app, mesh,
                ambiguous({
                    "Content-Length: 5\r\nTransfer-Encoding: chunked",
                    "Transfer-Encoding: chunked\r\nContent-Length: 5",
                    "Content-Length: 0\r\nTransfer-Encoding: chunked",
                    "Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 15",
                    "content-length: 5\r\nTRANSFER-ENCODING: Chunked",
                }));
}

TEST_CASE("H1-02: a second Content-Length is refused, whether it differs or not") {
  App app;
  Single mesh({app.address()});
  check_refused(app, mesh,
                ambiguous({
                    "Content-Length: 5\r\nContent-Length: 6",
                    "Content-Length: 5\r\nContent-Length: 5",
                    "Content-Length: 5\r\nX: y\r\ncontent-length: 0",
                    "Content-Length: 5,5",
                    "Content-Length: 5, 6",
                    "Content-Length: 5,",
                    "Content-Length: ,5",
                }));
}

TEST_CASE("H1-03: Content-Length is decimal digits, without anything around them") {
  App app;
  Single mesh({app.address()});
  check_refused(app, mesh,
                ambiguous({
                    "Content-Length: +5",
                    "Content-Length: -1",
                    "Content-Length: -0",
                    "Content-Length: 0x5",
                    "Content-Length: 5 ",
                    "Content-Length: 5\t",
                    "Content-Length: 5_0",
                    "Content-Length: 00005",
                    "Content-Length: 9223372036854775808",
                    "Content-Length: 18446744073709551616",
                    "Content-Length: 111111111122222222223333333333",
                    "Content-Length:",
                    "Content-Length: ",
                    "Content-Length: five",
                    "Content-Length: 5.0",
                    "Content-Length: 5e0",
                    "Content-Length: \"5\"",
                    "Content-Length: 5 5",
                    "Content_Length: 5",
                }));
}

TEST_CASE("H1-04: Transfer-Encoding is chunked, once, and nothing else") {
  App app;
  Single mesh({app.address()});
  check_refused(app, mesh,
                ambiguous(
                    {
                        "Transfer-Encoding: chunked, identity",
                        "Transfer-Encoding: identity, chunked",
                        "Transfer-Encoding: gzip, chunked",
                        "Transfer-Encoding: xchunked",
                        "Transfer-Encoding: chunked;a=b",
                        "Transfer-Encoding: , chunked",
                        "Transfer-Encoding: chunked,",
                        "Transfer-Encoding: chunked, chunked",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                        "Transfer-Encoding:",
                        "Transfer-Encoding: identity",
                        "Transfer_Encoding: chunked",
                        "Transfer-Encoding: \"chunked\"",
                        "Transfer-Encoding: chunke\xc4\x91",
                        "Transfer-Encoding: chunked ",
                        "Transfer-Encoding: c hunked",
                    },
                    {400, 501}));
  using namespace std::string_literals;
  std::vector<BadInput> inputs;
  for (const std::string& field :
       {"Transfer-Encoding: \x0b"
        "chunked"s,
        "Transfer-Encoding: chunked\0"s, "Transfer-Encoding : chunked"s, "Transfer-Encoding\x0b: chunked"s,
        "Transfer-Encoding:\r\n chunked"s, " Transfer-Encoding: chunked"s}) {
    inputs.push_back({post(field + "\r\n"), "http1_malformed_head"});
  }
  inputs.push_back({"POST /sum HTTP/1.0\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "http1_ambiguous_framing"});
  check_refused(app, mesh, inputs);
  const Answer taken = RawClient(mesh.entry()).ask("POST", "/sum", "X: y\r\n", "!\"");
  CHECK(taken.body == "2 ok");
  RawClient client(mesh.entry());
  client.send(post("Transfer-Encoding: chunKed\r\n", "2\r\n!\"\r\n0\r\n\r\n"));
  CHECK(client.read().body == "2 ok");
}

TEST_CASE("H1-08 to H1-10: a body in chunks that lies is answered 400, and its request never ends upstream") {
  struct Row {
    const char* name;
    std::string bytes;
  };
  using namespace std::string_literals;
  const Row rows[] = {
      {"H1-08", "0x2\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "+2\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "-1\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", " 2\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "2 \r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "2_\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "00000000000000002\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "FFFFFFFFFFFFFFFF\r\n!\"\r\n0\r\n\r\n"},
      {"H1-08", "10000000000000002\r\n!\"\r\n0\r\n\r\n"},
      {"H1-09", "2;\r\n!\"\r\n0\r\n\r\n"},
      {"H1-09", "2;a=\"\n\"\r\n!\"\r\n0\r\n\r\n"},
      {"H1-09", "2;\0\r\n!\"\r\n0\r\n\r\n"s},
      {"H1-09", "2;a\n!\"\r\n0\r\n\r\n"},
      {"H1-09", "2;a\r!\"\r\n0\r\n\r\n"},
      {"H1-09", "2;a=\"b\r\n!\"\r\n0\r\n\r\n"},
      {"H1-09", "2; a\r\n!\"\r\n0\r\n\r\n"},
      {"H1-09", "2;a=" + std::string(65'536, 'b') + "\r\n!\"\r\n0\r\n\r\n"},
      {"H1-10", "2\r\n!\"#\r\n0\r\n\r\n"},
      {"H1-10", "2\r\n!\"0\r\n\r\n"},
      {"H1-10", "2\r\n!\"\n0\r\n\r\n"},
      {"H1-10", "2\n!\"\r\n0\r\n\r\n"},
      {"H1-10", "2\r\n!\"\r\n0\r\nX: y\n\r\n"},
      {"H1-10", "2\r\n!\"\r\n0\r\n\n"},
      {"H1-10", "2\r\n!\"\r\n0\r\nX : y\r\n\r\n"},
      {"H1-11", "2\r\n!\"\r\n0\r\nContent-Length: 5\r\n\r\n"},
      {"H1-11", "2\r\n!\"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"},
  };
  App app;
  Single mesh({app.address()});
  int requests = 0;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CAPTURE(row.bytes.substr(0, 60));
    const double counted = rejections(mesh.sidecar, "http1_malformed_body");
    RawClient client(mesh.entry());
    client.send(post("Transfer-Encoding: chunked\r\n", "1\r\n!\r\n"));
    REQUIRE(eventually([&] { return app.requests == requests + 1; }));
    client.send(row.bytes + smuggled);
    const Answer answer = client.read();
    CHECK(answer.status == 400);
    CHECK(answer.field("connection") == "close");
    CHECK(client.read_to_end().empty());
    ++requests;
    CHECK(eventually([&] { return app.cancelled == requests; }));  // its connection went: no reuse
    CHECK(app.requests == requests);
    CHECK(app.finished == 0);
    CHECK(rejected(mesh.sidecar, counted + 1, "http1_malformed_body"));
  }
}

TEST_CASE("H1-09: chunk extensions are not passed on, and only so many of them are read (CVE-2023-39326)") {
  std::string body;
  RawServer upstream(answering([&](const RawRequest& request) {
    body = request.body;
    return "HTTP/1.1 204 None\r\n\r\n";
  }));
  Single mesh({upstream.address()});
  RawClient client(mesh.entry());
  client.send(
      post("Transfer-Encoding: chunked\r\n", "2;a;b=c;d=\"e f\"\r\n!\"\r\n1;z\r\n#\r\n0;last\r\n\r\n"));
  CHECK(client.read().status == 400);  // white space, even in quotes, is where readers differ
  RawClient plain(mesh.entry());
  plain.send(post("Transfer-Encoding: chunked\r\n", "2;a;b=c;d=\"ef\"\r\n!\"\r\n1;z\r\n#\r\n0;last\r\n\r\n"));
  CHECK(plain.read().status == 204);
  CHECK(body == "!\"#");
  for (const std::string& bytes : upstream.received()) CHECK(bytes.find(";") == std::string::npos);

  RawClient flood(mesh.entry());
  flood.send(post("Transfer-Encoding: chunked\r\n", ""));
  const std::string chunk = "1;a=" + std::string(4000, 'b') + "\r\n!\r\n";
  int sent = 0;
  while (sent < 100 && flood.send(chunk)) ++sent;
  CHECK(flood.read().status == 400);
  CHECK(rejected(mesh.sidecar, 2, "http1_malformed_body"));
}

TEST_CASE("H1-11: trailers about routing and identity are dropped, and none becomes a header") {
  std::vector<RawRequest> seen;
  RawServer upstream(answering([&](const RawRequest& request) {
    seen.push_back(request);
    return "HTTP/1.1 204 None\r\n\r\n";
  }));
  Single mesh({upstream.address()});
  RawClient client(mesh.entry());
  const Answer answer = client.ask_chunked(
      "/x", "abc", 3, {},
      "Host: evil\r\nAuthorization: me\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Client-Cert: By=me\r\n"
      "X-Envoy-Internal: true\r\nX-Checksum: 7\r\n");
  CHECK(answer.status == 204);
  CHECK(client.ask("GET", "/next").status == 204);
  REQUIRE(seen.size() == 2);
  const std::string all = upstream.received().at(0);
  CHECK(seen[0].body == "abc");
  CHECK(seen[0].head.find("x-checksum") == std::string::npos);
  CHECK(all.find("x-checksum: 7\r\n") != std::string::npos);
  for (const char* gone : {"evil", "authorization", "1.2.3.4", "By=me", "x-envoy-internal"}) {
    CAPTURE(gone);
    CHECK(all.find(gone) == std::string::npos);
  }
}

}  // namespace outrider::scenario
