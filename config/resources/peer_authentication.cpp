#include "config/resources/peer_authentication.hpp"

#include <charconv>
#include <string>

#include "config/resources/rules.hpp"

namespace outrider::config {
namespace {

struct MutualTls {
  TlsMode mode = TlsMode::Unset;
};
void describe(Fields& f, MutualTls& m) {
  f.choice("mode", m.mode,
           {{"STRICT", TlsMode::Strict},
            {"PERMISSIVE", TlsMode::Permissive},
            {"DISABLE", TlsMode::Disable},
            {"UNSET", TlsMode::Unset}});
}

}  // namespace

void describe(Fields& f, PeerAuthentication& p) {
  MutualTls mtls;
  std::map<std::string, MutualTls> ports;
  f.field("selector", p.selector);
  f.field("mtls", mtls);
  f.field("portLevelMtls", ports);
  p.mode = mtls.mode;
  for (const auto& [text, port_mtls] : ports) {
    std::uint32_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) {
      f.error("portLevelMtls", "port must be in range 1..65535");
    }
    p.ports[port] = port_mtls.mode;
  }
  if (!f.has("portLevelMtls")) return;
  if (ports.empty()) {
    f.error("portLevelMtls", "port level mTLS, if defined, must have at least one element");
  }
  if (!p.selector || p.selector->labels.empty()) {
    f.error("portLevelMtls", "mesh/namespace peer authentication cannot have port level mTLS",
            "add a selector");
  }
}

}  // namespace outrider::config
