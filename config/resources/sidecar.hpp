#pragma once
// Sidecar: which ports a workload's sidecar serves, and which services it sees. A value; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/connection_pool.hpp"
#include "config/resources/destination.hpp"
#include "config/resources/protocol.hpp"
#include "config/resources/selector.hpp"
#include "config/resources/server_tls.hpp"

namespace outrider::config {

enum class CaptureMode { Default = 0, Iptables = 1, None = 2 };

struct SidecarPort {
  std::uint32_t number = 0, target_port = 0;
  At<std::string> protocol_name;
  std::string name;

  [[nodiscard]] Protocol protocol() const { return protocol_of(*protocol_name); }
};
void describe(Fields& f, SidecarPort& p);

struct IngressListener {
  std::optional<SidecarPort> where;
  std::string bind;  // empty: the workload's own address
  CaptureMode capture = CaptureMode::Default;
  std::string default_endpoint;
  Box<ServerTls> tls;
  Box<ConnectionPool> connection_pool;
  yaml::Position at;

  // Of a checked one.
  [[nodiscard]] std::uint32_t port() const { return where->number; }
  [[nodiscard]] Protocol protocol() const { return where->protocol(); }
  [[nodiscard]] std::string endpoint_address() const;  // empty: the workload's own ("0.0.0.0:P")
  [[nodiscard]] std::uint32_t endpoint_port() const;
};
void describe(Fields& f, IngressListener& l);

struct EgressListener {
  std::optional<SidecarPort> port;
  std::string bind;
  CaptureMode capture = CaptureMode::Default;
  std::vector<At<std::string>> hosts;  // "ns/dnsName"
  yaml::Position at;
};
void describe(Fields& f, EgressListener& l);

struct OutboundTrafficPolicy {
  enum class Mode { RegistryOnly = 0, AllowAny = 1 };
  Mode mode = Mode::RegistryOnly;
  Box<Destination> egress_proxy;
};
void describe(Fields& f, OutboundTrafficPolicy& p);

struct Sidecar {
  std::optional<WorkloadSelector> selector;
  std::vector<IngressListener> ingress;
  std::vector<EgressListener> egress;  // empty: everything is seen
  Box<ConnectionPool> inbound_pool;
  std::optional<OutboundTrafficPolicy> outbound;

  [[nodiscard]] bool sees(std::string_view own_namespace, std::string_view service_namespace,
                          std::string_view host) const;
};
void describe(Fields& f, Sidecar& s);

}  // namespace outrider::config
