#include "config/resources/names.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

bool alphanumeric(char c) { return ascii::is_alpha(c) || ascii::is_digit(c); }

// Letters and digits at both ends, these and the others in between.
bool bounded(std::string_view text, std::string_view others) {
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || others.find(c) != std::string_view::npos; });
}

std::string length_complaint(std::string_view host) {
  if (host.size() > 255) return fmt::format("domain name \"{}\" too long (max 255)", host);
  return host.empty() ? "empty domain name not allowed" : "";
}

std::string labels_complaint(std::string_view domain) {
  const auto labels = ascii::split(domain, '.');
  if (const auto last = labels.back(); whole_number(last.starts_with('+') ? last.substr(1) : last)) {
    return fmt::format("domain name \"{}\" invalid (top level domain \"{}\" cannot be all-numeric)", domain,
                       last);
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i + 1 == labels.size() && labels[i].empty()) return {};  // "istio.io."
    if (is_dns_label(labels[i])) continue;
    return fmt::format("domain name \"{}\" invalid (label \"{}\" invalid)", domain, labels[i]);
  }
  return {};
}

}  // namespace

bool is_dns_label(std::string_view text) { return text.size() <= 63 && bounded(text, "-"); }

std::string fqdn_complaint(std::string_view host) {
  std::string found = length_complaint(host);
  return found.empty() ? labels_complaint(host) : found;
}

std::string wildcard_host_complaint(std::string_view host) {
  if (std::string found = length_complaint(host); !found.empty()) return found;
  const std::size_t dot = std::min(host.find('.'), host.size());
  std::string_view first = host.substr(0, dot);
  const bool fits = first.size() <= 63;
  if (first.starts_with("*-") && first.size() > 2) {
    first.remove_prefix(2);
  } else if (first.starts_with('*') && first.size() > 1) {
    first.remove_prefix(1);
  }
  if (!fits || (first != "*" && !bounded(first, "-"))) {
    return fmt::format("domain name \"{}\" invalid (label \"{}\" invalid)", host, host.substr(0, dot));
  }
  return dot == host.size() ? std::string() : labels_complaint(host.substr(dot + 1));
}

std::string partial_wildcard_complaint(std::string_view host) {
  if (host.find('*') == std::string_view::npos || host.size() == 1 || host.starts_with("*.")) return {};
  return fmt::format("partial wildcard \"{}\" not allowed", host);
}

bool is_ip_address(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) return copy.size() == text.size();
  if (const std::size_t zone = copy.find('%'); zone != std::string::npos && zone + 1 < copy.size())
    copy.resize(zone);
  return copy.find('\0') == std::string::npos && inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1;
}

bool is_ip_prefix(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view address = text.substr(0, slash), bits = text.substr(slash + 1);
  const auto length = whole_number(bits);
  const bool plain = !bits.empty() && ascii::is_digit(bits[0]) && (bits.size() == 1 || bits[0] != '0');
  if (!length || !plain || address.find('%') != std::string_view::npos || !is_ip_address(address))
    return false;
  return *length <= (address.find(':') == std::string_view::npos ? 32 : 128);
}

bool is_subnet(std::string_view text) {
  return std::count(text.begin(), text.end(), '/') == 1 ? is_ip_prefix(text) : is_ip_address(text);
}

std::string unix_path_complaint(std::string_view path) {
  if (path.empty()) return "unix address must not be empty";
  if (path.starts_with('@')) return {};
  if (path.starts_with('/') && !path.ends_with('/')) return {};
  return fmt::format("{} is not an absolute path to a file", path);
}

std::optional<std::pair<std::string, std::string>> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.find(']') + 1 != host.size()) return {};
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return {};
  }
  const std::string_view port = text.substr(colon + 1);
  if (host.find_first_of("[]") != std::string_view::npos ||
      port.find_first_of("[]") != std::string_view::npos) {
    return {};
  }
  return std::pair(std::string(host), std::string(port));
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::string label_key_complaint(std::string_view key) {
  const auto bad = [&](const char* why) { return fmt::format("invalid tag key: \"{}\"{}", key, why); };
  const std::size_t slash = key.find('/');
  std::string_view name = key;
  if (slash != std::string_view::npos) {
    for (const std::string_view label : ascii::split(key.substr(0, slash), '.')) {
      if (!bounded(label, "-")) return bad("");
    }
    if (slash > 253) return bad(" (DNS prefix is too long)");
    name = key.substr(slash + 1);
  }
  if (!bounded(name, "-_.")) return bad("");
  return name.size() > 63 ? bad(" (name is too long)") : std::string();
}

bool is_label_value(std::string_view value) { return value.empty() || bounded(value, "-_."); }

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return alphanumeric(c) || std::string_view("!#$%&'*+,-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_claim_route(std::string_view name) {
  constexpr std::string_view head = "@request.auth.claims";
  if (!ascii::to_lower(name).starts_with(head)) return false;
  name.remove_prefix(head.size());
  return (name.starts_with('.') && name.size() > 1) ||
         (name.starts_with('[') && name.ends_with(']') && name.size() > 2);
}

// Envoy's format strings: %VAR%, %VAR(text)%, %VAR(["text", ...])%; %% is a percent sign.
std::string header_value_complaint(std::string_view value) {
  const auto control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
  if (std::any_of(value.begin(), value.end(), control)) {
    return fmt::format("header value configuration {} is invalid", value);
  }
  enum class In { Text, Name, Arguments, Item, Quoted, AfterItem, AfterList, AfterArguments };
  In in = In::Text;
  const auto bad = [](std::string_view why) {
    return fmt::format("header value configuration: invalid header configuration. {}", why);
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool last = i + 1 == value.size();
    switch (in) {
      case In::Text:
        if (c != '%') break;
        if (last) return bad("Un-escaped %");
        if (value[i + 1] == '%') {
          ++i;
        } else {
          in = In::Name;
        }
        break;
      case In::Name:
        if (c == '%') in = In::Text;
        if (c == '(') in = In::Arguments;
        break;
      case In::Arguments: in = c == '[' ? In::Item : c == ' ' ? in : In::Quoted; break;
      case In::Item:
        if (c != '"' && c != ' ') return bad("Expecting '\"'");
        if (c == '"') in = In::Quoted;
        break;
      case In::Quoted:
        if (c == '\\') {
          if (last) return bad("Un-terminated backslash in JSON string");
          ++i;
        } else if (c == ')') {
          in = In::AfterArguments;
        } else if (c == '"') {
          in = In::AfterItem;
        }
        break;
      case In::AfterItem:
        if (c != ',' && c != ']' && c != ' ') return bad("Expecting ',', ']', or whitespace");
        in = c == ',' ? In::Item : c == ']' ? In::AfterList : in;
        break;
      case In::AfterList:
        if (c != ')' && c != ' ') return bad("Expecting ')' or whitespace");
        if (c == ')') in = In::AfterArguments;
        break;
      case In::AfterArguments:
        if (c != '%' && c != ' ') return bad("Expecting '%' or whitespace after");
        if (c == '%') in = In::Text;
        break;
    }
  }
  return in == In::Text ? "" : bad(fmt::format("Un-terminated variable expression '{}'", value));
}

std::string regex_complaint(std::string_view pattern, std::string_view where) {
  if (pattern.size() > 1024)
    return fmt::format("\"{}\": regex is too large, max length allowed is 1024", where);
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), RE2::Quiet);
  std::string wrong = compiled.ok() ? std::string() : compiled.error();
  // One byte, whatever it is part of: RE2 has it, and Go's RE2, which judges in Istio, has not.
  for (std::size_t at = 0; wrong.empty() && (at = pattern.find('\\', at)) != std::string_view::npos; at += 2) {
    if (pattern.substr(at, 2) == "\\C") wrong = "invalid escape sequence: `\\C`";
  }
  if (wrong.empty()) return {};
  return fmt::format(
      "\"{}\": error parsing regexp: {}; Istio uses RE2 style regex-based match "
      "(https://github.com/google/re2/wiki/Syntax)",
      where, wrong);
}

}  // namespace outrider::config
