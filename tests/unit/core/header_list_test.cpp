// HeaderList and the functions on heads.

#include "core/protocol/message.hpp"
#include "tests/unit/core/side.hpp"

namespace outrider::test {
namespace {

using protocol::HeaderList;
using protocol::HeaderName;

TEST_CASE("fields stay in order, duplicates apart; set() makes one of them, remove() none") {
  HeaderList list = list_of({{"a", "1"}, {"host", "h"}, {"a", "2"}, {"b", "3"}});
  CHECK(list.size() == 4);
  CHECK(list.find("a")->value == "1");
  CHECK(list.find(HeaderName::Host)->value == "h");
  CHECK(list.value(HeaderName::Cookie).empty());
  list.set("a", "9");
  CHECK(fields_of(list) == Fields{{"a", "9"}, {"host", "h"}, {"b", "3"}});
  list.set("x-request-id", "new");
  CHECK(list.fields().back().id == HeaderName::XRequestId);
  CHECK(list.remove("a"));
  CHECK_FALSE(list.remove("a"));
  CHECK(list.remove(HeaderName::Host));
  CHECK_FALSE(list.has(HeaderName::Host));
  CHECK(fields_of(list) == Fields{{"b", "3"}, {"x-request-id", "new"}});
  CHECK(list.bytes() == 1 + 1 + 32 + 12 + 3 + 32);
}

TEST_CASE("a list knows which names were never added, however they were") {
  HeaderList list;
  CHECK_FALSE(list.may_have(HeaderName::Cookie));
  list.add("cookie", "a=b");
  list.add_static("te", "trailers");
  list.set("x-request-id", "1");
  list.add("x-unknown", "2");
  for (const HeaderName id : {HeaderName::Cookie, HeaderName::Te, HeaderName::XRequestId}) {
    CHECK(list.may_have(id));
    CHECK(list.has(id));
  }
  CHECK_FALSE(list.may_have(HeaderName::Host));
  HeaderList moved = std::move(list);
  CHECK(moved.has(HeaderName::Te));
  CHECK(moved.remove(HeaderName::Te));
  moved.set("te", "trailers");
  CHECK(moved.value(HeaderName::Te) == "trailers");
  moved.clear();
  CHECK_FALSE(moved.may_have(HeaderName::Te));
}

TEST_CASE("set() may be given the value that it replaces") {
  HeaderList list = list_of({{"a", "old value"}, {"a", "other"}});
  list.set("a", list.find("a")->value.substr(4));
  CHECK(fields_of(list) == Fields{{"a", "value"}});
}

TEST_CASE("what is kept stays where it is, however much follows") {
  HeaderList list;
  std::vector<std::pair<std::string_view, std::string>> kept;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string text(i * 13 % 3000, static_cast<char>('a' + i % 26));
    kept.emplace_back(list.keep(text), text);
  }
  for (const auto& [view, text] : kept) CHECK(view == text);
}

TEST_CASE("a moved list takes its bytes along; a cleared one is as new") {
  HeaderList from = list_of({{"name", std::string(5000, 'v')}, {"other", "x"}});
  const HeaderList to = std::move(from);
  CHECK(to.fields()[0].value == std::string(5000, 'v'));
  HeaderList list;
  for (int round = 0; round < 3; ++round) {
    list.add("a", std::string(900, 'x'));
    list.add("b", std::string(900, 'y'));
    CHECK(list.fields()[0].value == std::string(900, 'x'));
    CHECK(list.fields()[1].value == std::string(900, 'y'));
    list.clear();
    CHECK(list.empty());
    CHECK(list.bytes() == 0);
  }
}

TEST_CASE("a recycled head has nothing of the one before") {
  {
    HeadPtr used = response(404, {{"x", "y"}});
    used->method = "GET";
    used->path = "/";
  }
  const HeadPtr fresh = protocol::make_head();
  CHECK(fresh->fields.empty());
  CHECK(fresh->status == 0);
  CHECK(fresh->method.empty());
  CHECK(fresh->path.empty());
}

TEST_CASE("known names are known by every letter") {
  CHECK(protocol::header_name("te") == HeaderName::Te);
  CHECK(protocol::header_name("x-forwarded-client-cert") == HeaderName::XForwardedClientCert);
  CHECK(protocol::header_name("x-envoy-expected-rq-timeout-ms") ==
        HeaderName::XEnvoyExpectedRqTimeoutMs);
  CHECK(protocol::header_name("x-envoy-upstream-service-time") ==
        HeaderName::XEnvoyUpstreamServiceTime);
  CHECK(protocol::header_name("grpc-timeout") == HeaderName::GrpcTimeout);
  CHECK(protocol::header_name("grpc-timeouT") == HeaderName::Other);
  CHECK(protocol::header_name("hos") == HeaderName::Other);
  CHECK(protocol::header_name("") == HeaderName::Other);
  CHECK(protocol::header_name(std::string(40, 'x')) == HeaderName::Other);
}

TEST_CASE("gRPC is known by its content type, and by that alone") {
  for (const std::string_view type :
       {"application/grpc", "application/grpc+proto", "application/grpc;x=y"}) {
    CHECK(protocol::is_grpc(*request("POST", "/", {{"content-type", std::string(type)}})));
  }
  for (const std::string_view type : {"application/grpc-web", "application/json", ""}) {
    CHECK_FALSE(protocol::is_grpc(*request("POST", "/", {{"content-type", std::string(type)}})));
  }
  CHECK_FALSE(protocol::is_grpc(*request("POST")));
}

}  // namespace
}  // namespace outrider::test
