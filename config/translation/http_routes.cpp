#include "config/translation/http_routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/translation/messages.hpp"
#include "config/translation/names.hpp"
#include "config/translation/retry_policy.hpp"
#include "config/translation/route_match.hpp"

namespace outrider::config {
namespace {

namespace v3 = envoy::config::route::v3;
using envoy::config::core::v3::HeaderValueOption;

std::string cluster_of(const View& view, const Destination& destination, std::string_view ns,
                       std::uint32_t port) {
  const std::string host = resolve_host(*destination.host, ns);
  std::uint32_t to = destination.port ? destination.port->number : port;
  if (const Service* service = view.registry.service(host); service && !destination.port) {
    if (const auto ports = service->ports(); ports.size() == 1) to = ports.front()->number;
  }
  return outbound_cluster(to, *destination.subset, host);
}

// Sets before adds, each sorted by name; Envoy removes before both.
template <typename Message>
void add_changes(const HeaderOperations& ops, Message& out) {
  const auto append = [](const HeaderChanges& changes, const auto& next) {
    for (const auto& [name, value] : changes.set) {
      HeaderValueOption& option = *next();
      option.mutable_header()->set_key(name);
      option.mutable_header()->set_value(value);
      option.set_append_action(HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
    }
    for (const auto& [name, value] : changes.add) {
      HeaderValueOption& option = *next();
      option.mutable_header()->set_key(name);
      option.mutable_header()->set_value(value);
      option.set_append_action(HeaderValueOption::APPEND_IF_EXISTS_OR_ADD);
    }
  };
  append(ops.request, [&] { return out.add_request_headers_to_add(); });
  append(ops.response, [&] { return out.add_response_headers_to_add(); });
  for (const std::string& name : ops.request.remove) out.add_request_headers_to_remove(name);
  for (const std::string& name : ops.response.remove) out.add_response_headers_to_remove(name);
}

void set_destinations(const View& view, const HttpRoute& rule, std::string_view ns, std::uint32_t port,
                      v3::Route& out) {
  add_changes(rule.headers, out);
  if (rule.route.size() == 1) {
    const WeightedDestination& only = rule.route.front();
    out.mutable_route()->set_cluster(cluster_of(view, only.destination(), ns, port));
    add_changes(only.headers, out);
    return;
  }
  for (const WeightedDestination& each : rule.route) {
    if (each.weight == 0) continue;
    auto& cluster = *out.mutable_route()->mutable_weighted_clusters()->add_clusters();
    cluster.set_name(cluster_of(view, each.destination(), ns, port));
    cluster.mutable_weight()->set_value(static_cast<std::uint32_t>(each.weight));
    add_changes(each.headers, cluster);
  }
}

void set_timeout(Duration timeout, v3::RouteAction& action) {
  set_duration(*action.mutable_timeout(), timeout);
  set_duration(*action.mutable_max_grpc_timeout(), timeout);
}

v3::Route route_for(const View& view, const Typed<VirtualService>& rules, const HttpRoute& rule,
                    const HttpMatch* match, std::uint32_t port) {
  const std::string& ns = rules.resource->key().ns;
  v3::Route out;
  if (match != nullptr && !match->name.empty() && !rule.name.empty()) {
    out.set_name(fmt::format("{}.{}", rule.name, match->name));
  } else {
    out.set_name(rule.name);
  }
  set_match(match, *out.mutable_match());
  set_destinations(view, rule, ns, port, out);
  v3::RouteAction& action = *out.mutable_route();
  set_timeout(rule.timeout.value_or(Duration::zero()), action);
  set_retries(rule.retries ? &*rule.retries : nullptr, action);
  set_origin(*out.mutable_metadata(), *rules.resource, match != nullptr ? match->at : rule.at);
  const std::string host = resolve_host(*rule.route.front().destination().host, ns);
  out.mutable_decorator()->set_operation(fmt::format("{}:{}/*", host, port));
  return out;
}

}  // namespace

std::vector<v3::Route> routes_of(const View& view, const Typed<VirtualService>& rules, std::uint32_t port) {
  std::vector<v3::Route> routes;
  for (const HttpRoute& rule : rules->http) {
    if (rule.route.empty()) continue;
    if (rule.match.empty()) {
      routes.push_back(route_for(view, rules, rule, nullptr, port));
      return routes;
    }
    for (const HttpMatch& match : rule.match) {
      if (match.port != 0 && match.port != port) continue;
      routes.push_back(route_for(view, rules, rule, &match, port));
      if (match.matches_everything()) return routes;
    }
  }
  return routes;
}

v3::Route default_route(const Service& service, std::uint32_t port) {
  v3::Route out;
  out.set_name("default");
  out.mutable_match()->set_prefix("/");
  v3::RouteAction& action = *out.mutable_route();
  action.set_cluster(outbound_cluster(port, "", service.host));
  set_timeout(Duration::zero(), action);
  set_retries(nullptr, action);
  out.mutable_decorator()->set_operation(fmt::format("{}:{}/*", service.host, port));
  return out;
}

v3::Route refusal(const std::string& name, std::uint32_t status, const std::string& sentence) {
  v3::Route out;
  out.set_name(name);
  out.mutable_match()->set_prefix("/");
  out.mutable_direct_response()->set_status(status);
  out.mutable_direct_response()->mutable_body()->set_inline_string(sentence);
  return out;
}

}  // namespace outrider::config
