#include "config/resources/reachability.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "config/yaml/print.hpp"

namespace outrider::config {
namespace {

std::string name_of(const std::string& name, std::size_t index) {
  return name.empty() ? fmt::format("#{}", index) : fmt::format("\"{}\"", name);
}

template <typename Route>
std::string name_of(const Route& route, std::size_t index) {
  if constexpr (requires { route.name; }) return name_of(route.name, index);
  return name_of(std::string(), index);
}

// What a match asks, as text: equal texts are equal matches. The name says nothing.
template <typename Match>
std::string asked(const Match& match) {
  if constexpr (requires { match.name; }) {
    if (!match.name.empty()) {
      Match nameless = match;
      nameless.name.clear();
      return yaml::print(print(nameless));
    }
  }
  return yaml::print(print(match));
}

void unused_rule(Reading& reading, yaml::Position at, const std::string& rule, const char* reason) {
  Diagnostic& d = reading.report(Level::Warning, code::kUnreachableRule, at,
                                 fmt::format("virtualService rule {} not used ({})", rule, reason),
                                 "give the rule before it a match, or remove this one");
  d.note = "every request is taken by a rule before it";
}

void unused_match(Reading& reading, yaml::Position at, const std::string& rule, const std::string& match,
                  const std::string& prior) {
  reading.report(
      Level::Warning, code::kUnreachableMatch, at,
      fmt::format("virtualService rule {} match {} is not used (duplicate/overlapping match in rule {})",
                  rule, match, prior),
      "put the more specific match first, or remove it");
}

// Each is compared with each: of more matches by prefix than anybody writes, these.
constexpr std::size_t kMaxCompared = 2000;

// What Istio compares of a match whose uri is a prefix: equal text, or text that begins with it.
struct PrefixMatch {
  const HttpMatch* match;
  std::size_t route, index;
};

std::string comparable(const std::optional<StringMatch>& match) {
  if (!match) return {};
  if (match->exact && !match->exact->empty()) return "exact:" + *match->exact;
  return match->prefix && !match->prefix->empty() ? "prefix:" + *match->prefix : "";
}

bool covered(const std::string& by, const std::string& text) { return by == text || by.starts_with(text); }

bool covered(const std::map<std::string, StringMatch>& by, const std::map<std::string, StringMatch>& what) {
  if (by.size() != what.size()) return false;
  for (const auto& [name, match] : by) {
    const auto other = what.find(name);
    if (other == what.end() || !covered(comparable(match), comparable(other->second))) return false;
  }
  return true;
}

bool covered(const HttpMatch& by, const HttpMatch& what) {
  const auto method = [](const HttpMatch& m) {
    std::string text = comparable(m.method);
    return text.empty() ? std::string("exact:GET") : text;
  };
  return what.uri->prefix->starts_with(*by.uri->prefix) && by.port == what.port &&
         covered(method(by), method(what)) &&
         covered(comparable(by.authority), comparable(what.authority)) &&
         covered(by.headers, what.headers) && covered(by.query_params, what.query_params) &&
         covered(by.without_headers, what.without_headers);
}

// `seen` is called for each match that is neither a repetition nor behind a rule without matches.
template <typename Route>
void warn(Reading& reading, const std::vector<Route>& routes,
          const std::function<void(std::size_t, std::size_t)>& seen) {
  if (routes.size() < 2 && (routes.empty() || routes.front().match.size() < 2)) return;
  std::map<std::string, std::size_t> matches;
  bool everything = false;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route& route = routes[i];
    const std::string name = name_of(route, i);
    if (route.match.empty()) {
      if (everything) unused_rule(reading, route.at, name, "only the last rule can have no matches");
      everything = true;
      continue;
    }
    std::size_t repeated = 0;
    bool told = false;
    for (std::size_t m = 0; m < route.match.size(); ++m) {
      const auto& match = route.match[m];
      if (everything) {
        if (!told) unused_rule(reading, route.at, name, "route without matches defined before");
        told = true;
        continue;
      }
      const auto [prior, first] = matches.try_emplace(asked(match), i);
      if (!first) {
        std::string match_name = fmt::format("#{}", m);
        if constexpr (requires { match.name; }) match_name = name_of(match.name, m);
        unused_match(reading, match.at, name, match_name, name_of(routes[prior->second], prior->second));
        ++repeated;
      } else if (seen) {
        seen(i, m);
      }
    }
    if (repeated == route.match.size())
      unused_rule(reading, route.at, name, "all matches used by prior rules");
  }
}

}  // namespace

void warn_of_unreachable_rules(Reading& reading, const VirtualService& v) {
  std::vector<PrefixMatch> prefixes;
  warn(reading, v.http, [&](std::size_t route, std::size_t index) {
    const HttpMatch& match = v.http[route].match[index];
    if (match.uri && match.uri->prefix && !match.uri->prefix->empty())
      prefixes.push_back({&match, route, index});
  });
  if (prefixes.size() > kMaxCompared) prefixes.resize(kMaxCompared);
  for (std::size_t j = 1; j < prefixes.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      const PrefixMatch &by = prefixes[i], &what = prefixes[j];
      const std::string &by_prefix = *by.match->uri->prefix, &prefix = *what.match->uri->prefix;
      if (by_prefix == prefix || !covered(*by.match, *what.match)) continue;
      unused_match(reading, what.match->at, name_of(v.http[what.route], what.route),
                   fmt::format("{} of prefix {}", name_of(what.match->name, what.index), prefix),
                   fmt::format("{} of prefix {} on {}", name_of(by.match->name, by.index), by_prefix,
                               name_of(v.http[by.route], by.route)));
      break;
    }
  }
  warn(reading, v.tcp, nullptr);
  warn(reading, v.tls, nullptr);
}

}  // namespace outrider::config
