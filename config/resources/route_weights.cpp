#include "config/resources/route_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>

#include "config/resources/one_split.hpp"

namespace outrider::config {
namespace {

constexpr const char* kOneLevelDeeper =
    "weight belongs to a destination, one level deeper: beside `destination`";

bool in_split(const HttpRoute& route) { return route.weight && route.match.empty(); }

bool unset(const HeaderOperations& headers) { return headers == HeaderOperations{}; }

// The setting that the whole split has: the only value given, or an error at the second one.
template <typename Part, typename Same>
void adopt(Reading& reading, Part& whole, const Part& branch, yaml::Position at, const char* what,
           const Same& same) {
  if (!branch) return;
  if (whole && !same(*whole, *branch)) {
    reading.error(at, fmt::format("the routes of one weighted split give two different {}", what),
                  "give one value, or none");
    return;
  }
  whole = branch;
}

void add_branch(Reading& reading, HttpRoute& split, HttpRoute& branch) {
  adopt(reading, split.timeout, branch.timeout, branch.timeout_at, "timeouts", std::equal_to<>());
  adopt(reading, split.retries, branch.retries, branch.retries ? branch.retries->at : branch.at, "retries",
        same_policy);
  if (split.name.empty()) split.name = branch.name;
  if (branch.route.size() > 1) {
    reading.error(branch.weight_at, "weight beside a route with several destinations",
                  "give each destination a weight of its own");
  }
  for (WeightedDestination& destination : branch.route) {
    destination.weight = branch.weight->value;
    if (unset(destination.headers)) {
      destination.headers = branch.headers;
    } else if (!unset(branch.headers)) {
      reading.error(branch.weight_at, "weight beside headers of both the route and its destination",
                    "give the headers in one place");
    }
    split.route.push_back(std::move(destination));
  }
}

Diagnostic& warn(Reading& reading, const HttpRoute& split, std::span<const HttpRoute> run) {
  std::vector<int> lines;
  for (const HttpRoute& branch : run) lines.push_back(branch.weight_at.line);
  std::string canonical;
  for (const WeightedDestination& d : split.route) {
    canonical += fmt::format(
        "{}{} {}", canonical.empty() ? "" : ", ",
        d.destination().subset->empty() ? *d.destination().host : *d.destination().subset, d.weight);
  }
  Diagnostic& d = reading.report(
      Level::Warning, code::kRouteWeight, run.front().weight_at,
      fmt::format("\"weight\" beside \"route\" is read as one weighted split of {} routes", run.size()),
      fmt::format("write one `- route:` with {} destinations, each with its own `weight` beside "
                  "`destination`: {}",
                  split.route.size(), canonical));
  d.note = fmt::format("Istio refuses this: unknown field \"weight\"; the weights stand in lines {}",
                       fmt::join(lines, ", "));
  const bool some_timeouts =
      std::any_of(run.begin(), run.end(), [](const HttpRoute& r) { return !r.timeout; });
  if (split.timeout && some_timeouts) d.note += "; the timeout holds for the whole split";
  return d;
}

HttpRoute merge(Reading& reading, std::span<HttpRoute> run, Diagnostic*& warning) {
  HttpRoute split;
  split.at = run.front().at;
  const std::size_t errors = reading.errors();
  for (HttpRoute& branch : run) add_branch(reading, split, branch);
  const auto weighed = [](const WeightedDestination& d) { return d.weight > 0; };
  if (!std::any_of(split.route.begin(), split.route.end(), weighed)) {
    reading.error(run.front().weight_at, "total destination weight = 0");
  }
  if (reading.errors() == errors) warning = &warn(reading, split, run);
  return split;
}

}  // namespace

void describe_route_weight(Fields& f, HttpRoute& route) {
  if (!f.reads() || !f.given("weight")) return;
  if (f.reading().strict_istio()) {
    f.ignored({"weight"});
    f.error("weight", fmt::format("unknown field \"weight\" in {}", f.path()), kOneLevelDeeper);
    return;
  }
  route.weight_at = f.key_at("weight");
  f.plainly_ours("weight", route.weight);
  if (route.weight && route.weight->value < 0)
    f.error("weight", fmt::format("weight {} < 0", route.weight->value));
}

void merge_route_weights(Fields& f, std::vector<HttpRoute>& routes) {
  Reading& reading = f.reading();
  if (std::none_of(routes.begin(), routes.end(), [](const HttpRoute& r) { return r.weight.has_value(); }))
    return;
  std::vector<HttpRoute> merged;
  for (std::size_t i = 0; i < routes.size();) {
    std::size_t end = i;
    while (end < routes.size() && in_split(routes[end])) ++end;
    if (end - i >= 2) {
      Diagnostic* warning = nullptr;
      merged.push_back(merge(reading, std::span(routes).subspan(i, end - i), warning));
      if (warning != nullptr) {
        if (auto edit = one_split(reading.document(), f.value("http")->items, i, end))
          warning->fix = {*edit};
      }
      i = end;
      continue;
    }
    if (routes[i].weight) {
      const char* help = routes[i].match.empty()
                             ? kOneLevelDeeper
                             : "a route with `match` cannot be part of a split; give its destinations "
                               "a weight each";
      reading.error(routes[i].weight_at, fmt::format("unknown field \"weight\" in spec.http[{}]", i), help);
    }
    merged.push_back(std::move(routes[i++]));
  }
  routes = std::move(merged);
}

}  // namespace outrider::config
