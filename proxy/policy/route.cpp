#include "proxy/policy/route.hpp"

#include <algorithm>
#include <array>

#include "core/base/ascii.hpp"

namespace outrider::proxy {
namespace {

constexpr std::size_t longest_host = 300;  // 253 of a DNS name, brackets and a port

std::string_view without_port(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  const std::size_t bracket = authority.rfind(']');
  if (bracket != std::string_view::npos && bracket > colon) return authority;
  return authority.substr(0, colon);
}

const std::uint32_t* find(const TextMap<std::uint32_t>& hosts, std::string_view host) {
  if (hosts.empty()) return nullptr;  // inbound, mostly: and the host need not be hashed
  const auto found = hosts.find(host);
  return found == hosts.end() ? nullptr : &found->second;
}

const std::uint32_t* find_domain(const RouteTable& table, std::string_view host) {
  if (const auto* exact = find(table.exact, host)) return exact;
  // A wildcard stands for at least one byte.
  for (const RouteTable::WildcardLength& suffix : table.suffixes) {
    if (host.size() <= suffix.length) continue;
    if (const auto* found = find(suffix.hosts, host.substr(host.size() - suffix.length))) return found;
  }
  for (const RouteTable::WildcardLength& prefix : table.prefixes) {
    if (host.size() <= prefix.length) continue;
    if (const auto* found = find(prefix.hosts, host.substr(0, prefix.length))) return found;
  }
  return table.any ? &*table.any : nullptr;
}

}  // namespace

const VirtualHost* match_host(const RouteTable& table, std::string_view authority) {
  if (table.ignore_port) authority = without_port(authority);
  std::array<char, longest_host> lowered;
  if (authority.size() <= lowered.size() &&
      std::ranges::any_of(authority, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    std::ranges::transform(authority, lowered.begin(), ascii::lower);
    authority = {lowered.data(), authority.size()};
  }
  const std::uint32_t* index = find_domain(table, authority);
  return index == nullptr ? nullptr : &table.virtual_hosts[*index];
}

const Route* match_path(const VirtualHost& host, const protocol::Head& head) {
  const std::string_view path = without_query(head.path);
  const std::string_view query = query_of(head.path);
  const std::uint64_t first = first_bytes(path);
  const auto next = [&](auto from) {
    return std::find_if(from, host.glances.end(), [first](const PathGlance& glance) { return glance.may_match(first); });
  };
  for (auto at = next(host.glances.begin()); at != host.glances.end(); at = next(at + 1)) {
    const Route& route = host.routes[static_cast<std::size_t>(at - host.glances.begin())];
    if (!route.path.matches(path)) continue;
    const auto header_holds = [&](const HeaderMatcher& matcher) { return matcher.matches(head); };
    if (!std::ranges::all_of(route.headers, header_holds)) continue;
    const auto query_holds = [&](const QueryMatcher& matcher) { return matcher.matches(query); };
    if (!std::ranges::all_of(route.query, query_holds)) continue;
    return &route;
  }
  return nullptr;
}

RouteMatch match_route(const RouteTable& table, const protocol::Head& head) {
  RouteMatch match;
  match.host = match_host(table, head.authority);
  if (match.host != nullptr) match.route = match_path(*match.host, head);
  return match;
}

bool allows_upgrade(const std::vector<UpgradeRule>& of_listener,
                    const std::vector<UpgradeRule>& of_route, std::string_view protocol) {
  for (const auto* rules : {&of_route, &of_listener}) {
    for (const UpgradeRule& rule : *rules) {
      if (ascii::equals_ignoring_case(protocol, rule.type)) return rule.enabled;
    }
  }
  return false;
}

const WeightedCluster& choose(const Forward& split, std::uint64_t roll) {
  if (split.clusters.size() == 1 || split.total_weight == 0) return split.clusters.front();
  std::uint64_t point = roll % split.total_weight;
  for (const WeightedCluster& cluster : split.clusters) {
    if (point < cluster.weight) return cluster;
    point -= cluster.weight;
  }
  return split.clusters.back();
}

}  // namespace outrider::proxy
