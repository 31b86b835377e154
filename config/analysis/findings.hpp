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
    return found_.emplace_back(Diagnostic{std::string(code),
                                          level,
                                          std::move(message),
                                          resource.origin().file,
                                          at.line,
                                          at.column,
                                          std::string(resource.source_line(at.line)),
                                          at.length,
                                          {},
                                          std::move(help)});
  }

  std::vector<Diagnostic> take() { return std::move(found_); }

 private:
  std::vector<Diagnostic> found_;
};

void check_virtual_service(const Registry& registry, const Typed<VirtualService>& vs,
                           Findings& out);
void check_hosts_defined_once(const Registry& registry, Findings& out);
void check_destination_rule(const Registry& registry, const Typed<DestinationRule>& rule,
                            Findings& out);
void check_authorization_policy(const Registry& registry, const Typed<AuthorizationPolicy>& policy,
                                Findings& out);
void check_peer_authentication(const Registry& registry, const Typed<PeerAuthentication>& policy,
                               Findings& out);
void check_sidecar(const Registry& registry, const Typed<Sidecar>& sidecar, Findings& out);

}  // namespace outrider::config
