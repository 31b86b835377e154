#pragma once
// The head of an HTTP message, whatever version it came in: pseudo headers, fields, trailers.
//
// Values are views. Their bytes live in the message: in its arena (copied), in nghttp2's reference
// counted buffers (retained, so that HTTP/2 to HTTP/2 copies nothing), or in static storage.
// One thread; moved between codec and exchange, shared with the codec that sends it, never copied
// behind one's back.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

struct nghttp2_rcbuf;

namespace outrider::protocol {

// Names that the proxy itself looks at, so that it compares a number and not a string.
enum class HeaderName : std::uint8_t {
  Other,
  Accept,
  Authorization,
  Connection,
  ContentLength,
  ContentType,
  Cookie,
  Date,
  Expect,
  GrpcMessage,
  GrpcStatus,
  GrpcTimeout,
  Host,
  IdempotencyKey,
  KeepAlive,
  ProxyConnection,
  ProxyAuthenticate,
  RetryAfter,
  Server,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  XEnvoyAttemptCount,
  XEnvoyDecoratorOperation,
  XEnvoyExpectedRqTimeoutMs,
  XEnvoyOriginalPath,
  XEnvoyOverloaded,
  XEnvoyPeerMetadata,
  XEnvoyPeerMetadataId,
  XEnvoyUpstreamServiceTime,
  XForwardedClientCert,
  XForwardedFor,
  XForwardedProto,
  XRequestId,
};

// `name` in lower case.
[[nodiscard]] HeaderName header_name(std::string_view name);

struct HeaderField {
  std::string_view name;  // lower case
  std::string_view value;
  HeaderName id = HeaderName::Other;
  bool lasting_name = false;  // the name's bytes outlive every message
};

// An ordered list of fields; duplicates stay apart and in order.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  HeaderList(HeaderList&& other) noexcept;
  HeaderList& operator=(HeaderList&& other) noexcept;
  ~HeaderList();

  // Copies both into the arena. `name` has to be lower case.
  void add(std::string_view name, std::string_view value);
  // Keeps views of bytes that outlive this list (literals, a snapshot pinned by the exchange).
  void add_static(std::string_view name, std::string_view value) { add_kept(name, value); }
  // Keeps views of bytes that keep() or room() gave. `name` has to be lower case.
  void add_kept(std::string_view name, std::string_view value);
  // Shares nghttp2's buffers.
  void add_retained(nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  // Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);

  // Removes every field of that name; true when there was one.
  bool remove(std::string_view name);
  bool remove(HeaderName id);
  template <typename Condition>
  bool remove_if(Condition condition) {
    return std::erase_if(fields_, condition) > 0;
  }

  // The first field of that name, null without one.
  [[nodiscard]] const HeaderField* find(std::string_view name) const;
  [[nodiscard]] const HeaderField* find(HeaderName id) const;
  // The first field's value, or an empty view.
  [[nodiscard]] std::string_view value(HeaderName id) const;
  [[nodiscard]] bool has(HeaderName id) const { return find(id) != nullptr; }
  // False when no field of that name was ever added: most names that are asked for never were.
  [[nodiscard]] bool may_have(HeaderName id) const { return (added_ & bit(id)) != 0; }

  [[nodiscard]] const std::vector<HeaderField>& fields() const { return fields_; }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  // Sum of names, values and 32 for each field, as HPACK counts (RFC 7541 section 4.1).
  [[nodiscard]] std::size_t bytes() const;

  // Memory for so many bytes, one at least, that lives as long as this list; and a copy of bytes in it.
  [[nodiscard]] char* room(std::size_t bytes);
  [[nodiscard]] std::string_view keep(std::string_view text);
  [[nodiscard]] std::string_view keep_retained(nghttp2_rcbuf* buffer);

  // Empties it and keeps the memory for the next message.
  void clear();

 private:
  static_assert(static_cast<unsigned>(HeaderName::XRequestId) < 64, "a name is a bit of added_");
  [[nodiscard]] static constexpr std::uint64_t bit(HeaderName id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
  }
  void push(const HeaderField& field) {
    fields_.push_back(field);
    added_ |= bit(field.id);
  }

  std::vector<HeaderField> fields_;
  std::uint64_t added_ = 0;  // the names of all fields so far
  std::vector<nghttp2_rcbuf*> retained_;
  std::vector<std::unique_ptr<char[]>> chunks_;  // the arena: the last one is being filled
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

enum class HttpVersion : std::uint8_t { Http10, Http11, Http2 };

// A request's or a response's head. Which one it is follows from where it is.
struct Head {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;  // with the port when the client sent one
  std::string_view path;       // with the query
  std::string_view upgrade;    // HTTP/1.1: the protocol asked for, or with a 101 taken; empty: none
  int status = 0;              // responses only
  HttpVersion version = HttpVersion::Http2;
  HeaderList fields;
  mutable std::uint32_t holders = 1;  // see share()

  void clear();
};

// Heads are made by make_head() only, and recycled on the thread that drops them last: making one
// costs no allocation once warm.
struct HeadRecycler {
  void operator()(Head* head) const;
};
using HeadPtr = std::unique_ptr<Head, HeadRecycler>;
[[nodiscard]] HeadPtr make_head();
// The same head again, for who still has to read it when its owner is done with it. What it says
// stays where it is: fields may be added, replaced and removed meanwhile.
[[nodiscard]] HeadPtr share(const Head& head);

// connection, keep-alive, proxy-connection, transfer-encoding, upgrade, and te unless "trailers":
// they speak of one connection and end with it (RFC 9110 section 7.6.1).
[[nodiscard]] bool is_connection_specific(const HeaderField& field);

// Several cookie fields become one, as HTTP/1 wants them (RFC 9113 section 8.2.3).
void join_cookies(HeaderList& fields);

// Trailers may not speak of framing, routing or identity (RFC 9110 section 6.5.1): those are dropped.
void drop_forbidden_trailers(HeaderList& trailers);

// host or host:port, or an IPv6 literal in brackets: no userinfo, list, path, percent escape or zone
// (RFC 9110 section 7.2).
[[nodiscard]] bool is_authority(std::string_view text);

// content-type is application/grpc or application/grpc+something.
[[nodiscard]] bool is_grpc(const Head& head);

}  // namespace outrider::protocol
