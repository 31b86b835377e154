#include "core/protocol/message.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/ascii.hpp"
#include "core/base/byte_set.hpp"

namespace outrider::protocol {
namespace {

constexpr std::size_t chunk_bytes = 1024;

struct Known {
  std::string_view name;
  HeaderName id;
};

// Sorted by length, then by name: a look-up compares the few names of its length.
constexpr Known known_names[] = {
    {"te", HeaderName::Te},
    {"date", HeaderName::Date},
    {"host", HeaderName::Host},
    {"accept", HeaderName::Accept},
    {"cookie", HeaderName::Cookie},
    {"expect", HeaderName::Expect},
    {"server", HeaderName::Server},
    {"trailer", HeaderName::Trailer},
    {"upgrade", HeaderName::Upgrade},
    {"connection", HeaderName::Connection},
    {"keep-alive", HeaderName::KeepAlive},
    {"user-agent", HeaderName::UserAgent},
    {"grpc-status", HeaderName::GrpcStatus},
    {"retry-after", HeaderName::RetryAfter},
    {"content-type", HeaderName::ContentType},
    {"grpc-message", HeaderName::GrpcMessage},
    {"grpc-timeout", HeaderName::GrpcTimeout},
    {"x-request-id", HeaderName::XRequestId},
    {"authorization", HeaderName::Authorization},
    {"content-length", HeaderName::ContentLength},
    {"idempotency-key", HeaderName::IdempotencyKey},
    {"x-forwarded-for", HeaderName::XForwardedFor},
    {"proxy-connection", HeaderName::ProxyConnection},
    {"transfer-encoding", HeaderName::TransferEncoding},
    {"x-forwarded-proto", HeaderName::XForwardedProto},
    {"proxy-authenticate", HeaderName::ProxyAuthenticate},
    {"x-envoy-overloaded", HeaderName::XEnvoyOverloaded},
    {"x-envoy-attempt-count", HeaderName::XEnvoyAttemptCount},
    {"x-envoy-original-path", HeaderName::XEnvoyOriginalPath},
    {"x-envoy-peer-metadata", HeaderName::XEnvoyPeerMetadata},
    {"x-forwarded-client-cert", HeaderName::XForwardedClientCert},
    {"x-envoy-peer-metadata-id", HeaderName::XEnvoyPeerMetadataId},
    {"x-envoy-decorator-operation", HeaderName::XEnvoyDecoratorOperation},
    {"x-envoy-upstream-service-time", HeaderName::XEnvoyUpstreamServiceTime},
    {"x-envoy-expected-rq-timeout-ms", HeaderName::XEnvoyExpectedRqTimeoutMs},
};

constexpr std::size_t longest_known = 32;

// first_of_length[n]: index of the first known name of at least n bytes.
constexpr auto first_of_length = [] {
  struct Table {
    std::uint8_t at[longest_known + 2] = {};
  } table;
  for (std::size_t length = 0; length <= longest_known + 1; ++length) {
    std::size_t count = 0;
    for (const Known& known : known_names) count += known.name.size() < length ? 1 : 0;
    table.at[length] = static_cast<std::uint8_t>(count);
  }
  return table;
}();

constexpr bool sorted_by_length() {
  for (std::size_t i = 1; i < std::size(known_names); ++i) {
    if (known_names[i].name.size() < known_names[i - 1].name.size()) return false;
  }
  return true;
}

std::string_view view(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

thread_local std::vector<std::unique_ptr<Head>> spare_heads;
constexpr std::size_t most_spare_heads = 256;

const Known* find_known(std::string_view name) {
  const std::size_t length = name.size();
  if (length > longest_known) return nullptr;
  for (std::size_t i = first_of_length.at[length]; i < first_of_length.at[length + 1]; ++i) {
    const std::string_view known = known_names[i].name;
    if (known.back() == name.back() && std::memcmp(known.data(), name.data(), length) == 0) return &known_names[i];
  }
  return nullptr;
}

}  // namespace

HeaderName header_name(std::string_view name) {
  const Known* known = find_known(name);
  return known ? known->id : HeaderName::Other;
}

HeaderList::HeaderList(HeaderList&& other) noexcept { *this = std::move(other); }

HeaderList& HeaderList::operator=(HeaderList&& other) noexcept {
  std::swap(fields_, other.fields_);
  std::swap(added_, other.added_);
  std::swap(retained_, other.retained_);
  std::swap(chunks_, other.chunks_);
  std::swap(used_, other.used_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

HeaderList::~HeaderList() {
  for (nghttp2_rcbuf* buffer : retained_) nghttp2_rcbuf_decref(buffer);
}

void HeaderList::add(std::string_view name, std::string_view value) {
  const Known* known = find_known(name);
  push(known ? HeaderField{known->name, keep(value), known->id, true} : HeaderField{keep(name), keep(value)});
}

void HeaderList::add_kept(std::string_view name, std::string_view value) {
  const Known* known = find_known(name);
  push(known ? HeaderField{known->name, value, known->id, true} : HeaderField{name, value});
}

void HeaderList::add_retained(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  const std::string_view kept = keep_retained(value);
  const std::string_view text = view(name);
  if (const Known* known = find_known(text)) {
    push({known->name, kept, known->id, true});
  } else {
    const bool lasting = nghttp2_rcbuf_is_static(name) != 0;  // HPACK's table
    push({keep_retained(name), kept, HeaderName::Other, lasting});
  }
}

void HeaderList::set(std::string_view name, std::string_view value) {
  const std::string_view kept = keep(value);
  const Known* known = find_known(name);
  bool found = false;
  if (!known || may_have(known->id)) {
    remove_if([&](HeaderField& field) {
      if (known ? field.id != known->id : field.name != name) return false;
      if (found) return true;
      found = true;
      field.value = kept;
      return false;
    });
  }
  if (!found) push(known ? HeaderField{known->name, kept, known->id, true} : HeaderField{keep(name), kept});
}

bool HeaderList::remove(std::string_view name) {
  return remove_if([&](const HeaderField& field) { return field.name == name; });
}

bool HeaderList::remove(HeaderName id) {
  return may_have(id) && remove_if([&](const HeaderField& field) { return field.id == id; });
}

const HeaderField* HeaderList::find(std::string_view name) const {
  for (const HeaderField& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const HeaderField* HeaderList::find(HeaderName id) const {
  if (!may_have(id)) return nullptr;
  for (const HeaderField& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::string_view HeaderList::value(HeaderName id) const {
  const HeaderField* field = find(id);
  return field ? field->value : std::string_view{};
}

std::size_t HeaderList::bytes() const {
  std::size_t total = 0;
  for (const HeaderField& field : fields_) total += field.name.size() + field.value.size() + 32;
  return total;
}

char* HeaderList::room(std::size_t bytes) {
  if (capacity_ - used_ < bytes) {
    capacity_ = std::max(chunk_bytes, bytes);
    used_ = 0;
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(capacity_));
  }
  char* const at = chunks_.back().get() + used_;
  used_ += bytes;
  return at;
}

std::string_view HeaderList::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const to = room(text.size());
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

std::string_view HeaderList::keep_retained(nghttp2_rcbuf* buffer) {
  if (nghttp2_rcbuf_is_static(buffer) == 0) {
    nghttp2_rcbuf_incref(buffer);
    retained_.push_back(buffer);
  }
  return view(buffer);
}

void HeaderList::clear() {
  fields_.clear();
  added_ = 0;
  for (nghttp2_rcbuf* buffer : retained_) nghttp2_rcbuf_decref(buffer);
  retained_.clear();
  // One chunk of the usual size stays for the next message; larger memory is given back.
  if (chunks_.size() != 1 || capacity_ != chunk_bytes) {
    chunks_.clear();
    capacity_ = 0;
  }
  used_ = 0;
}

void Head::clear() {
  method = scheme = authority = path = upgrade = {};
  status = 0;
  version = HttpVersion::Http2;
  fields.clear();
}

void HeadRecycler::operator()(Head* head) const {
  if (--head->holders > 0) return;
  if (spare_heads.size() < most_spare_heads) {
    head->clear();
    spare_heads.emplace_back(head);
  } else {
    delete head;
  }
}

HeadPtr make_head() {
  static_assert(sorted_by_length());
  if (spare_heads.empty()) return HeadPtr(new Head);
  HeadPtr head(spare_heads.back().release());
  spare_heads.pop_back();
  head->holders = 1;
  return head;
}

HeadPtr share(const Head& head) {
  ++head.holders;
  return HeadPtr(const_cast<Head*>(&head));
}

bool is_connection_specific(const HeaderField& field) {
  switch (field.id) {
    case HeaderName::Connection:
    case HeaderName::KeepAlive:
    case HeaderName::ProxyConnection:
    case HeaderName::TransferEncoding:
    case HeaderName::Upgrade:
    case HeaderName::Host:
      return true;
    case HeaderName::Te:
      return field.value != "trailers";
    default:
      return false;
  }
}

void join_cookies(HeaderList& fields) {
  if (!fields.may_have(HeaderName::Cookie)) return;
  const auto is_cookie = [](const HeaderField& f) { return f.id == HeaderName::Cookie; };
  if (std::count_if(fields.fields().begin(), fields.fields().end(), is_cookie) < 2) return;
  std::string joined;
  for (const HeaderField& field : fields.fields()) {
    if (!is_cookie(field)) continue;
    if (!joined.empty()) joined += "; ";
    joined += field.value;
  }
  fields.remove(HeaderName::Cookie);
  fields.add("cookie", joined);
}

void drop_forbidden_trailers(HeaderList& trailers) {
  trailers.remove_if([](const HeaderField& field) {
    switch (field.id) {
      case HeaderName::ContentLength:
      case HeaderName::TransferEncoding:
      case HeaderName::Host:
      case HeaderName::Authorization:
      case HeaderName::Connection:
      case HeaderName::Te:
      case HeaderName::Trailer:
      case HeaderName::Upgrade:
      case HeaderName::ContentType:
      case HeaderName::Expect:
      case HeaderName::XForwardedFor:
      case HeaderName::XForwardedProto:
      case HeaderName::XForwardedClientCert:
        return true;
      default:
        return field.name.starts_with("x-envoy-");
    }
  });
}

bool is_authority(std::string_view text) {
  // What a host may hold, and an address in brackets.
  static constexpr ByteSet in_host([](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || std::string_view("-._~!$&'()*+;=").contains(c);
  });
  static constexpr ByteSet in_brackets([](char c) {
    return ascii::is_digit(c) || (ascii::lower(c) >= 'a' && ascii::lower(c) <= 'f') || c == ':' || c == '.';
  });
  const bool brackets = text.starts_with('[');
  const std::string_view host = brackets ? text.substr(1, text.find(']') - 1) : text.substr(0, text.find(':'));
  if (host.empty() || !(brackets ? in_brackets : in_host).has_all(host)) return false;
  std::string_view rest = text.substr(host.size() + (brackets ? 1 : 0));
  if (brackets) {
    if (!rest.starts_with(']')) return false;
    rest.remove_prefix(1);
  }
  if (rest.empty() || rest == ":") return true;
  if (rest.front() != ':' || rest.size() > 6) return false;
  unsigned port = 0;
  for (char c : rest.substr(1)) {
    if (!ascii::is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

bool is_grpc(const Head& head) {
  constexpr std::string_view grpc = "application/grpc";
  const std::string_view type = head.fields.value(HeaderName::ContentType);
  return type.starts_with(grpc) &&
         (type.size() == grpc.size() || type[grpc.size()] == '+' || type[grpc.size()] == ';');
}

}  // namespace outrider::protocol
