#include "config/resources/protocol.hpp"

#include <string>
#include <utility>

#include "core/base/ascii.hpp"

namespace outrider::config {

Protocol protocol_of(std::string_view text) {
  constexpr std::pair<std::string_view, Protocol> known[] = {
      {"tcp", Protocol::Tcp},          {"udp", Protocol::Udp},     {"grpc", Protocol::Grpc},
      {"grpc-web", Protocol::GrpcWeb}, {"http", Protocol::Http},   {"http_proxy", Protocol::HttpProxy},
      {"http2", Protocol::Http2},      {"https", Protocol::Https}, {"tls", Protocol::Tls},
      {"mongo", Protocol::Mongo},      {"redis", Protocol::Redis}, {"mysql", Protocol::Mysql}};
  for (const auto& [name, protocol] : known) {
    if (ascii::equals_ignoring_case(name, text)) return protocol;
  }
  return Protocol::Unknown;
}

}  // namespace outrider::config
