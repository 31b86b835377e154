#pragma once
// VirtualService: where the requests for a host go. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/selector.hpp"
#include "config/resources/string_match.hpp"

namespace outrider::config {

struct HttpMatch {
  std::string name;
  std::optional<StringMatch> uri, method, authority;
  bool ignore_uri_case = false;
  std::map<std::string, StringMatch> headers;
  std::map<std::string, StringMatch> without_headers;
  std::optional<std::uint32_t> port;
  yaml::Position at;

  // Nothing is asked of a request, or only what every request has.
  [[nodiscard]] bool matches_everything() const;
};

struct HeaderChanges {
  std::map<std::string, std::string> set, add;
  std::vector<std::string> remove;

  bool operator==(const HeaderChanges&) const = default;
};

struct HeaderOperations {
  HeaderChanges request, response;

  bool operator==(const HeaderOperations&) const = default;
};

struct Destination {
  At<std::string> host;
  At<std::string> subset;  // empty: the whole service
  std::optional<std::uint32_t> port;
  yaml::Position at;
};

struct WeightedDestination {
  Destination destination;
  std::int64_t weight = 0;
  HeaderOperations headers;
};

struct Retries {
  std::int64_t attempts = 0;
  std::optional<Duration> per_try_timeout;
  At<std::string> retry_on;
  std::optional<Duration> backoff;
  yaml::Position at;
};
[[nodiscard]] bool same_policy(const Retries& a, const Retries& b);

struct HttpRoute {
  std::string name;
  std::vector<HttpMatch> match;
  std::vector<WeightedDestination> route;
  std::optional<Duration> timeout;
  std::optional<Retries> retries;
  HeaderOperations headers;
  std::optional<At<std::int64_t>> weight;  // beside `route`: not Istio's, see route_weights.hpp
  yaml::Position weight_at;                // of its key
  yaml::Position timeout_at;
  yaml::Position at;
};

struct VirtualService : Visibility {
  std::vector<At<std::string>> hosts;
  std::vector<std::string> gateways;
  std::vector<HttpRoute> http;
};
void describe(Fields& f, VirtualService& v);

}  // namespace outrider::config
