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

// A template's text for Envoy, or what is wrong with it.
std::expected<std::string, std::string> to_template(std::string_view path) {
  const auto invalid = [&](std::string_view why) {
    return std::unexpected(
        fmt::format("invalid or unsupported path {}, found in paths. {}", path, why));
  };
  if (!path.starts_with('/')) return invalid("A path template has to begin with '/'");
  std::vector<std::string> segments;
  bool after_rest = false;
  for (const std::string_view segment : ascii::split(path.substr(1), '/')) {
    if (after_rest) return invalid("{**} is not the last operator");
    if (segment == "{*}" || segment == "*") {
      segments.emplace_back("*");
    } else if (segment == "{**}" || segment == "**") {
      segments.emplace_back("**");
      after_rest = true;
    } else if (segment.find_first_of("{}") != std::string_view::npos) {
      return invalid("Contains '{' or '}' beyond a supported path template");
    } else if (!is_literal(segment)) {
      return invalid(fmt::format("Contains segment {} with invalid string literal", segment));
    } else {
      segments.emplace_back(segment);
    }
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

bool take_template(const Node& node, std::string_view path, PathPattern& out) {
  auto text = to_template(path);
  if (!text) {
    node.error(text.error(), "write {*} for one segment, and {**} at the end for the rest");
    return false;
  }
  out.kind = PathPattern::Kind::Template;
  out.text = std::move(*text);
  return true;
}

bool take_star_inside(const Node& node, std::string_view path, PathPattern& out) {
  const std::string meant = canonical(path);
  const std::string message =
      fmt::format("'*' in the middle of path \"{}\" is compared literally by Istio", path);
  if (meant.empty()) {
    node.error(message, "a '*' may stand at one end, or for whole segments as {*}");
    return false;
  }
  if (node.reading.strict_istio()) {
    node.error(message, fmt::format("write \"{}\"", meant));
    return false;
  }
  Diagnostic& d = node.reading.report(
      Level::Warning, code::kMidPathStar, node.value.at,
      fmt::format("'*' in the middle of path \"{}\" is read as one segment", path),
      fmt::format("write \"{}\"", meant));
  d.note = "Istio compares it literally: there the rule would match no request";
  return take_template(node, meant, out);
}

}  // namespace

bool read(const Node& node, PathPattern& out) {
  std::string path;
  out.at = node.value.at;
  if (!read(node, path)) return false;
  if (path.empty()) {
    node.error("empty value not allowed, found in paths");
    return false;
  }
  if (path.find_first_of("{}") != std::string::npos) return take_template(node, path, out);
  std::string_view rest = path;
  out.kind = PathPattern::Kind::Exact;
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
  if (rest.find('*') != std::string_view::npos) return take_star_inside(node, path, out);
  out.text = std::string(rest);
  return true;
}

}  // namespace outrider::config
