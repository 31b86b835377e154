#include "control-plane/api/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/base/ascii.hpp"
#include "core/base/in_quotes.hpp"

namespace outrider::control {
namespace {

Result<std::string> unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      unsigned value = 0;
      const char* first = text.data() + i + 1;
      if (i + 2 >= text.size() || std::from_chars(first, first + 2, value, 16).ptr != first + 2) {
        return fail("the address holds a bad % escape");
      }
      c = static_cast<char>(value);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
      return fail("the address holds a control character");
    }
    plain += c;
  }
  return plain;
}

// "127.0.0.1:15080" -> "127.0.0.1", "[::1]:15080" -> "[::1]".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.rfind(':'));
}

bool is_loopback(std::string_view host) {
  const std::string_view name = without_port(host);
  if (ascii::equals_ignoring_case(name, "localhost") || name == "[::1]") return true;
  const auto parts = ascii::split(name, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return !part.empty() && part.size() <= 3 &&
                  std::all_of(part.begin(), part.end(), ascii::is_digit);
         });
}

}  // namespace

bool Target::flag(std::string_view name) const {
  const auto found = query.find(name);
  return found != query.end() && found->second != "false" && found->second != "0";
}

Result<Target> parse_target(std::string_view text) {
  Target target;
  const std::size_t mark = text.find('?');
  std::string_view path = text.substr(0, mark);
  if (!path.starts_with('/')) return fail("the address does not start with /");
  path.remove_prefix(1);
  for (const std::string_view piece : ascii::split(path, '/')) {
    auto segment = unescape(piece);
    if (!segment) return std::unexpected(segment.error());
    if (segment->empty() || *segment == "." || *segment == "..") {
      return fail("the address holds an empty or a dot segment");
    }
    target.path.push_back(std::move(*segment));
  }
  if (mark == std::string_view::npos) return target;
  for (const std::string_view piece : ascii::split(text.substr(mark + 1), '&')) {
    const std::size_t equals = piece.find('=');
    auto name = unescape(piece.substr(0, equals));
    auto value = unescape(equals == std::string_view::npos ? "" : piece.substr(equals + 1));
    if (!name) return std::unexpected(name.error());
    if (!value) return std::unexpected(value.error());
    target.query[std::move(*name)] = std::move(*value);
  }
  return target;
}

std::optional<ApiResponse> refuse_foreign(const ApiRequest& request,
                                          std::string_view own_address) {
  if (!is_loopback(request.host) && request.host != own_address) {
    return error_response(403, fmt::format("Host {} is neither loopback nor this API's address",
                                           in_quotes(std::string_view(request.host).substr(0, 256))));
  }
  if (request.origin) return error_response(403, "requests of web pages are not served");
  if (request.method == "POST") {
    const auto type = std::string_view(request.content_type);
    const auto media = ascii::trim(type.substr(0, type.find(';')));
    if (!ascii::equals_ignoring_case(media, "application/json")) {
      return error_response(415, "the content type has to be application/json");
    }
  }
  return std::nullopt;
}

ApiResponse error_response(int status, std::string_view message) {
  const nlohmann::json body{{"error", message}};
  return {status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace outrider::control
