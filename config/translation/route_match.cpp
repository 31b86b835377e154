#include "config/translation/route_match.hpp"

namespace outrider::config {
namespace {

namespace v3 = envoy::config::route::v3;

void set_path(const StringMatch& uri, v3::RouteMatch& out) {
  switch (uri.kind()) {
    case StringMatch::Kind::Present: return out.set_prefix("/");
    case StringMatch::Kind::Exact: return out.set_path(uri.text());
    case StringMatch::Kind::Prefix: return out.set_prefix(uri.text());
    case StringMatch::Kind::Regex: return out.mutable_safe_regex()->set_regex(uri.text());
  }
}

void set_value(const StringMatch& match, v3::HeaderMatcher& out) {
  switch (match.kind()) {
    case StringMatch::Kind::Present: return out.set_present_match(true);
    case StringMatch::Kind::Exact: return out.mutable_string_match()->set_exact(match.text());
    case StringMatch::Kind::Prefix: return out.mutable_string_match()->set_prefix(match.text());
    case StringMatch::Kind::Regex:
      return out.mutable_string_match()->mutable_safe_regex()->set_regex(match.text());
  }
}

v3::HeaderMatcher& add_header(const std::string& name, const StringMatch& match, v3::RouteMatch& out) {
  v3::HeaderMatcher& header = *out.add_headers();
  header.set_name(name);
  set_value(match, header);
  return header;
}

}  // namespace

void set_match(const HttpMatch* match, v3::RouteMatch& out) {
  out.set_prefix("/");
  if (match == nullptr) return;
  if (match->uri) set_path(*match->uri, out);
  out.mutable_case_sensitive()->set_value(!match->ignore_uri_case);
  for (const auto& [name, value] : match->headers) add_header(name, value, out);
  for (const auto& [name, value] : match->without_headers) {
    v3::HeaderMatcher& header = add_header(name, value, out);
    header.set_invert_match(true);
    // A header that is absent counts as empty, unless its presence is all that is asked.
    if (value.kind() != StringMatch::Kind::Present) header.set_treat_missing_header_as_empty(true);
  }
  if (match->method) add_header(":method", *match->method, out);
  if (match->authority) add_header(":authority", *match->authority, out);
}

}  // namespace outrider::config
