#pragma once
// VirtualService: where the requests for a host go. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/http_route.hpp"
#include "config/resources/selector.hpp"

namespace outrider::config {

struct TlsMatch {
  std::vector<At<std::string>> sni_hosts;
  std::vector<std::string> destination_subnets;
  std::uint32_t port = 0;
  Labels source_labels;
  std::vector<At<std::string>> gateways;
  std::string source_namespace;
  yaml::Position at;
};
void describe(Fields& f, TlsMatch& m);

struct TlsRoute {
  std::vector<TlsMatch> match;
  std::vector<TcpDestination> route;
  yaml::Position at;
};
void describe(Fields& f, TlsRoute& r);

struct TcpMatch {
  std::vector<std::string> destination_subnets;
  std::uint32_t port = 0;
  std::string source_subnet;
  Labels source_labels;
  std::vector<At<std::string>> gateways;
  std::string source_namespace;
  yaml::Position at;
};
void describe(Fields& f, TcpMatch& m);

struct TcpRoute {
  std::vector<TcpMatch> match;
  std::vector<TcpDestination> route;
  yaml::Position at;
};
void describe(Fields& f, TcpRoute& r);

struct VirtualService : Visibility {
  std::vector<At<std::string>> hosts;  // none: a delegate
  std::vector<At<std::string>> gateways;
  std::vector<HttpRoute> http;
  std::vector<TlsRoute> tls;
  std::vector<TcpRoute> tcp;
};
void describe(Fields& f, VirtualService& v);

}  // namespace outrider::config
