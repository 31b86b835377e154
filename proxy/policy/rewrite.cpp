#include "proxy/policy/rewrite.hpp"

#include <fmt/format.h>

#include <optional>

#include "proxy/policy/normalize.hpp"

namespace outrider::proxy {
namespace {

constexpr std::string_view original_path = "x-envoy-original-path";

// What the route's path condition matched, which a prefix rewrite replaces.
std::size_t matched_length(const Route& route, std::string_view path) {
  switch (route.path.kind) {
    case PathMatcher::Kind::Prefix:
    case PathMatcher::Kind::SegmentPrefix:
      return route.path.text.size();
    case PathMatcher::Kind::Exact:
    case PathMatcher::Kind::Regex:
      return without_query(path).size();
  }
  return 0;
}

void change(const HeaderChange& change, protocol::Head& head) {
  if (change.name == ":authority" || change.name == "host") {
    head.authority = change.value;
    return;
  }
  switch (change.how) {
    case HeaderChange::How::Append:
      head.fields.add_static(change.name, change.value);
      return;
    case HeaderChange::How::AddIfAbsent:
      if (head.fields.find(change.name) == nullptr) head.fields.add_static(change.name, change.value);
      return;
    case HeaderChange::How::Overwrite:
      head.fields.remove(change.name);
      head.fields.add_static(change.name, change.value);
      return;
    case HeaderChange::How::OverwriteIfPresent:
      if (head.fields.remove(change.name)) head.fields.add_static(change.name, change.value);
      return;
  }
}

}  // namespace

void apply(const HeaderOps& ops, protocol::Head& head) {
  for (const std::string& name : ops.remove) head.fields.remove(name);
  for (const HeaderChange& one : ops.change) change(one, head);
}

void rewrite_request(const VirtualHost& host, const Route& route, const Forward& forward,
                     const WeightedCluster& chosen, protocol::Head& head) {
  if (!forward.prefix_rewrite.empty()) {
    const std::string_view old = head.path;
    const std::string_view rest = old.substr(matched_length(route, old));
    head.path = head.fields.keep(fmt::format("{}{}", forward.prefix_rewrite, rest));
    head.fields.remove(original_path);
    head.fields.add_static(original_path, old);  // lives where it lived: in the head or its buffers
  }
  if (!forward.host_rewrite.empty()) head.authority = forward.host_rewrite;
  apply(chosen.request, head);
  apply(route.request, head);
  apply(host.request, head);
}

void rewrite_response(const VirtualHost& host, const Route& route, const WeightedCluster* chosen,
                      protocol::Head& head) {
  if (chosen != nullptr) apply(chosen->response, head);
  apply(route.response, head);
  apply(host.response, head);
}

std::string redirect_location(const Redirect& redirect, const Route& route,
                              const protocol::Head& head, std::string_view scheme) {
  const std::string_view new_scheme = redirect.scheme.empty() ? scheme : redirect.scheme;
  std::string_view authority = redirect.host.empty() ? head.authority : redirect.host;
  std::string host(authority);
  std::optional<std::uint16_t> port;
  if (const auto parts = split_host(authority)) {
    port = parts->port;
    if (port) host.resize(host.rfind(':'));
  }
  if (redirect.port != 0) port = redirect.port;
  const std::uint16_t usual = new_scheme == "https" ? 443 : 80;
  const bool other_scheme = !redirect.scheme.empty() && redirect.scheme != scheme;
  const std::uint16_t old_usual = scheme == "https" ? 443 : 80;
  // The port that was the old scheme's own does not follow into the new one.
  if (other_scheme && redirect.port == 0 && port == old_usual) port.reset();
  if (port == usual) port.reset();
  if (port) host += fmt::format(":{}", *port);

  std::string path(without_query(head.path));
  if (redirect.path) path = *redirect.path;
  if (redirect.prefix) path = *redirect.prefix + path.substr(matched_length(route, path));
  const std::string_view query = query_of(head.path);
  const bool keeps_query = !redirect.strip_query && !query.empty() && path.find('?') == path.npos;
  return fmt::format("{}://{}{}{}{}", new_scheme, host, path, keeps_query ? "?" : "",
                     keeps_query ? query : std::string_view{});
}

}  // namespace outrider::proxy
