#pragma once
// Gateway: what a workload at the edge of the mesh listens to. A value; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/selector.hpp"
#include "config/resources/server_tls.hpp"

namespace outrider::config {

struct Gateway {
  struct Port {
    std::uint32_t number = 0, target_port = 0;
    std::string name, protocol;
  };
  struct Server {
    Box<Port> port;
    std::string bind, name, default_endpoint;
    std::vector<At<std::string>> hosts;
    Box<ServerTls> tls;
    yaml::Position at;
  };
  std::vector<Server> servers;
  Labels selector;
};
void describe(Fields& f, Gateway::Port& p);
void describe(Fields& f, Gateway::Server& s);
void describe(Fields& f, Gateway& g);

// "ns/host" as Gateway and Sidecar write it; Istio's complaints, told at the host.
enum class HostOf { Gateway, Sidecar };
void check_qualified_host(Reading& reading, const At<std::string>& host, HostOf of,
                          const std::string& path);

}  // namespace outrider::config
