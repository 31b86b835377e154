#include "core/protocol/http1_head.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/base/ascii.hpp"
#include "core/base/byte_set.hpp"

namespace outrider::protocol {
namespace {

using Parsed = std::expected<ParsedHead, Refusal>;

std::unexpected<Refusal> refuse(int status, std::string_view reason,
                                Rejection rejection = Rejection::MalformedHead) {
  return std::unexpected(Refusal{status, reason, rejection});
}

constexpr std::size_t longest_target = 16 * 1024;

// What a byte of a token is in lower case; 0: no token has it (RFC 9110 section 5.6.2).
constexpr auto token_lower = [] {
  std::array<char, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = static_cast<char>(c);
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = static_cast<char>(c);
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = ascii::lower(static_cast<char>(c));
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = c;
  return table;
}();

// Where a field value ends: at the first byte that none has. They have visible bytes, space, tab and obs-text, no
// control bytes, no DEL (RFC 9110 section 5.5). Eight bytes at a time: bit 7 is set in the first that is below 0x20
// or DEL, and perhaps in some behind it.
const char* end_of_value(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  constexpr std::uint64_t ones = 0x0101010101010101, high = ones * 0x80;
  while (end - at >= 8) {
    std::uint64_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    const std::uint64_t del = bytes ^ (ones * 0x7f);
    const std::uint64_t found = (((bytes - ones * 0x20) & ~bytes) | ((del - ones) & ~del)) & high;
    at += found ? std::countr_zero(found) / 8 : 8;
    if (found && *at != '\t') return at;
    if (found) ++at;
  }
  while (at != end && (static_cast<unsigned char>(*at) >= 0x20 || *at == '\t') && *at != 0x7f) ++at;
  return at;
}

bool is_field_value(std::string_view text) {
  return end_of_value(text.data(), text.data() + text.size()) == text.data() + text.size();
}

// Visible ASCII without space: what a request target may hold.
bool is_target(std::string_view text) {
  static constexpr ByteSet visible([](char c) { return c > 0x20 && c < 0x7f; });
  return !text.empty() && visible.has_all(text);
}

// A copy of `block` in the memory of the fields that will be views of it.
std::span<char> keep_block(std::string_view block, HeaderList& fields) {
  char* const room = fields.room(block.size());
  std::memcpy(room, block.data(), block.size());
  return {room, block.size()};
}

// Takes the first line off `block`.
std::optional<std::string_view> take_start_line(std::span<char>& block) {
  const std::string_view text(block.data(), block.size());
  const std::size_t end = text.find('\r');
  if (end >= text.size() - 1 || text[end + 1] != '\n' || text.substr(0, end).contains('\n')) return std::nullopt;
  block = block.subspan(end + 2);
  return text.substr(0, end);
}

Refusal no_name(std::string_view line) {
  line = line.substr(0, line.find('\n'));
  return {400, line.contains(':') ? "a header name is not a token" : "a header line has no colon"};
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// `block` ends in its empty line and is where the fields may stay: names become lower case in it.
std::expected<void, Refusal> parse_fields(std::span<char> block, const HeadLimits& limits, HeaderList& fields) {
  char* at = block.data();
  const char* const end = at + block.size();
  const auto at_line_end = [&] { return end - at >= 2 && at[0] == '\r' && at[1] == '\n'; };
  std::size_t bytes = 0;
  for (; !at_line_end(); at += 2) {
    if (at == end) return refuse(400, "a header line does not end in CRLF");
    if (is_blank(*at)) return refuse(400, "a header line starts with white space (obs-fold)");
    char* const name = at;
    while (at != end) {
      const char small = token_lower[static_cast<unsigned char>(*at)];
      if (small == 0) break;
      *at++ = small;
    }
    const auto name_size = static_cast<std::size_t>(at - name);
    if (name_size == 0 || at == end || *at != ':') return std::unexpected(no_name({name, end}));
    ++at;
    while (at != end && is_blank(*at)) ++at;
    const char* const value = at;
    at += end_of_value(at, end) - at;
    if (!at_line_end()) {
      return refuse(400, at == end || *at == '\n' ? "a header line does not end in CRLF" : "a header value holds a control byte");
    }
    const char* value_end = at;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    const auto value_size = static_cast<std::size_t>(value_end - value);
    bytes += name_size + value_size + 32;
    if (fields.size() >= limits.fields) return refuse(431, "too many header fields", Rejection::HeadTooLarge);
    if (bytes > limits.bytes) return refuse(431, "header fields are too large", Rejection::HeadTooLarge);
    fields.add_kept({name, name_size}, {value, value_size});
    const HeaderName id = fields.fields().back().id;
    if ((id == HeaderName::ContentLength || id == HeaderName::TransferEncoding) && is_blank(at[-1])) {
      return refuse(400, "white space behind a framing header", Rejection::AmbiguousFraming);  // others may not trim it
    }
  }
  if (end - at > 2) return refuse(400, "bytes after the empty line");
  return {};
}

// Content-Length and Transfer-Encoding, which may not both be there nor be there twice.
std::expected<Framing, Refusal> parse_framing(const HeaderList& fields, HttpVersion version) {
  Framing framing;
  bool length_seen = false, encoding_seen = false;
  for (const HeaderField& field : fields.fields()) {
    if (field.id == HeaderName::ContentLength) {
      if (length_seen) return refuse(400, "Content-Length is given twice", Rejection::AmbiguousFraming);
      length_seen = true;
      const auto length = parse_content_length(field.value);
      if (!length) return refuse(400, "Content-Length is not a number", Rejection::AmbiguousFraming);
      framing = {Framing::Kind::Length, *length};
    } else if (field.id == HeaderName::TransferEncoding) {
      if (encoding_seen) return refuse(400, "Transfer-Encoding is given twice", Rejection::AmbiguousFraming);
      encoding_seen = true;
      if (!ascii::equals_ignoring_case(field.value, "chunked")) {
        return refuse(501, "Transfer-Encoding is not exactly chunked", Rejection::AmbiguousFraming);
      }
      framing.kind = Framing::Kind::Chunked;
    } else if (field.name == "transfer_encoding" || field.name == "content_length") {
      return refuse(400, "a framing header is written with an underscore", Rejection::AmbiguousFraming);
    }
  }
  if (length_seen && encoding_seen) {
    return refuse(400, "Content-Length and Transfer-Encoding are both given", Rejection::AmbiguousFraming);
  }
  if (encoding_seen && version == HttpVersion::Http10) {
    return refuse(400, "Transfer-Encoding in HTTP/1.0", Rejection::AmbiguousFraming);
  }
  return framing;
}

bool connection_says(const HeaderList& fields, std::string_view option) {
  if (!fields.may_have(HeaderName::Connection)) return false;
  for (const HeaderField& field : fields.fields()) {
    if (field.id != HeaderName::Connection) continue;
    for (std::string_view piece : ascii::split(field.value, ',')) {
      if (ascii::equals_ignoring_case(ascii::trim(piece), option)) return true;
    }
  }
  return false;
}

bool keeps_alive(const Head& head) {
  if (connection_says(head.fields, "close")) return false;
  return head.version == HttpVersion::Http11 || connection_says(head.fields, "keep-alive");
}

// The protocol that the sender would switch to, or has switched to (RFC 9110 section 7.8). HTTP/1.0
// cannot, and h2c is not taken up: the request goes on as HTTP/1.1, as Envoy has it.
std::string_view upgrade_of(Head& head) {
  const HeaderField* first = head.fields.find(HeaderName::Upgrade);
  if (!first || head.version != HttpVersion::Http11 || !connection_says(head.fields, "upgrade")) return {};
  std::string all;  // a list is one choice that nobody offers
  for (const HeaderField& field : head.fields.fields()) {
    if (field.id != HeaderName::Upgrade) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  if (ascii::equals_ignoring_case(all, "h2c")) return {};
  return all.size() == first->value.size() ? first->value : head.fields.keep(all);
}

// Fields for whoever is at the end, which nobody may have taken away by naming them in Connection (RFC
// 9110 section 7.6.1): identity, policy and content. te says for itself what it may.
bool is_end_to_end(std::string_view name) {
  switch (header_name(name)) {
    case HeaderName::Other:
      return name.starts_with("x-forwarded-") || name.starts_with("x-envoy-") || name == "close";
    case HeaderName::Upgrade:
    case HeaderName::KeepAlive:
    case HeaderName::ProxyConnection:
    case HeaderName::Trailer:
      return false;
    default:
      return true;
  }
}

// What else Connection names ends here with it.
void drop_nominated(HeaderList& fields) {
  if (!fields.may_have(HeaderName::Connection)) return;
  std::vector<std::string> nominated;
  for (const HeaderField& field : fields.fields()) {
    if (field.id != HeaderName::Connection) continue;
    for (std::string_view piece : ascii::split(field.value, ',')) {
      std::string name = ascii::to_lower(ascii::trim(piece));
      if (!is_end_to_end(name)) nominated.push_back(std::move(name));
    }
  }
  for (const std::string& name : nominated) fields.remove(name);
}

std::optional<HttpVersion> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return HttpVersion::Http11;
  if (text == "HTTP/1.0") return HttpVersion::Http10;
  return std::nullopt;
}

// The target's forms (RFC 9112 section 3.2): origin, absolute (http_proxy), authority, asterisk. `target` stays where
// it is as long as the head.
std::expected<void, Refusal> parse_target(std::string_view target, Head& head) {
  head.scheme = "http";
  if (head.method == "CONNECT") {
    if (!is_authority(target)) return refuse(400, "CONNECT needs host:port");
    head.authority = target;
    head.path = {};
    return {};
  }
  if (target == "*") {
    if (head.method != "OPTIONS") return refuse(400, "the target * is for OPTIONS only");
    head.path = "*";
    return {};
  }
  if (target.front() == '/') {
    head.path = target;
    return {};
  }
  constexpr std::string_view scheme = "http://";
  if (target.size() <= scheme.size() ||
      !ascii::equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
    return refuse(400, "the request target is neither a path nor an http:// URL");
  }
  target.remove_prefix(scheme.size());
  const std::size_t end = target.find_first_of("/?");
  const std::string_view authority = target.substr(0, end);
  if (authority.empty() || !is_authority(authority)) {
    return refuse(400, "the request target names no valid host", Rejection::BadHost);
  }
  head.authority = authority;
  if (end == std::string_view::npos) {
    head.path = "/";
  } else if (target[end] == '/') {
    head.path = target.substr(end);
  } else {
    std::string path = "/";
    path += target.substr(end);
    head.path = head.fields.keep(path);
  }
  return {};
}

std::expected<void, Refusal> parse_host(Head& head) {
  const HeaderField* host = nullptr;
  for (const HeaderField& field : head.fields.fields()) {
    if (field.id != HeaderName::Host) continue;
    if (host) return refuse(400, "Host is given twice", Rejection::BadHost);
    host = &field;
  }
  if (!host) {
    if (head.version == HttpVersion::Http11) return refuse(400, "Host is missing", Rejection::BadHost);
    return {};
  }
  if (host->value.empty()) return refuse(400, "Host is empty", Rejection::BadHost);
  if (!is_authority(host->value)) return refuse(400, "Host is not a valid host", Rejection::BadHost);
  if (head.authority.empty()) {
    head.authority = host->value;
  } else if (!ascii::equals_ignoring_case(head.authority, host->value)) {
    return refuse(400, "Host and the request target name different hosts", Rejection::BadHost);
  }
  head.fields.remove(HeaderName::Host);
  return {};
}

}  // namespace

bool is_token(std::string_view text) {
  for (char c : text) {
    if (token_lower[static_cast<unsigned char>(c)] == 0) return false;
  }
  return !text.empty();
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) {
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (char c : text) {
    if (!ascii::is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

Parsed parse_request_head(std::string_view text, const HeadLimits& limits, Head& head) {
  std::span<char> block = keep_block(text, head.fields);
  const auto line = take_start_line(block);
  if (!line) return refuse(400, "the request line does not end in CRLF");
  const std::size_t first = line->find(' ');
  const std::size_t last = line->rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "the request line is not METHOD TARGET VERSION");
  }
  const std::string_view method = line->substr(0, first);
  const std::string_view target = line->substr(first + 1, last - first - 1);
  const std::string_view version_text = line->substr(last + 1);
  if (!is_token(method) || method.size() > 32) return refuse(400, "the method is not a token");
  if (target.size() > longest_target) return refuse(414, "the target is too long", Rejection::TargetTooLong);
  if (!is_target(target)) return refuse(400, "the request target holds an illegal byte");
  if (target.find('#') != std::string_view::npos) {
    return refuse(400, "the request target holds a fragment");
  }
  if (!version_text.empty() && !ascii::equals_ignoring_case(version_text.substr(0, 4), "HTTP")) {
    // Perhaps a broken HTTP/2 preface, whose sender could not read an answer (RFC 9113 section 3.4).
    return refuse(0, sentence(Rejection::BadPreface), Rejection::BadPreface);
  }
  const auto version = parse_version(version_text);
  if (!version) {
    return refuse(version_text.starts_with("HTTP/") ? 505 : 400, "the version is not HTTP/1.1 or 1.0", Rejection::UnknownVersion);
  }
  head.version = *version;
  head.method = method;

  if (auto fields = parse_fields(block, limits, head.fields); !fields) {
    return std::unexpected(fields.error());
  }
  if (auto ok = parse_target(target, head); !ok) return std::unexpected(ok.error());
  if (auto ok = parse_host(head); !ok) return std::unexpected(ok.error());
  const auto framing = parse_framing(head.fields, head.version);
  if (!framing) return std::unexpected(framing.error());

  ParsedHead parsed{.framing = *framing, .keep_alive = keeps_alive(head)};
  if (const HeaderField* expect = head.fields.find(HeaderName::Expect)) {
    if (!ascii::equals_ignoring_case(expect->value, "100-continue")) {
      return refuse(417, "the only expectation known is 100-continue", Rejection::UnknownExpectation);
    }
    parsed.expects_continue = head.version == HttpVersion::Http11;
  }
  // What would follow a body is not in sight yet: such a request goes on without its Upgrade.
  const bool bodiless = framing->kind == Framing::Kind::None ||
                        (framing->kind == Framing::Kind::Length && framing->length == 0);
  if (bodiless) head.upgrade = upgrade_of(head);
  drop_nominated(head.fields);
  return parsed;
}

Parsed parse_response_head(std::string_view text, const HeadLimits& limits, bool to_head, Head& head) {
  std::span<char> block = keep_block(text, head.fields);
  const auto line = take_start_line(block);
  if (!line) return refuse(502, "the status line does not end in CRLF");
  if (line->size() < 12 || (*line)[8] != ' ') return refuse(502, "the status line is malformed");
  const auto version = parse_version(line->substr(0, 8));
  if (!version) return refuse(502, "the response's version is not HTTP/1.1 or 1.0");
  head.version = *version;
  for (char c : line->substr(9, 3)) {
    if (!ascii::is_digit(c)) return refuse(502, "the status is not three digits");
    head.status = head.status * 10 + (c - '0');
  }
  if (head.status < 100 || head.status > 599) return refuse(502, "the status is out of range");
  if (line->size() > 12 && ((*line)[12] != ' ' || !is_field_value(line->substr(13)))) {
    return refuse(502, "the reason phrase is malformed");
  }
  if (auto fields = parse_fields(block, limits, head.fields); !fields) {
    return refuse(502, fields.error().reason, fields.error().rejection);
  }
  auto framing = parse_framing(head.fields, head.version);
  if (!framing) return refuse(502, framing.error().reason, framing.error().rejection);
  if (framing->kind == Framing::Kind::None) framing->kind = Framing::Kind::UntilClose;
  if (head.status < 200 || head.status == 204 || head.status == 304 || to_head) {
    framing->kind = Framing::Kind::None;
  }
  if (head.status == 101) head.upgrade = upgrade_of(head);
  const bool keep_alive = keeps_alive(head) && framing->kind != Framing::Kind::UntilClose;
  drop_nominated(head.fields);
  return ParsedHead{.framing = *framing, .keep_alive = keep_alive};
}

std::expected<void, Refusal> parse_trailers(std::string_view block, const HeadLimits& limits,
                                            HeaderList& trailers) {
  if (auto parsed = parse_fields(keep_block(block, trailers), limits, trailers); !parsed) {
    return refuse(parsed.error().status, parsed.error().reason, Rejection::MalformedBody);
  }
  if (trailers.find(HeaderName::ContentLength) || trailers.find(HeaderName::TransferEncoding)) {
    return refuse(400, "a framing header among the trailers", Rejection::MalformedBody);
  }
  drop_forbidden_trailers(trailers);
  return {};
}

}  // namespace outrider::protocol
