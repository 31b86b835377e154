#include "proxy/policy/failure.hpp"

#include <doctest/doctest.h>

#include <set>

namespace outrider::proxy {
namespace {

TEST_CASE("each failure has the status, flag and gRPC status that callers know") {
  struct Row {
    Failure failure;
    int http;
    int grpc;
    const char* flag;
    bool blames;
  };
  const Row rows[] = {
      {Failure::NoRoute, 404, 12, "NR", false},
      {Failure::NoCluster, 503, 14, "NC", false},
      {Failure::NoHealthyUpstream, 503, 14, "UH", false},
      {Failure::Overflow, 503, 14, "UO", false},
      {Failure::AccessDenied, 403, 7, "-", false},
      {Failure::PlaintextRefused, 403, 7, "-", false},
      {Failure::BadTimeout, 400, 13, "-", false},
      {Failure::ConnectFailure, 503, 14, "UF", true},
      {Failure::ConnectTimeout, 503, 14, "UF", true},
      {Failure::UpstreamReset, 503, 14, "UR", true},
      {Failure::UpstreamRefused, 503, 14, "UR", false},
      {Failure::UpstreamClosed, 503, 14, "UC", true},
      {Failure::UpstreamProtocolError, 502, 14, "UPE", true},
      {Failure::AttemptTimeout, 504, 14, "UT", true},
      {Failure::RouteTimeout, 504, 14, "UT", true},
      {Failure::ClientDeadline, 504, 4, "UT", false},
      {Failure::BadPath, 400, 13, "DPE", false},
      {Failure::MissingHost, 400, 13, "DPE", false},
      {Failure::ConnectRefused, 405, 2, "-", false},
      {Failure::UpgradeRefused, 403, 7, "-", false},
      {Failure::GrpcNeedsHttp2, 415, 2, "-", false},
      {Failure::StreamIdle, 504, 14, "SI", false},
      {Failure::RequestIdle, 408, 2, "SI", false},
      {Failure::DownstreamDisconnect, 0, 1, "DC", false},
      {Failure::Overloaded, 503, 14, "OM", false},
  };
  CHECK(std::size(rows) == failure_count);
  for (const Row& row : rows) {
    const FailureFacts& known = facts(row.failure);
    CAPTURE(std::string(known.details));
    CHECK(known.http_status == row.http);
    CHECK(known.grpc_status == row.grpc);
    CHECK(text({known.flag, false}) == row.flag);
    CHECK(known.blames_endpoint == row.blames);
  }
}

TEST_CASE("every failure says something, in words of its own") {
  std::set<std::string_view> details;
  for (int i = 0; i < failure_count; ++i) {
    const FailureFacts& known = facts(static_cast<Failure>(i));
    CAPTURE(i);
    CHECK_FALSE(known.details.empty());
    CHECK(details.insert(known.details).second);
    if (static_cast<Failure>(i) != Failure::DownstreamDisconnect) CHECK_FALSE(known.body.empty());
    // Where the caller's own deadline did not decide, the HTTP status does.
    if (static_cast<Failure>(i) != Failure::ClientDeadline && known.http_status != 0) {
      CHECK(known.grpc_status == grpc_status_of_http(known.http_status));
    }
  }
}

TEST_CASE("every flag is some failure's, and has a word of its own") {
  std::set<Flag> produced = {Flag::None};
  for (int i = 0; i < failure_count; ++i) produced.insert(facts(static_cast<Failure>(i)).flag);
  std::set<std::string_view> words;
  for (int flag = 0; flag <= static_cast<int>(Flag::NC); ++flag) {
    CAPTURE(flag);
    CHECK(produced.contains(static_cast<Flag>(flag)));
    for (const bool retry_limit : {false, true}) CHECK(words.insert(text({static_cast<Flag>(flag), retry_limit})).second);
  }
}

TEST_CASE("used-up retries stand where Envoy writes them") {
  CHECK(text({Flag::None, false}) == "-");
  CHECK(text({Flag::None, true}) == "URX");
  CHECK(text({Flag::UF, true}) == "UF,URX");
  CHECK(text({Flag::UPE, true}) == "URX,UPE");
}

TEST_CASE("HTTP and gRPC statuses translate as gRPC's own documents say") {
  const std::pair<int, int> rows[] = {{400, 13}, {401, 16}, {403, 7}, {404, 12}, {429, 14}, {431, 13},
                                      {502, 14}, {503, 14}, {504, 14}, {500, 2}, {200, 2}, {418, 2}};
  for (const auto& [http, grpc] : rows) {
    CAPTURE(http);
    CHECK(grpc_status_of_http(http) == grpc);
  }
  CHECK(http_status_of_grpc(0) == 200);
  CHECK(http_status_of_grpc(14) == 503);
  CHECK(http_status_of_grpc(4) == 504);
  CHECK(http_status_of_grpc(5) == 404);
  CHECK(http_status_of_grpc(99) == 500);
  CHECK(http_status_of_grpc(-1) == 500);
  constexpr int by_h2_error[] = {13, 13, 13, 13, 13, 2, 13, 14, 1, 13, 13, 8, 7, 2};
  for (std::uint32_t code = 0; code < std::size(by_h2_error); ++code) {
    CAPTURE(code);
    CHECK(grpc_status_of_h2_error(code) == by_h2_error[code]);
  }
  CHECK(grpc_status_of_h2_error(0xff) == 13);
}

TEST_CASE("a grpc-message is percent-encoded outside printable ASCII") {
  std::string out;
  append_grpc_message("50% of\nit \xc3\xa4", out);
  CHECK(out == "50%25 of%0Ait %C3%A4");
}

}  // namespace
}  // namespace outrider::proxy
