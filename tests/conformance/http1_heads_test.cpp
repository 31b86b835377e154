// Heads that are not quite HTTP/1.1, and heads that are too much of it (reliability 2.3).

#include <fmt/format.h>

#include <algorithm>

#include "tests/conformance/refusals.hpp"

namespace outrider::scenario {
namespace {

using namespace std::string_literals;

std::string get(std::string_view fields, std::string_view line = "GET /bytes/1 HTTP/1.1") {
  return fmt::format("{}\r\nHost: app\r\n{}\r\n", line, fields);
}

std::vector<BadInput> malformed(const std::vector<std::string>& inputs, std::vector<int> statuses = {400}) {
  std::vector<BadInput> rows;
  for (const std::string& bytes : inputs) rows.push_back({bytes, "http1_malformed_head", statuses});
  return rows;
}

}  // namespace

TEST_CASE("H1-05: a header line is a token, a colon and a value") {
  App app;
  Single mesh({app.address()});
  check_refused(app, mesh,
                malformed({
                    get("X : y\r\n"),
                    get("X\t: y\r\n"),
                    get("X\r\n"),
                    get(": y\r\n"),
                    get("X(: y\r\n"),
                    get("X@: y\r\n"),
                    get("X Y: z\r\n"),
                    get("\"X\": y\r\n"),
                    get("X[0]: y\r\n"),
                    get("X/Y: z\r\n"),
                    get("{}: y\r\n"),
                }));
}

TEST_CASE("H1-06: lines are not folded") {
  App app;
  Single mesh({app.address()});
  check_refused(app, mesh,
                malformed({
                    get("X: a\r\n b\r\n"),
                    get("X: a\r\n\tb\r\n"),
                    get("X: a\r\n \r\n"),
                    "GET /bytes/1 HTTP/1.1\r\n Host: app\r\n\r\n",
                    "GET /bytes/1 HTTP/1.1\r\nHost: app\r\n X: y\r\n\r\n",
                    "GET /bytes/1 HTTP/1.1\r\nHost:\r\n app\r\n\r\n",
                }));
}

TEST_CASE("H1-07: lines end in CR LF, and hold no control byte") {
  App app;
  Single mesh({app.address()});
  std::vector<std::string> inputs = {
      "GET /bytes/1 HTTP/1.1\nHost: app\n\n",
      "GET /bytes/1 HTTP/1.1\r\nHost: app\n\r\n",
      "GET /bytes/1 HTTP/1.1\r\nHost: app\r\n\n",
      get("X: a\rb\r\n"),
      get("X: a\r\r\n"),
      "GET /bytes/1 HTTP/1.1\r\r\nHost: app\r\n\r\n",
      get("X\xc3\xa9: y\r\n"),
      get("\xff: y\r\n"),
      get("X: a\x7f"
          "b\r\n"),
  };
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\n' || c == '\r') continue;
    inputs.push_back(get("X: a" + std::string(1, static_cast<char>(c)) + "b\r\n"));
    inputs.push_back(get("X" + std::string(1, static_cast<char>(c)) + ": b\r\n"));
  }
  check_refused(app, mesh, malformed(inputs));
}

TEST_CASE("H1-07: bytes beyond ASCII in values are opaque, and pass as they are") {
  App app;
  Single mesh({app.address()});
  const std::string text = "gr\xfc\xdf dich \xe2\x82\xac \xff";
  CHECK(
      RawClient(mesh.entry()).ask("GET", "/headers", "X: " + text + "\r\n").body.find("x: " + text + "\n") !=
      std::string::npos);
}

TEST_CASE("H1-17: the host is said once, is a host, and agrees with the target") {
  App app;
  Single mesh({app.address()});
  std::vector<BadInput> rows;
  for (const std::string& head : {
           "GET http://other/x HTTP/1.1\r\nHost: app\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app\r\nHost: app\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app\r\nhost: evil\r\n\r\n"s,
           "GET /x HTTP/1.1\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost:\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: user@app\r\n\r\n"s,
           "GET http://user@app/x HTTP/1.1\r\nHost: app\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: a,b\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app:99999\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app:80:80\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app:http\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: [::1\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app/path\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app?q\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n"s,
           "GET /x HTTP/1.1\r\nHost: app%00\r\n\r\n"s,
           "GET http:///x HTTP/1.1\r\nHost: app\r\n\r\n"s,
       }) {
    rows.push_back({head, "http1_bad_host"});
  }
  for (const char* target : {"https://app/x", "ftp://app/x", "app/x", "x", "*"}) {
    rows.push_back({fmt::format("GET {} HTTP/1.1\r\nHost: app\r\n\r\n", target), "http1_malformed_head"});
  }
  check_refused(app, mesh, rows);
  RawClient client(mesh.entry());
  client.send("GET http://APP/headers HTTP/1.1\r\nHost: app\r\n\r\n");
  CHECK(client.read().body.starts_with("GET /headers app\n"));
}

TEST_CASE("H1-20: heads beyond the limits are refused at the limit") {
  App app;
  Single mesh({app.address()});
  std::string many;
  for (int i = 0; i < 101; ++i) many += fmt::format("X-{}: y\r\n", i);
  check_refused(
      app, mesh,
      {
          {get(many), "head_too_large", {431}},
          {get("X: " + std::string(64 * 1024, 'y') + "\r\n"), "head_too_large", {431}},
          {get("", "GET /" + std::string(20'000, 'a') + " HTTP/1.1"), "http1_target_too_long", {414}},
          {get("", std::string(8 * 1024, 'G') + " / HTTP/1.1"), "http1_malformed_head", {400}},
          {"\r\n\r\n" + get(""), "http1_malformed_head", {400}},
      });
  // What never ends is answered when the limit is reached: the rest need not be sent, nor is it held.
  struct Endless {
    std::string begin, more;
    int status;
  };
  for (const Endless& row : {Endless{"GET /x HTTP/1.1\r\nHost: app\r\n", "a:\r\n", 431},
                             Endless{"GET /x HTTP/1.1\r\nHost: app\r\nX: ", "yyyyyyyyyyyyyyyy", 431},
                             Endless{"GET /", "aaaaaaaaaaaaaaaa", 414}, Endless{"", "GGGGGGGGGGGGGGGG", 414},
                             Endless{"", "\r\n", 400}}) {
    CAPTURE(row.begin);
    CAPTURE(row.more);
    RawClient client(mesh.entry());
    std::string piece = row.begin;
    while (piece.size() < 4096) piece += row.more;
    std::size_t sent = piece.size();
    client.send(piece);
    piece.erase(0, row.begin.size());
    while (sent < 1024 * 1024 && client.send(piece)) sent += piece.size();
    CHECK(sent <= 1024 * 1024 + 8192);
    const Answer answer = client.read();
    CHECK((answer.status == row.status || answer.status == 0));  // 0: the reset overtook the answer
  }
  CHECK(app.requests == 1);
}

TEST_CASE("H1-21: the version is HTTP/1.1 or HTTP/1.0, to the letter") {
  App app;
  Single mesh({app.address()});
  std::vector<BadInput> rows;
  for (const char* version : {"HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1x", "HTTP/0.9", "HTTP/11",
                              "HTTP/1.10", "HTTP/1", "HTTPS/1.1", "Http/1.1", "HTTP/ 1.1"}) {
    rows.push_back({get("", fmt::format("GET /x {}", version)), "http1_unknown_version", {400, 505}});
  }
  rows.back().reason = "http1_malformed_head";  // a space too many
  rows.push_back({"GET /x\r\nHost: app\r\n\r\n", "http1_malformed_head"});
  rows.push_back({"GET /x \r\nHost: app\r\n\r\n", "http1_unknown_version"});
  rows.push_back({"GET  /x HTTP/1.1\r\nHost: app\r\n\r\n", "http1_malformed_head"});
  rows.push_back({"GET\t/x\tHTTP/1.1\r\nHost: app\r\n\r\n", "http1_malformed_head"});
  check_refused(app, mesh, rows);
  RawClient old(mesh.entry());
  old.send("GET /bytes/3 HTTP/1.0\r\nHost: app\r\n\r\n");
  CHECK(old.read().body == pattern(3));
  CHECK(old.ended());
}

}  // namespace outrider::scenario
