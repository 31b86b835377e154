#include <algorithm>
#include <numeric>

#include "core/base/ascii.hpp"
#include "core/protocol/http1_head.hpp"
#include "proxy/snapshot/compiling.hpp"

namespace outrider::proxy::compiling {
namespace {

namespace v3 = envoy::config::route::v3;
using envoy::config::core::v3::HeaderValueOption;

// What a route gets whose author said nothing about conditions: ours, Istio's, and Istio's of old.
constexpr std::string_view mesh_retries[] = {
    "connect-failure,refused-stream,unavailable,cancelled",
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
    "connect-failure,refused-stream,unavailable,cancelled,503",
    "reset-before-request",
};

// `%%` is a percent sign; Envoy's %COMMAND%s are not supported.
std::optional<std::string> literal(const std::string& value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '%' && (i + 1 == value.size() || value[++i] != '%')) return std::nullopt;
    out += value[i];
  }
  return out;
}

HeaderChange::How how_of(const HeaderValueOption& option) {
  if (option.has_append()) {
    return option.append().value() ? HeaderChange::How::Append : HeaderChange::How::Overwrite;
  }
  switch (option.append_action()) {
    case HeaderValueOption::ADD_IF_ABSENT: return HeaderChange::How::AddIfAbsent;
    case HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD: return HeaderChange::How::Overwrite;
    case HeaderValueOption::OVERWRITE_IF_EXISTS: return HeaderChange::How::OverwriteIfPresent;
    default: return HeaderChange::How::Append;
  }
}

template <typename Adds, typename Removes>
HeaderOps header_ops(const Adds& adds, const Removes& removes, std::string_view field, Report& report) {
  HeaderOps ops;
  for (const std::string& name : removes) {
    if (!protocol::is_token(name) || ascii::equals_ignoring_case(name, "host")) {
      report.error(field, fmt::format("\"{}\" cannot be removed", name));
    }
    ops.remove.push_back(ascii::to_lower(name));
  }
  for (const HeaderValueOption& option : adds) {
    HeaderChange change;
    change.name = ascii::to_lower(option.header().key());
    change.how = how_of(option);
    auto value = literal(option.header().value());
    if (!value) {
      report.error(field, fmt::format("{}: commands in % are not supported; write %% for a percent sign", change.name));
      continue;
    }
    if (!protocol::is_token(change.name) && change.name != ":authority") {
      report.error(field, fmt::format("\"{}\" cannot be set", change.name));
      continue;
    }
    change.value = std::move(*value);
    if (std::ranges::any_of(change.value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
      report.error(field, fmt::format("{}: the value holds a line break", change.name));
    }
    ops.change.push_back(std::move(change));
  }
  return ops;
}

std::string route_metadata(const v3::Route& route, const char* key) {
  const auto ours = route.metadata().filter_metadata().find("outrider");
  if (ours == route.metadata().filter_metadata().end()) return {};
  const auto found = ours->second.fields().find(key);
  return found == ours->second.fields().end() ? std::string{} : found->second.string_value();
}

std::optional<RetryPolicy> retry_policy(const v3::RetryPolicy& source, std::string_view asked_by,
                                        std::string_view field, Report& report) {
  RetryPolicy policy;
  if (const auto added = add_retry_conditions(policy, source.retry_on()); !added) {
    report.error(field, added.error().message);
    return std::nullopt;
  }
  policy.max_retries = source.has_num_retries() ? source.num_retries().value() : 1;
  policy.per_try_timeout = to_duration(source.per_try_timeout());
  for (const std::uint32_t code : source.retriable_status_codes()) {
    policy.status_codes.push_back(static_cast<std::uint16_t>(code));
  }
  if (source.retry_back_off().has_base_interval()) {
    policy.base_interval = to_duration(source.retry_back_off().base_interval());
    policy.max_interval = policy.base_interval * 10;
  }
  if (source.retry_back_off().has_max_interval()) {
    policy.max_interval = to_duration(source.retry_back_off().max_interval());
  }
  policy.avoid_previous_hosts = source.retry_host_predicate_size() > 0;
  const bool usual = std::ranges::find(mesh_retries, source.retry_on()) != std::end(mesh_retries);
  policy.asked = asked_by.empty() ? !usual : asked_by != "mesh";
  return policy;
}

std::optional<PathMatcher> path_matcher(const v3::RouteMatch& match, std::string_view field,
                                        Report& report) {
  PathMatcher path;
  path.ignore_case = match.has_case_sensitive() && !match.case_sensitive().value();
  switch (match.path_specifier_case()) {
    case v3::RouteMatch::kPrefix:
      path.text = match.prefix();
      return path;
    case v3::RouteMatch::kPath:
      path.kind = PathMatcher::Kind::Exact;
      path.text = match.path();
      return path;
    case v3::RouteMatch::kPathSeparatedPrefix:
      path.kind = PathMatcher::Kind::SegmentPrefix;
      path.text = match.path_separated_prefix();
      return path;
    case v3::RouteMatch::kSafeRegex: {
      auto made = PathMatcher::make_regex(match.safe_regex().regex());
      if (made) return std::move(*made);
      report.error(field, made.error().message);
      return std::nullopt;
    }
    case v3::RouteMatch::PATH_SPECIFIER_NOT_SET:
      break;
  }
  report.error(field, "a kind of path match that is not known here");
  return std::nullopt;
}

void add_match(const v3::RouteMatch& match, std::string_view field, Route& route, Report& report) {
  if (const std::string unknown = unknown_field(match); !unknown.empty()) {
    report.error(field, fmt::format("{} is not known here: the route would match more than it means to", unknown));
  }
  if (match.has_runtime_fraction()) report.error(field, "runtime_fraction is not supported");
  if (auto path = path_matcher(match, field, report)) route.path = std::move(*path);
  for (const auto& source : match.headers()) {
    if (auto header = header_matcher(source, field, report)) route.headers.push_back(std::move(*header));
  }
  for (const auto& source : match.query_parameters()) {
    QueryMatcher query;
    query.name = source.name();
    query.present = !source.has_string_match();
    if (source.has_string_match()) {
      auto text = string_matcher(source.string_match(), field, report);
      if (!text) continue;
      query.text = std::move(*text);
    }
    route.query.push_back(std::move(query));
  }
}

WeightedCluster weighted(const std::string& name, std::uint32_t weight, const Snapshot& snapshot) {
  WeightedCluster cluster;
  cluster.name = name;
  cluster.cluster = snapshot.cluster(name);
  cluster.weight = weight;
  return cluster;
}

void add_clusters(const v3::RouteAction& action, const Snapshot& snapshot, std::string_view field,
                  Forward& forward, Report& report) {
  if (action.has_weighted_clusters()) {
    for (const auto& source : action.weighted_clusters().clusters()) {
      WeightedCluster cluster = weighted(source.name(), source.weight().value(), snapshot);
      cluster.request = header_ops(source.request_headers_to_add(), source.request_headers_to_remove(), field, report);
      cluster.response = header_ops(source.response_headers_to_add(), source.response_headers_to_remove(), field, report);
      if (cluster.weight > 0) forward.clusters.push_back(std::move(cluster));
    }
  } else if (!action.cluster().empty()) {
    forward.clusters.push_back(weighted(action.cluster(), 1, snapshot));
  }
  if (forward.clusters.empty()) report.error(field, "names no cluster of a weight above 0");
  std::uint64_t total = 0;
  for (const WeightedCluster& cluster : forward.clusters) total += cluster.weight;
  if (total > 0xffffffffULL) report.error(field, "the weights add up to more than 4294967295");
  forward.total_weight = static_cast<std::uint32_t>(total);
}

int not_found_status(v3::RouteAction::ClusterNotFoundResponseCode code) {
  if (code == v3::RouteAction::NOT_FOUND) return 404;
  return code == v3::RouteAction::INTERNAL_SERVER_ERROR ? 500 : 503;
}

Forward forward_of(const v3::Route& source, const v3::VirtualHost& host, const Snapshot& snapshot,
                   std::string_view field, Report& report) {
  const v3::RouteAction& action = source.route();
  Forward forward;
  add_clusters(action, snapshot, field, forward, report);
  // Envoy's default, when a control plane says nothing, is 15 s.
  forward.timeout = action.has_timeout() ? to_duration(action.timeout()) : std::chrono::seconds(15);
  if (action.has_max_grpc_timeout()) forward.max_grpc_timeout = to_duration(action.max_grpc_timeout());
  if (action.max_stream_duration().has_grpc_timeout_header_max()) {
    forward.max_grpc_timeout = to_duration(action.max_stream_duration().grpc_timeout_header_max());
  }
  forward.upgrades = upgrade_rules(action.upgrade_configs(), report);
  if (action.has_idle_timeout()) forward.idle_timeout = to_duration(action.idle_timeout());
  const std::string asked_by = route_metadata(source, "retries");
  if (action.has_retry_policy()) {
    forward.retry = retry_policy(action.retry_policy(), asked_by, field, report);
  } else if (host.has_retry_policy()) {
    forward.retry = retry_policy(host.retry_policy(), asked_by, field, report);
  }
  forward.prefix_rewrite = action.prefix_rewrite();
  forward.host_rewrite = action.host_rewrite_literal();
  if (action.auto_host_rewrite().value()) report.ignore(field, "auto_host_rewrite is not supported");
  forward.cluster_not_found_status = not_found_status(action.cluster_not_found_response_code());
  return forward;
}

DirectResponse direct_response(const v3::DirectResponseAction& source, std::string_view field,
                               Report& report) {
  using envoy::config::core::v3::DataSource;
  DirectResponse response;
  response.status = static_cast<int>(source.status());
  if (source.status() < 200 || source.status() > 599) report.error(field, "a status outside 200 to 599");
  switch (source.body().specifier_case()) {
    case DataSource::kInlineString:
      response.body = source.body().inline_string();
      break;
    case DataSource::kInlineBytes:
      response.body = source.body().inline_bytes();
      break;
    case DataSource::SPECIFIER_NOT_SET:
      break;
    default:
      report.error(field, "a body has to be inline");
  }
  return response;
}

Redirect redirect_of(const v3::RedirectAction& source) {
  constexpr int statuses[] = {301, 302, 303, 307, 308};
  Redirect redirect;
  const int code = static_cast<int>(source.response_code());
  redirect.status = statuses[code >= 0 && code < 5 ? code : 0];
  redirect.host = source.host_redirect();
  if (source.https_redirect()) redirect.scheme = "https";
  if (!source.scheme_redirect().empty()) redirect.scheme = ascii::to_lower(source.scheme_redirect());
  redirect.port = static_cast<std::uint16_t>(source.port_redirect());
  if (!source.path_redirect().empty()) redirect.path = source.path_redirect();
  if (!source.prefix_rewrite().empty()) redirect.prefix = source.prefix_rewrite();
  redirect.strip_query = source.strip_query();
  return redirect;
}

Route route_of(const v3::Route& source, const v3::VirtualHost& host, const Snapshot& snapshot,
               std::string_view field, Report& report) {
  Route route;
  route.name = source.name();
  route.source = route_metadata(source, "source");
  add_match(source.match(), field, route, report);
  switch (source.action_case()) {
    case v3::Route::kRoute:
      route.action = forward_of(source, host, snapshot, field, report);
      break;
    case v3::Route::kDirectResponse:
      route.action = direct_response(source.direct_response(), field, report);
      break;
    case v3::Route::kRedirect:
      route.action = redirect_of(source.redirect());
      break;
    case v3::Route::kNonForwardingAction:
    case v3::Route::ACTION_NOT_SET:
      report.error(field, "an action that is not known here");
      break;
  }
  route.request = header_ops(source.request_headers_to_add(), source.request_headers_to_remove(), field, report);
  route.response = header_ops(source.response_headers_to_add(), source.response_headers_to_remove(), field, report);
  for (const auto& [filter, config] : source.typed_per_filter_config()) {
    if (filter == "envoy.filters.http.rbac") {
      report.error(field, "rules for one route only are not supported");
    } else {
      report.ignore(field, fmt::format("configuration for the filter {} is passed over", filter));
    }
  }
  return route;
}

void add_wildcard(std::vector<RouteTable::WildcardLength>& lengths, std::string_view fixed,
                  std::uint32_t index, bool& added) {
  auto at = std::ranges::find(lengths, fixed.size(), &RouteTable::WildcardLength::length);
  if (at == lengths.end()) {
    lengths.push_back({fixed.size(), {}});
    at = std::prev(lengths.end());
  }
  added = at->hosts.emplace(fixed, index).second;
}

void add_domain(RouteTable& table, std::string_view written, std::uint32_t index, Report& report) {
  const std::string domain = ascii::to_lower(written);
  bool added = true;
  if (domain == "*") {
    added = !table.any.has_value();
    if (added) table.any = index;
  } else if (domain.empty() || domain.find('*', 1) < domain.size() - 1) {
    report.error("virtual_hosts.domains", fmt::format("\"{}\": `*` may be its first or its last byte", written));
  } else if (domain.front() == '*') {
    add_wildcard(table.suffixes, std::string_view(domain).substr(1), index, added);
  } else if (domain.back() == '*') {
    add_wildcard(table.prefixes, std::string_view(domain).substr(0, domain.size() - 1), index, added);
  } else {
    added = table.exact.emplace(domain, index).second;
  }
  if (!added) report.error("virtual_hosts.domains", fmt::format("\"{}\" is there twice", written));
}

}  // namespace

std::unique_ptr<RouteTable> route_table(const v3::RouteConfiguration& source,
                                        const Snapshot& snapshot, Report& report) {
  auto table = std::make_unique<RouteTable>();
  table->name = source.name();
  table->ignore_port = source.ignore_port_in_host_matching();
  for (const v3::VirtualHost& host : source.virtual_hosts()) {
    VirtualHost spec;
    spec.name = host.name();
    spec.include_attempt_count = host.include_request_attempt_count();
    const std::string where = fmt::format("virtual_hosts[{}]", host.name());
    spec.request = header_ops(host.request_headers_to_add(), host.request_headers_to_remove(), where, report);
    spec.response = header_ops(host.response_headers_to_add(), host.response_headers_to_remove(), where, report);
    for (int i = 0; i < host.routes_size(); ++i) {
      const std::string field = fmt::format("{}.routes[{}]", where, i);
      spec.routes.push_back(route_of(host.routes(i), host, snapshot, field, report));
      spec.glances.push_back(PathGlance::of(spec.routes.back().path));
    }
    const auto index = static_cast<std::uint32_t>(table->virtual_hosts.size());
    for (const std::string& domain : host.domains()) add_domain(*table, domain, index, report);
    table->virtual_hosts.push_back(std::move(spec));
  }
  std::ranges::sort(table->suffixes, std::ranges::greater{}, &RouteTable::WildcardLength::length);
  std::ranges::sort(table->prefixes, std::ranges::greater{}, &RouteTable::WildcardLength::length);
  return table;
}

}  // namespace outrider::proxy::compiling
