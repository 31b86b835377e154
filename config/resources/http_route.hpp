#pragma once
// One rule of a VirtualService's `http`: what it takes, and what becomes of it. Values; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/destination.hpp"
#include "config/resources/http_actions.hpp"
#include "config/resources/string_match.hpp"

namespace outrider::config {

struct HttpMatch {
  std::string name;
  std::optional<StringMatch> uri, scheme, method, authority;
  std::map<std::string, StringMatch> headers, without_headers, query_params;
  std::uint32_t port = 0;  // 0: any
  std::map<std::string, std::string> source_labels;
  std::vector<At<std::string>> gateways;
  bool ignore_uri_case = false;
  std::string source_namespace, stat_prefix;
  yaml::Position at;

  // Nothing is asked of a request, or only what every request has.
  [[nodiscard]] bool matches_everything() const;
};
void describe(Fields& f, HttpMatch& m);

struct Retries {
  std::int32_t attempts = 0;
  std::optional<Duration> per_try_timeout;
  At<std::string> retry_on;
  std::optional<bool> remote_localities, ignore_previous_hosts;
  std::optional<Duration> backoff;
  yaml::Position at;
};
void describe(Fields& f, Retries& r);
[[nodiscard]] bool same_policy(const Retries& a, const Retries& b);

struct HttpRoute {
  std::string name;
  std::vector<HttpMatch> match;
  std::vector<WeightedDestination> route;
  Box<HttpRedirect> redirect;
  Box<DirectResponse> direct_response;
  Box<Delegate> delegate;
  Box<HttpRewrite> rewrite;
  std::optional<Duration> timeout;
  Box<Retries> retries;
  Box<FaultInjection> fault;
  Box<Destination> mirror;
  std::vector<Mirror> mirrors;
  std::optional<std::uint32_t> mirror_percent;
  std::optional<Percent> mirror_percentage;
  Box<CorsPolicy> cors;
  HeaderOperations headers;
  std::optional<At<std::int32_t>> weight;  // beside `route`: not Istio's, see route_weights.hpp
  yaml::Position weight_at;                // of its key
  yaml::Position timeout_at;
  yaml::Position at;
};
void describe(Fields& f, HttpRoute& r);

// "namespace/name" of gateways, and "mesh".
enum class NamedBy { Match, TlsMatch, Resource };
void check_gateway_names(Reading& reading, const std::vector<At<std::string>>& names,
                         const std::string& path, NamedBy by = NamedBy::Match);

}  // namespace outrider::config
