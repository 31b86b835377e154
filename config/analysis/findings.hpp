#pragma once
// Where the checks put what they find, each at a place of one resource. Lives on analyze()'s stack.

#include <string>
#include <string_view>
#include <vector>

#include "config/analysis/codes.hpp"
#include "config/analysis/diagnostic.hpp"
#include "config/translation/registry.hpp"

namespace outrider::config {

class Findings {
 public:
  Diagnostic& add(Level level, std::string_view code, const Resource& resource, yaml::Position at,
                  std::string message, std::string help = {}) {
    Diagnostic& d = found_.emplace_back();
    d.code = code;
    d.level = level;
    d.message = std::move(message);
    d.file = resource.origin().file;
    d.line = at.line;
    d.column = at.column;
    const std::string_view line = resource.source_line(at.line);
    d.show(line, byte_of(line, at.column));
    d.caret_length = at.length;
    d.help = std::move(help);
    return d;
  }

  std::vector<Diagnostic> take() { return std::move(found_); }

 private:
  std::vector<Diagnostic> found_;
};

void check_virtual_service(const Registry& registry, const Typed<VirtualService>& vs, Findings& out);
void check_hosts_defined_once(const Registry& registry, Findings& out);
void check_destination_rule(const Registry& registry, const Typed<DestinationRule>& rule, Findings& out);
void check_authorization_policy(const Registry& registry, const Typed<AuthorizationPolicy>& policy,
                                Findings& out);
void check_peer_authentication(const Registry& registry, const Typed<PeerAuthentication>& policy,
                               Findings& out);
void check_sidecar(const Registry& registry, const Typed<Sidecar>& sidecar, Findings& out);

}  // namespace outrider::config
