#include "config/resources/peer_authentication.hpp"

namespace outrider::config {

TlsMode PeerAuthentication::port_mode(std::uint32_t port) const {
  if (!ports) return TlsMode::Unset;
  const auto found = ports->find(port);
  return found == ports->end() ? TlsMode::Unset : found->second.mode;
}

void describe(Fields& f, PeerAuthentication::MutualTls& m) {
  f.message("PeerAuthentication.MutualTLS");
  f.choice("mode", m.mode,
           {{"UNSET", TlsMode::Unset},
            {"DISABLE", TlsMode::Disable},
            {"PERMISSIVE", TlsMode::Permissive},
            {"STRICT", TlsMode::Strict}},
           {"STRICT: mTLS only; PERMISSIVE: plaintext as well; DISABLE: plaintext only",
            "UNSET: what the wider scope says"});
}

void describe(Fields& f, PeerAuthentication& p) {
  f.message("PeerAuthentication");
  f.field("selector", p.selector,
          {"The workloads that it is for", "the whole namespace; in the root namespace the mesh"});
  f.field("mtls", p.mtls, {"What they accept", "what the wider scope says, in the end PERMISSIVE"});
  f.field("portLevelMtls", p.ports,
          {"What single ports accept; the ports are the workload's, not the service's"});
  if (!f.sound() || !p.ports) return;
  if (p.ports->empty()) {
    f.error("portLevelMtls",
            "port level mTLS, if defined, must have at least one element: spec.portLevelMtls in body should "
            "have at least 1 properties");
  }
  if (!p.selector || p.selector->labels.empty()) {
    f.error(
        "portLevelMtls",
        "mesh/namespace peer authentication cannot have port level mTLS: portLevelMtls requires selector",
        "add a selector");
  }
  for (const auto& [port, mtls] : *p.ports) {
    if (port >= 1 && port <= 65535) continue;
    f.error("portLevelMtls", "port must be in range 1..65535: port must be between 1-65535");
  }
}

}  // namespace outrider::config
