#include "proxy/policy/normalize.hpp"

#include <algorithm>

#include "core/base/ascii.hpp"
#include "core/base/byte_set.hpp"

namespace outrider::proxy {
namespace {

constexpr char upper_hex[] = "0123456789ABCDEF";

int hex_value(char c) {
  if (ascii::is_digit(c)) return c - '0';
  const char lowered = ascii::lower(c);
  return lowered >= 'a' && lowered <= 'f' ? lowered - 'a' + 10 : -1;
}

bool unreserved(char c) {
  return ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool control_or_space(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7f;
}

// Nothing in it could be spelled otherwise. One pass over the path, no branches on content but these.
bool is_normal(std::string_view path, PathRules rules) {
  char before = 0;
  for (const char c : path) {
    if (c == '%' || c == '\\' || (static_cast<unsigned char>(c) & 0x80U) != 0) return false;
    if (before == '/' && (c == '.' || (c == '/' && rules.merge_slashes))) return false;
    before = c;
  }
  return true;
}

void append_escaped(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += upper_hex[byte >> 4];
  out += upper_hex[byte & 0xf];
}

// Decodes what is unreserved and makes slashes of backslashes; the reason when it cannot be.
// A % that escapes nothing is refused: beside decoded digits it would become an escape, which the
// application would decode once more ("%%32e" -> "%2e" -> ".").
std::optional<std::string_view> decode(std::string_view path, std::string& out) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\') {
      out += '/';
    } else if ((static_cast<unsigned char>(c) & 0x80U) != 0) {
      append_escaped(c, out);
    } else if (c != '%') {
      out += c;
    } else {
      const auto decoded = unescape(path, i);
      if (!decoded) return "the path holds a % without two hex digits";
      if (*decoded == 0) return "the path holds %00";
      if (unreserved(*decoded)) {
        out += *decoded;
      } else {
        append_escaped(*decoded, out);
      }
      i += 2;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<char> unescape(std::string_view path, std::size_t at) {
  if (path[at] != '%' || at + 2 >= path.size()) return std::nullopt;
  const int high = hex_value(path[at + 1]);
  const int low = hex_value(path[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

void resolve_dots(std::string& out, bool merge_slashes) {
  std::size_t write = 0;
  std::size_t read = 0;
  while (read < out.size()) {  // out[read] is a slash
    const std::size_t end = std::min(out.find('/', read + 1), out.size());
    const std::string_view segment(out.data() + read + 1, end - read - 1);
    const bool last = end == out.size();
    if (segment == "." || segment == "..") {
      if (segment == "..") {
        while (write > 0 && out[--write] != '/') {
        }
      }
      if (last) out[write++] = '/';
    } else if (segment.empty() && !last && merge_slashes) {
      // dropped: the next segment brings its own slash
    } else {
      for (std::size_t i = read; i < end; ++i) out[write++] = out[i];
    }
    read = end;
  }
  out.resize(write);
}

std::expected<std::string_view, std::string_view> normalize_path(std::string_view path,
                                                                 std::string& scratch,
                                                                 PathRules rules) {
  if (!path.starts_with('/')) return std::unexpected("the path does not start with /");
  for (const char c : path) {
    if (c == '#') return std::unexpected("the path holds a fragment (#)");
    if (control_or_space(c)) return std::unexpected("the path holds a control byte or a space");
  }
  const std::size_t query = std::min(path.find('?'), path.size());
  const std::string_view before = path.substr(0, query);
  if (is_normal(before, rules)) return path;
  scratch.clear();
  if (const auto reason = decode(before, scratch)) return std::unexpected(*reason);
  resolve_dots(scratch, rules.merge_slashes);
  scratch += path.substr(query);
  return scratch;
}

std::optional<HostPort> split_host(std::string_view authority) {
  HostPort result;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    result.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    result.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (port.empty()) return result;
  if (port.front() != ':' || port.size() < 2 || port.size() > 6) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : port.substr(1)) {
    if (!ascii::is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (value == 0 || value > 65535) return std::nullopt;
  result.port = static_cast<std::uint16_t>(value);
  return result;
}

std::expected<std::string_view, std::string_view> normalize_host(std::string_view authority,
                                                                 std::string& scratch) {
  constexpr std::size_t longest = 300;
  if (authority.empty()) return std::unexpected("there is no host");
  if (authority.size() > longest) return std::unexpected("the host is too long");
  static constexpr ByteSet small([](char c) {
    return (c >= 'a' && c <= 'z') || ascii::is_digit(c) || c == '-' || c == '.' || c == '_' || c == ':';
  });
  const bool bracketed = authority.front() == '[';
  bool lowered = true;
  for (const char c : authority) {
    if (small.has(c)) continue;
    const bool capital = c >= 'A' && c <= 'Z';
    if (!capital && !(bracketed && (c == '[' || c == ']'))) return std::unexpected("the host holds a byte that no host has");
    lowered = lowered && !capital;
  }
  const std::optional<HostPort> parts = split_host(authority);
  if (!parts) return std::unexpected("the host's port is not a number from 1 to 65535");
  std::string_view host = authority.substr(0, parts->host.size() + (bracketed ? 2 : 0));
  const std::string_view rest = authority.substr(host.size());
  const bool dotted = host.ends_with('.');
  const bool padded = rest.starts_with(":0");
  if (dotted) host.remove_suffix(1);
  if (host.empty() || host.ends_with('.')) return std::unexpected("the host has an empty label at its end");
  if (lowered && !dotted && !padded) return authority;
  scratch.clear();
  std::ranges::transform(host, std::back_inserter(scratch), ascii::lower);
  if (parts->port) {
    scratch += ':';
    scratch += padded ? rest.substr(rest.find_first_not_of(":0")) : rest.substr(1);
  }
  return scratch;
}

std::optional<Refusal> normalize(protocol::Head& head, std::string& scratch, PathRules rules) {
  // "get" is not GET to a policy, and may be to the application.
  const bool shouted = !head.method.empty() && std::ranges::none_of(head.method, [](char c) {
    return c >= 'a' && c <= 'z';
  });
  if (!shouted) return Refusal{NormalizeRefusal::Method, "the method is not in upper case"};

  const auto host = normalize_host(head.authority, scratch);
  if (!host) return Refusal{NormalizeRefusal::Host, host.error()};
  if (host->data() == scratch.data()) head.authority = head.fields.keep(*host);

  if (head.method == "CONNECT") return std::nullopt;
  if (head.path == "*" && head.method == "OPTIONS") return std::nullopt;
  const auto path = normalize_path(head.path, scratch, rules);
  if (!path) return Refusal{NormalizeRefusal::Path, path.error()};
  if (path->data() == scratch.data()) head.path = head.fields.keep(*path);
  return std::nullopt;
}

}  // namespace outrider::proxy
