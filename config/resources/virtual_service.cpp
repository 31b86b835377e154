#include "config/resources/virtual_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/resources/retry_on.hpp"
#include "config/resources/route_weights.hpp"
#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

void known_header_names(const Node& node, const std::map<std::string, StringMatch>& headers) {
  for (const auto& [name, match] : headers) header_name(node, name);
}

// Our proxy sends header values as they stand; Envoy would expand %...% in them.
void plain_values(const Node& node, const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    const yaml::Entry* entry = node.value.find(name);
    if (name.starts_with(':') || name == "host") {
      node.reading.report(
          Level::Error, code::kUnsupported, entry->key_at,
          fmt::format("{}: rewriting {} is not supported yet", node.path.text(), name));
    } else {
      header_name(node, name);
    }
    if (value.find('%') == std::string::npos) continue;
    node.reading.report(
        Level::Error, code::kUnsupported, entry->value.at,
        fmt::format("{}: format strings (%) are not supported yet", node.path.text()));
  }
}

const auto removable = each([](const Node& node, const std::string& name) {
  if (name == "host") return node.error("invalid header \"host\": cannot set Host header");
  if (!name.starts_with(':')) return header_name(node, name);
  node.error(fmt::format("invalid header \"{}\": header cannot have \":\" prefix", name));
});

struct PortSelector {
  std::uint32_t number = 0;
};
void describe(Fields& f, PortSelector& p) { f.require("number", p.number, port_number); }

}  // namespace

bool HttpMatch::matches_everything() const {
  const bool every_path =
      !uri || uri->kind == StringMatch::Kind::Present ||
      (uri->kind == StringMatch::Kind::Prefix && uri->value == "/") ||
      (uri->kind == StringMatch::Kind::Regex && (uri->value == ".*" || uri->value == "/.*"));
  return every_path && !method && !authority && headers.empty() && without_headers.empty() && !port;
}

bool same_policy(const Retries& a, const Retries& b) {
  return a.attempts == b.attempts && a.per_try_timeout == b.per_try_timeout &&
         *a.retry_on == *b.retry_on && a.backoff == b.backoff;
}

void describe(Fields& f, HttpMatch& m) {
  f.field("name", m.name);
  f.field("uri", m.uri);
  f.field("method", m.method);
  f.field("authority", m.authority);
  f.field("ignoreUriCase", m.ignore_uri_case);
  f.field("headers", m.headers, known_header_names);
  f.field("withoutHeaders", m.without_headers, known_header_names);
  f.field("port", m.port, port_number);
  f.unsupported(
      {"scheme", "sourceLabels", "gateways", "queryParams", "sourceNamespace", "statPrefix"});
}

void describe(Fields& f, HeaderChanges& h) {
  f.field("set", h.set, plain_values);
  f.field("add", h.add, plain_values);
  f.field("remove", h.remove, removable);
}

void describe(Fields& f, HeaderOperations& h) {
  f.field("request", h.request);
  f.field("response", h.response);
}

void describe(Fields& f, Destination& d) {
  PortSelector port;
  f.require("host", d.host, exact_host_name);
  f.field("subset", d.subset, dns_label);
  if (f.field("port", port)) d.port = port.number;
}

void describe(Fields& f, WeightedDestination& d) {
  f.require("destination", d.destination);
  f.field("weight", d.weight, at_least(0));
  f.field("headers", d.headers);
}

void describe(Fields& f, Retries& r) {
  f.field("attempts", r.attempts, at_least(0));
  f.field("perTryTimeout", r.per_try_timeout, positive);
  f.field("retryOn", r.retry_on, retry_conditions);
  f.field("backoff", r.backoff, positive);
  f.unsupported({"retryRemoteLocalities", "retryIgnorePreviousHosts"});
  if (r.attempts == 0 && (r.per_try_timeout || !r.retry_on->empty() || r.backoff)) {
    f.error("attempts", "http retry policy configured when attempts are set to 0 (disabled)");
  }
}

void describe(Fields& f, HttpRoute& r) {
  f.field("name", r.name);
  f.field("match", r.match);
  f.field("route", r.route);
  f.field("timeout", r.timeout);
  f.field("retries", r.retries);
  f.field("headers", r.headers);
  f.unsupported({"redirect", "directResponse", "delegate", "rewrite", "fault", "mirror", "mirrors",
                 "mirrorPercent", "mirrorPercentage", "corsPolicy"});
  r.timeout_at = f.key_at("timeout");
  describe_route_weight(f, r);
  if (!f.has("route") && !f.has("redirect") && !f.has("directResponse") && !f.has("delegate")) {
    f.error("", "HTTP route, redirect or direct_response is required");
  }
  const bool weighed = std::any_of(r.route.begin(), r.route.end(),
                                   [](const WeightedDestination& d) { return d.weight > 0; });
  if (r.route.size() > 1 && !weighed) f.error("route", "total destination weight = 0");
}

void describe(Fields& f, VirtualService& v) {
  f.require("hosts", v.hosts, not_empty, each(host_name));
  f.field("gateways", v.gateways, each([](const Node& node, const std::string& name) {
            if (name == "mesh") return;
            node.reading.report(Level::Error, code::kUnsupported, node.value.at,
                                fmt::format("{}: gateways are not supported yet", node.path.text()),
                                "write \"mesh\" or leave it out");
          }));
  describe_export_to(f, v);
  f.field("http", v.http);
  f.unsupported({"tls", "tcp"});
  if (v.http.empty() && !f.has("tls") && !f.has("tcp")) {
    f.error("http", "http, tcp or tls must be provided in virtual service");
  }

  std::set<std::string> seen;
  for (const At<std::string>& host : v.hosts) {
    if (!seen.insert(*host).second) {
      f.reading().error(host.at,
                        fmt::format("duplicate hosts in virtual service: {} & {}", *host, *host));
    }
  }
  merge_route_weights(f.reading(), v.http);
}

}  // namespace outrider::config
