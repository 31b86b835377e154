#include "config/resources/http_route.hpp"

#include <algorithm>
#include <set>

#include "config/resources/retry_on.hpp"
#include "config/resources/route_weights.hpp"
#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr Rule match_name{
    [](const Node& node, const std::string& name) {
      constexpr std::string_view pseudo[] = {":method", ":scheme", ":authority", ":path", ":status"};
      if (name.empty()) {
        node.error("header name cannot be empty");
      } else if (!is_claim_route(name) && !is_header_name(name) &&
                 std::find(std::begin(pseudo), std::end(pseudo), name) == std::end(pseudo)) {
        node.error(fmt::format("header name {} is not a valid header name", name));
      }
    },
    "a header's name, or @request.auth.claims.NAME"};

constexpr Rule no_null{[](const Node& node, const std::map<std::string, StringMatch>&) {
                         for (const yaml::Entry& entry : node.value.entries) {
                           if (entry.value.shape != yaml::Shape::Null) continue;
                           node.reading.error(entry.key_at,
                                              fmt::format("header match {} cannot be null", entry.key),
                                              "write {} for \"it is there\"");
                         }
                       },
                       ""};

void check_strings(Fields& f, const HttpMatch& m) {
  const auto check = [&](const StringMatch& match, const char* where, EmptyPrefix prefix) {
    check_string_match(f.reading(), match, where, prefix, fmt::format("{}.{}", f.path(), where));
  };
  // An empty prefix of a path is one; elsewhere Envoy refuses it.
  if (m.uri && m.uri->regex) check(*m.uri, "uri", EmptyPrefix::Allowed);
  if (m.scheme) check(*m.scheme, "scheme", EmptyPrefix::Refused);
  if (m.method) check(*m.method, "method", EmptyPrefix::Refused);
  if (m.authority) check(*m.authority, "authority", EmptyPrefix::Refused);
  for (const auto& [name, match] : m.headers) check(match, "headers", EmptyPrefix::Refused);
  for (const auto& [name, match] : m.query_params) check(match, "queryParams", EmptyPrefix::Refused);
  for (const auto& [name, match] : m.without_headers) {
    if (match.regex != "*") check(match, "withoutHeaders", EmptyPrefix::Refused);
  }
}

// A route leads to a delegate, is one itself (its VirtualService has no hosts), or stands alone; what
// only its VirtualService knows is checked there.
void check_conflicts(Fields& f, const HttpRoute& r) {
  const auto both = [&](const char* field, const char* message) {
    if (f.has(field)) f.error(field, message, "remove one of the two");
  };
  if (r.redirect) {
    if (!r.route.empty()) both("redirect", "HTTP route cannot contain both route and redirect");
    both("fault", "HTTP route cannot contain both fault and redirect");
    both("rewrite", "HTTP route rule cannot contain both rewrite and redirect");
    both("directResponse",
         "HTTP route rule cannot contain both direct_response and redirect");
  } else if (r.direct_response) {
    if (!r.route.empty())
      both("directResponse", "HTTP route cannot contain both route and direct_response");
    both("fault", "HTTP route cannot contain both fault and direct_response");
    both("rewrite", "HTTP route rule cannot contain both rewrite and direct_response");
  } else if (r.route.empty()) {
    f.error("", "HTTP route, redirect or direct_response is required",
            "say where its requests go: route: [{destination: {host: NAME}}]");
  }
  if (r.mirror && !r.mirrors.empty()) both("mirror", "HTTP route cannot contain both mirror and mirrors");
}

void check_delegation(Fields& f, const HttpRoute& r) {
  if (r.redirect) f.error("redirect", fmt::format("root HTTP route {} must not specify redirect", r.name));
  if (!r.route.empty()) f.error("route", fmt::format("root HTTP route {} must not specify route", r.name));
}

void check_redirect_prefix(Fields& f, const HttpRoute& r) {
  if (!r.redirect || r.redirect->prefix_rewrite.empty()) return;
  for (const HttpMatch& match : r.match) {
    if (!match.uri || match.uri->prefix) continue;
    return void(
        f.error("redirect", "redirect prefix_rewrite requires all URI matches to use prefix match type"));
  }
}

// The host of a request can be rewritten once.
void check_authority(Fields& f, const HttpRoute& r) {
  std::string current = r.rewrite ? r.rewrite->authority : "";
  for (const auto* changes : {&r.headers.request.set, &r.headers.request.add}) {
    for (const auto& [name, value] : *changes) {
      if (!is_authority(name)) continue;
      if (!current.empty()) {
        return void(
            f.error("headers", fmt::format("authority header cannot be set multiple times: have \"{}\", "
                                           "attempting to set \"{}\"",
                                           current, value)));
      }
      current = value;
    }
  }
}

}  // namespace

bool HttpMatch::matches_everything() const {
  const bool every_path = !uri || uri->kind() == StringMatch::Kind::Present || uri->prefix == "/" ||
                          uri->regex == ".*" || uri->regex == "/.*";
  return every_path && !scheme && !method && !authority && headers.empty() && without_headers.empty() &&
         query_params.empty() && port == 0 && source_labels.empty() && gateways.empty() &&
         source_namespace.empty();
}

bool same_policy(const Retries& a, const Retries& b) {
  return a.attempts == b.attempts && a.per_try_timeout == b.per_try_timeout && *a.retry_on == *b.retry_on &&
         a.backoff == b.backoff && a.remote_localities == b.remote_localities &&
         a.ignore_previous_hosts == b.ignore_previous_hosts;
}

void check_gateway_names(Reading& reading, const std::vector<At<std::string>>& names,
                         const std::string& path, NamedBy by) {
  const bool any_name = by == NamedBy::Resource && reading.of_gateway_api("route");
  for (const At<std::string>& name : names) {
    const auto bad = [&](std::string message, std::string help = {}) {
      reading.error(name.at, std::move(message), std::move(help)).path = path;
    };
    const std::size_t slash = name->find('/');
    if (slash == std::string::npos) {
      const std::size_t dot = name->find('.');
      // name.namespace.svc.cluster.local, as it once was. Of those in a match on HTTP or TCP, Istio says nothing.
      if (dot != std::string::npos && (by != NamedBy::Match || !reading.strict_istio())) {
        const std::string ns = name->substr(dot + 1, name->find('.', dot + 1) - dot - 1);
        const std::string now = fmt::format("{}/{}", ns, name->substr(0, dot));
        Diagnostic& d = reading.report(Level::Warning, code::kSchemaWarning, name.at,
                                       fmt::format("using legacy gatewayName format \"{}\"; prefer the "
                                                   "<namespace>/<name> format: \"{}\"",
                                                   *name, now),
                                       fmt::format("write {}", now));
        d.path = path;
        d.replace(name.at, now);
      }
      if (std::string found = fqdn_complaint(*name); !found.empty()) bad(std::move(found));
      return;  // Istio looks no further
    }
    const std::string ns = name->substr(0, slash), rest = name->substr(slash + 1);
    if (ns.empty() || rest.empty())
      bad("config namespace and gateway name cannot be empty");
    else if (!is_dns_label(ns))
      bad(fmt::format("invalid value for namespace: \"{}\"", ns));
    else if (!is_dns_label(rest) && !any_name)
      bad(fmt::format("invalid value for gateway name: \"{}\"", rest));
  }
}

void describe(Fields& f, HttpMatch& m) {
  f.message("HTTPMatchRequest");
  f.field("name", m.name, {"Its name in logs, after the route's"});
  f.field("uri", m.uri, {"The path, without the query", "any"});
  f.field("scheme", m.scheme, {"http or https", "any"});
  f.field("method", m.method, {"The method, in capitals", "any"});
  f.field("authority", m.authority, {"Host or :authority, with the port if the client sent one", "any"});
  f.field("headers", m.headers, {"Headers by name; {} asks only that it is there"}, each_key(match_name),
          no_null);
  f.field("port", m.port, {"The service's port that was called", "any"}, port_number_or_none);
  f.field("sourceLabels", m.source_labels, {"Labels of the calling workload"}, workload_labels);
  f.field("gateways", m.gateways, {"Gateways that this is for", "those of the VirtualService"});
  f.field("queryParams", m.query_params, {"Query parameters by name"});
  f.field("ignoreUriCase", m.ignore_uri_case,
          {"The case of uri.exact and uri.prefix says nothing", "false"});
  f.field("withoutHeaders", m.without_headers, {"Headers that must not match; {} asks that it is absent"},
          each_key(match_name));
  f.field("sourceNamespace", m.source_namespace, {"Namespace of the calling workload"},
          Rule{[](const Node& node, const std::string& ns) {
                 if (!ns.empty() && !is_dns_label(ns))
                   node.error(fmt::format("sourceNamespace match {} is invalid", ns));
               },
               "a namespace"});
  f.field("statPrefix", m.stat_prefix, {"A prefix of Envoy's statistics for it"});
  if (!f.sound()) return;
  check_strings(f, m);
  check_gateway_names(f.reading(), m.gateways, f.path() + ".gateways");
}

void describe(Fields& f, Retries& r) {
  f.message("HTTPRetry");
  f.field("attempts", r.attempts, {"How often to try again after the first time", "0: never"},
          Rule{[](const Node& node, std::int64_t value) {
                 if (value < 0) node.error("attempts cannot be negative", "write 0 for none");
               },
               "0 or more"});
  f.field("perTryTimeout", r.per_try_timeout,
          {"Time for each try, the first included", "the route's timeout"}, waits);
  f.field("retryOn", r.retry_on,
          {"Conditions and status codes, separated by commas",
           "connect-failure,refused-stream,unavailable,cancelled"},
          Rule{retry_conditions, "conditions and status codes, without blanks"});
  f.field("retryRemoteLocalities", r.remote_localities, {"Whether another locality may be tried", "no"});
  f.field("retryIgnorePreviousHosts", r.ignore_previous_hosts,
          {"Whether an endpoint that was tried is avoided", "true"});
  f.field("backoff", r.backoff,
          {"The pause before the first retry; it doubles, with jitter, up to ten times it", "25ms"}, waits);
  if (!f.sound()) return;
  if (r.attempts == 0 && (r.per_try_timeout || !r.retry_on->empty() || r.remote_localities)) {
    f.error("attempts", "http retry policy configured when attempts are set to 0 (disabled)",
            "write how often: attempts: 2");
  }
}

void describe(Fields& f, HttpRoute& r) {
  f.message("HTTPRoute");
  f.field("name", r.name, {"Its name in logs"});
  f.field("match", r.match,
          {"Requests that it takes: any of these, each with all it asks", "every request"});
  f.field("route", r.route, {"Where they go; several by weight"});
  f.field("redirect", r.redirect, {"A redirect that is answered instead"});
  f.field("directResponse", r.direct_response, {"What is answered instead"});
  f.field("delegate", r.delegate, {"The VirtualService without hosts that says more"});
  f.field("rewrite", r.rewrite, {"How path and host change on the way"});
  f.field("timeout", r.timeout, {"Time for the whole request, all tries included", "none"}, waits);
  f.field("retries", r.retries,
          {"When a request is sent again", "2 attempts on connect-failure,refused-stream,..."});
  f.field("fault", r.fault, {"Faults to inject, to see what callers do"});
  f.field("mirror", r.mirror, {"A service that gets a copy of each request; its answers are dropped"});
  f.field("mirrors", r.mirrors, {"Services that get a copy, each of its share of the requests"});
  f.field("mirrorPercent", r.mirror_percent, {"Deprecated: write mirrorPercentage"});
  f.field("mirrorPercentage", r.mirror_percentage, {"How many requests are copied", "100"},
          Rule{[](const Node& node, const Percent& p) {
                 if (p.value > 100)
                   node.error(fmt::format("mirror_percentage must have a max value of 100 (it has {:f})",
                                          p.value));
                 if (p.value < 0)
                   node.error(
                       fmt::format("mirror_percentage must have a min value of 0 (it has {:f})", p.value));
               },
               "0..100"});
  f.field("corsPolicy", r.cors, {"Which other origins may call from a browser"});
  f.field("headers", r.headers, {"Header changes for every destination"});
  describe_route_weight(f, r);
  r.timeout_at = f.key_at("timeout");
  if (!f.sound()) return;
  if (r.mirror_percent) {
    if (*r.mirror_percent > 100) {
      f.error("mirrorPercent",
              fmt::format("mirror_percent must have a max value of 100 (it has {})", *r.mirror_percent));
    }
    Diagnostic& d = f.warning(
        "mirrorPercent", "using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead",
        fmt::format("write mirrorPercentage: {{value: {}}}", *r.mirror_percent));
    if (!f.has("mirrorPercentage")) {
      d.replace(f.key_at("mirrorPercent"), "mirrorPercentage");
      d.replace(f.value("mirrorPercent")->at, fmt::format("{{value: {}}}", *r.mirror_percent));
    }
  }
  r.delegate ? check_delegation(f, r) : check_conflicts(f, r);
  check_redirect_prefix(f, r);
  check_authority(f, r);
  check_weights(f, "route", r.route);
}

}  // namespace outrider::config
