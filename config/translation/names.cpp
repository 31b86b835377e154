#include "config/translation/names.hpp"

#include <fmt/format.h>

#include "config/resources/selector.hpp"

namespace outrider::config {

std::string outbound_cluster(std::uint32_t port, std::string_view subset, std::string_view host) {
  return fmt::format("outbound|{}|{}|{}", port, subset, host);
}

std::string outbound_sni(std::uint32_t port, std::string_view subset, std::string_view host) {
  return fmt::format("outbound_.{}_.{}_.{}", port, subset, host);
}

std::string inbound_cluster(std::uint32_t port) { return fmt::format("inbound|{}||", port); }

std::string spiffe_id(std::string_view ns, std::string_view service_account) {
  return fmt::format("spiffe://{}/ns/{}/sa/{}", kTrustDomain, ns, service_account);
}

std::vector<std::string> spellings(std::string_view host, std::string_view client_ns) {
  std::vector<std::string> names{std::string(host)};
  if (host.starts_with('*')) return names;
  names.push_back(fmt::format("{}.", host));
  const std::string suffix = fmt::format(".svc.{}", kTrustDomain);
  if (!host.ends_with(suffix)) return names;
  const std::string_view local = host.substr(0, host.size() - suffix.size());  // "name.ns"
  const std::size_t dot = local.rfind('.');
  if (dot == std::string_view::npos) return names;
  if (local.substr(dot + 1) == client_ns) names.emplace_back(local.substr(0, dot));
  names.push_back(fmt::format("{}.svc", local));
  names.emplace_back(local);
  return names;
}

}  // namespace outrider::config
