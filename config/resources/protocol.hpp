#pragma once
// What a port speaks, as Istio spells it (in either case). Pure; any thread.

#include <string_view>

namespace outrider::config {

enum class Protocol {
  Unknown,
  Tcp,
  Udp,
  Grpc,
  GrpcWeb,
  Http,
  HttpProxy,
  Http2,
  Https,
  Tls,
  Mongo,
  Redis,
  Mysql
};

[[nodiscard]] Protocol protocol_of(std::string_view text);  // Unknown: none that Istio knows

[[nodiscard]] constexpr bool speaks_http(Protocol p) {
  return p == Protocol::Http || p == Protocol::Http2 || p == Protocol::HttpProxy || p == Protocol::Grpc ||
         p == Protocol::GrpcWeb;
}
[[nodiscard]] constexpr bool speaks_http2(Protocol p) {
  return p == Protocol::Http2 || p == Protocol::Grpc || p == Protocol::GrpcWeb;
}
[[nodiscard]] constexpr bool speaks_tls(Protocol p) { return p == Protocol::Https || p == Protocol::Tls; }
[[nodiscard]] constexpr bool is_opaque(Protocol p) {  // what Istio counts as TCP
  return p == Protocol::Tcp || p == Protocol::Https || p == Protocol::Tls || p == Protocol::Mongo ||
         p == Protocol::Redis || p == Protocol::Mysql;
}

}  // namespace outrider::config
