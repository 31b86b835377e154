// xDS resources -> Snapshot: a DiscoveryResponse in protobuf, or a file of resources in JSON or YAML.
// What is compiled can be asked; what is not says why; and the same input has the same end twice.

#include <doctest/doctest.h>

#include <algorithm>

#include "config/xds/xds.hpp"
#include "proxy/discovery/resource_files.hpp"
#include "proxy/policy/authorize.hpp"
#include "proxy/policy/route.hpp"
#include "proxy/snapshot/compile.hpp"
#include "tests/fuzz/targets.hpp"

namespace outrider::fuzz {
namespace {

using envoy::service::discovery::v3::DiscoveryResponse;

template <typename T>
void take(const google::protobuf::Any& any, std::vector<proxy::Kept<T>>& into) {
  if (!any.Is<T>()) return;
  if (auto kept = proxy::Kept<T>::parse(any.value())) into.push_back(std::move(*kept));
}

proxy::XdsInput decode(ByteView input) {
  proxy::XdsInput decoded;
  DiscoveryResponse response;
  if (response.ParseFromArray(input.data(), static_cast<int>(input.size()))) {
    for (const auto& any : response.resources()) {
      take(any, decoded.listeners);
      take(any, decoded.routes);
      take(any, decoded.clusters);
      take(any, decoded.endpoints);
    }
  }
  const std::string text(text_of(input));
  const auto read = proxy::read_resources(text.starts_with('{') ? "a.json" : "a.yaml", text, decoded);
  if (!read) CHECK_FALSE(read.error().message.empty());
  return decoded;
}

void ask(const proxy::Snapshot& snapshot) {
  const protocol::HeadPtr head = protocol::make_head();
  head->method = "GET";
  head->authority = "shop.test:80";
  head->path = "/orders/1?a=b";
  head->fields.add("x-canary", "true");
  for (const auto& [name, table] : snapshot.routes) {
    const auto match = proxy::match_route(*table, *head);
    if (match.route != nullptr) REQUIRE(match.host != nullptr);
  }
  for (const auto& listener : snapshot.listeners) {
    for (const auto* chain : {&listener->tls, &listener->plaintext}) {
      if (!*chain) continue;
      const proxy::AuthorizationInput asked{*head, {"spiffe://a/ns/b/sa/c", {}, {}, 80, {}}};
      const auto decision = proxy::authorize({(*chain)->http.authorization, asked.caller}, asked);
      if (!decision.allowed) {
        CHECK_FALSE(proxy::explain_denial((*chain)->http.authorization, asked, decision).empty());
      }
    }
  }
}

}  // namespace

void xds(ByteView input) {
  const proxy::XdsInput decoded = decode(input);
  proxy::StateRegistry states;
  proxy::LabelRegistry labels;
  const auto first = proxy::compile(decoded, states, labels);
  const auto second = proxy::compile(decoded, states, labels);
  REQUIRE(first.has_value() == second.has_value());
  if (first) {
    ask(**first);
  } else {
    CHECK_FALSE(first.error().empty());
    CHECK(proxy::describe(first.error()) == proxy::describe(second.error()));
  }
}

}  // namespace outrider::fuzz
