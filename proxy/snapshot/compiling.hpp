#pragma once
// The parts of compile(), for compile*.cpp only. Each turns one kind of resource into its spec and
// reports every error of it; a spec that had an error is never served.

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/xds/matcher.pb.h"
#include "config/xds/rbac.pb.h"
#include "config/xds/tls.pb.h"
#include "proxy/snapshot/compile.hpp"

namespace outrider::proxy::compiling {

// Where errors of one resource go.
class Report {
 public:
  Report(std::vector<CompileError>& errors, std::vector<std::string>& ignored,
         std::string_view type_url, std::string_view resource)
      : errors_(errors), ignored_(ignored), type_url_(type_url), resource_(resource) {}

  void error(std::string_view field, std::string_view message) {
    errors_.push_back({type_url_, resource_, fmt::format("{}: {}", field, message)});
  }
  // Not supported, and harmless: told, and otherwise passed over.
  void ignore(std::string_view field, std::string_view message) {
    ignored_.push_back(fmt::format("{}: {}: {}", resource_, field, message));
  }

 private:
  std::vector<CompileError>& errors_;
  std::vector<std::string>& ignored_;
  std::string type_url_;
  std::string resource_;
};

// A listener's or a route's; the two have messages of their own.
template <typename Configs>
[[nodiscard]] std::vector<UpgradeRule> upgrade_rules(const Configs& configs, Report& report) {
  std::vector<UpgradeRule> rules;
  for (const auto& config : configs) {
    if (config.upgrade_type() == "CONNECT") {
      report.ignore("upgrade_configs", "CONNECT is not supported and stays refused");
    } else {
      rules.push_back({config.upgrade_type(), !config.has_enabled() || config.enabled().value()});
    }
  }
  return rules;
}

[[nodiscard]] Duration to_duration(const google::protobuf::Duration& duration);

// A field that this version does not know, anywhere inside; empty without one. Where the meaning of
// a field could open a door, not knowing it is an error.
[[nodiscard]] std::string unknown_field(const google::protobuf::Message& message);

[[nodiscard]] std::optional<StringMatcher> string_matcher(
    const envoy::type::matcher::v3::StringMatcher& matcher, std::string_view field, Report& report);
[[nodiscard]] std::optional<HeaderMatcher> header_matcher(
    const envoy::config::route::v3::HeaderMatcher& matcher, std::string_view field, Report& report);

// The names that SDS knows certificates and roots by, or where else they are; ALPN, and whom to
// accept.
struct TlsCommon {
  std::vector<std::string> alpn;
  std::vector<SanMatcher> allowed_sans;
  std::string certificate_name;
  std::string trust_name;
  std::optional<CertificateSource> own;  // not of SDS
  std::optional<PemSource> roots;        // not of SDS
  bool verifies = false;                 // there is a validation context
};
[[nodiscard]] TlsCommon tls_common(
    const envoy::extensions::transport_sockets::tls::v3::CommonTlsContext& context,
    std::string_view field, Report& report);

[[nodiscard]] std::unique_ptr<ClusterSpec> cluster(
    const envoy::config::cluster::v3::Cluster& source,
    const envoy::config::endpoint::v3::ClusterLoadAssignment* assignment, const XdsInput& input,
    StateRegistry& states, LabelRegistry& labels, Report& report);

[[nodiscard]] std::unique_ptr<RouteTable> route_table(
    const envoy::config::route::v3::RouteConfiguration& source, const Snapshot& snapshot,
    Report& report);

[[nodiscard]] std::optional<RbacRuleSet> rbac(const envoy::config::rbac::v3::RBAC& source,
                                              std::string_view field, Report& report);

// Adds inline route configurations to the snapshot, and missing ones to its list.
[[nodiscard]] std::unique_ptr<ListenerSpec> listener(
    const envoy::config::listener::v3::Listener& source, Snapshot& snapshot, Report& report);

}  // namespace outrider::proxy::compiling
