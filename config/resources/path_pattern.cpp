#include "config/resources/path_pattern.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// RFC 3986's pchar without the percent sign of an escape, which Envoy's templates refuse.
bool is_literal(std::string_view segment) {
  return std::all_of(segment.begin(), segment.end(), [](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) ||
           std::string_view("-._~!$&'()+,;:@=%").find(c) != std::string_view::npos;
  });
}

bool is_operator(std::string_view segment) { return segment == "{*}" || segment == "{**}"; }

std::vector<std::string_view> segments_of(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return ascii::split(path, '/');
}

// Istio's complaint about the braces of a path; empty when there is none.
std::string template_complaint(std::string_view path) {
  const auto invalid = [&](std::string why) {
    return fmt::format("invalid or unsupported path {}, found in Paths. {}", path, why);
  };
  const bool is_template =
      path.find("{*}") != std::string_view::npos || path.find("{**}") != std::string_view::npos;
  bool after_rest = false;
  for (const std::string_view segment : segments_of(path)) {
    if (is_operator(segment)) {
      if (after_rest) return invalid("{**} is not the last operator");
      after_rest = segment == "{**}";
    } else if (segment.find_first_of("{}") != std::string_view::npos) {
      return invalid("Contains '{' or '}' beyond a supported path template");
    } else if (is_template && (segment.empty() || !is_literal(segment))) {
      return invalid(fmt::format("Contains segment {} with invalid string literal", segment));
    }
  }
  return {};
}

// A template's text for Envoy; nothing for one that we do not match: text after {**}, or no '/' before it.
std::optional<std::string> to_template(std::string_view path) {
  if (!path.starts_with('/')) return {};
  std::vector<std::string_view> segments;
  for (const std::string_view segment : ascii::split(path.substr(1), '/')) {
    if (!segments.empty() && segments.back() == "**") return {};
    segments.push_back(segment == "{*}" ? "*" : segment == "{**}" ? "**" : segment);
  }
  return fmt::format("/{}", fmt::join(segments, "/"));
}

// "/a/*/b" as "/a/{*}/b", and "/a/*/b/*" as "/a/{*}/b/{**}"; empty when that cannot say it.
std::string canonical(std::string_view path) {
  if (!path.starts_with('/')) return {};
  std::vector<std::string> segments;
  const auto pieces = ascii::split(path.substr(1), '/');
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i] == "*") {
      segments.emplace_back(i + 1 == pieces.size() ? "{**}" : "{*}");
    } else if (!is_literal(pieces[i])) {
      return {};
    } else {
      segments.emplace_back(pieces[i]);
    }
  }
  return fmt::format("/{}", fmt::join(segments, "/"));
}

void take_template(const Node& node, std::string_view path, PathPattern& out) {
  out.kind = PathPattern::Kind::Template;
  out.written = path;
  if (auto text = to_template(path)) {
    out.text = std::move(*text);
    return;
  }
  node.reading.inactive(
      node.value.at, node.path.text(),
      fmt::format("{}: the path template {} is not supported yet", node.path.text(), path),
      "begin it with '/' and let {**} be its end");
}

// "/a/*/b": Istio compares it as it stands, which its author cannot have meant.
void take_star_inside(const Node& node, std::string_view path, PathPattern& out) {
  if (node.reading.strict_istio()) return;
  const std::string meant = canonical(path);
  if (meant.empty()) {
    Diagnostic& d = node.report(Level::Warning, code::kMidPathStar,
                                fmt::format("'*' in the middle of path \"{}\" is compared literally", path),
                                "a '*' may stand at one end, or for whole segments as {*}");
    d.note = "as written it matches no request";
    return;
  }
  Diagnostic& d = node.report(Level::Warning, code::kMidPathStar,
                              fmt::format("'*' in the middle of path \"{}\" is read as one segment", path),
                              fmt::format("write \"{}\"", meant));
  d.note = "Istio compares it literally: there the rule would match no request";
  d.replace(node.value.at, fmt::format("\"{}\"", meant));
  take_template(node, meant, out);
}

}  // namespace

bool read(const Node& node, PathPattern& out) {
  std::string path;
  out.at = node.value.at;
  if (!read(node, path)) return false;
  if (path.empty()) {
    node.error("empty value not allowed, found in Paths");
    return false;
  }
  if (std::string found = template_complaint(path); !found.empty()) {
    node.error(std::move(found), "write {*} for one segment, and {**} at the end for the rest");
    return false;
  }
  if (path.find('{') != std::string::npos) {
    take_template(node, path, out);
    return true;
  }
  std::string_view rest = path;
  out.kind = PathPattern::Kind::Exact;
  out.written = path;
  if (rest == "*") {
    out.kind = PathPattern::Kind::Present;
    rest = {};
  } else if (rest.starts_with('*')) {
    out.kind = PathPattern::Kind::Suffix;
    rest.remove_prefix(1);
  } else if (rest.ends_with('*')) {
    out.kind = PathPattern::Kind::Prefix;
    rest.remove_suffix(1);
  }
  out.text = std::string(rest);
  if (rest.find('*') != std::string_view::npos) take_star_inside(node, path, out);
  return true;
}

yaml::Value print(const PathPattern& path) { return print(path.written); }

}  // namespace outrider::config
