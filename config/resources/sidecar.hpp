#pragma once
// Sidecar: which ports a workload's sidecar serves, and which services it sees.
// A value; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/resources/selector.hpp"
#include "config/resources/service_entry.hpp"

namespace outrider::config {

// TLS for callers from outside the mesh, where PeerAuthentication is DISABLE: files on the workload's
// machine.
struct IngressTls {
  std::string certificate;  // a chain
  std::string key;
  std::string roots;  // MUTUAL: of callers' certificates; empty: SIMPLE, callers show none
  yaml::Position at;
};

struct IngressListener {
  std::uint32_t port = 0;
  std::string port_name;
  Protocol protocol = Protocol::Http;
  std::string bind;              // empty: the workload's own address
  std::string endpoint_address;  // empty: the workload's own address ("0.0.0.0:P")
  std::uint32_t endpoint_port = 0;
  std::optional<IngressTls> tls;
  yaml::Position at;
};

// "ns/dnsName": which services are seen.
struct EgressHost {
  std::string ns;    // "*", "." or a name
  std::string host;  // exact, "*" or "*.x"
};

struct Sidecar {
  std::optional<WorkloadSelector> selector;
  std::vector<IngressListener> ingress;
  std::vector<EgressHost> egress;  // empty: everything

  [[nodiscard]] bool sees(std::string_view own_namespace, std::string_view service_namespace,
                          std::string_view host) const;
};
void describe(Fields& f, Sidecar& s);

}  // namespace outrider::config
