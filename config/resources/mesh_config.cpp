#include "config/resources/mesh_config.hpp"

#include <algorithm>

#include "config/resources/rules.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

constexpr Rule trust_domain{
    [](const Node& node, const std::string& domain) {
      if (domain.empty()) return void(node.error("empty domain name not allowed"));
      const auto labels = ascii::split(domain, '.');
      for (std::size_t i = 0; i < labels.size(); ++i) {
        if (is_dns_label(labels[i]) || (i > 0 && i + 1 == labels.size() && labels[i].empty())) continue;
        return void(node.error(fmt::format("trust domain name \"{}\" invalid", domain)));
      }
    },
    "a domain"};

constexpr Rule connects{[](const Node& node, Duration value) {
                          waits(node, value);
                          if (value > std::chrono::hours(1)) node.error("time must be >1ms and <1h0m0s");
                        },
                        "1ms..1h"};

constexpr Rule whole_milliseconds{[](const Node& node, Duration value) {
                                    if (value % std::chrono::milliseconds(1) == Duration::zero()) return;
                                    node.error("only durations to ms precision are supported",
                                               "round it to milliseconds");
                                  },
                                  "whole milliseconds"};

constexpr Rule drains{[](const Node& node, Duration value) {
                        waits(node, value);
                        if (value % std::chrono::seconds(1) == Duration::zero()) return;
                        node.error("drain time only supports durations to seconds precision",
                                   "round it to seconds");
                      },
                      "whole seconds"};

}  // namespace

void describe(Fields& f, MeshConfig::OutboundPolicy& p) {
  f.message("MeshConfig.OutboundTrafficPolicy");
  f.choice("mode", p.mode,
           {{"REGISTRY_ONLY", MeshConfig::Outbound::RegistryOnly},
            {"ALLOW_ANY", MeshConfig::Outbound::AllowAny}},
           {"Whether hosts that nobody defines may be called",
            "REGISTRY_ONLY; without outboundTrafficPolicy ALLOW_ANY"});
}

void describe(Fields& f, MeshConfig::PathNormalization& p) {
  using Normalization = MeshConfig::Normalization;
  f.message("MeshConfig.ProxyPathNormalization");
  f.choice("normalization", p.normalization,
           {{"DEFAULT", Normalization::Default},
            {"NONE", Normalization::None},
            {"BASE", Normalization::Base},
            {"MERGE_SLASHES", Normalization::MergeSlashes},
            {"DECODE_AND_MERGE_SLASHES", Normalization::DecodeAndMergeSlashes}},
           {"How paths are made one before they are compared", "DEFAULT: BASE"});
}

void describe(Fields& f, MeshConfig::Tracing& t) {
  f.message("Tracing");
  f.field("sampling", t.sampling, {"How many requests begin a trace, in percent", "1"});
}

void describe(Fields& f, MeshConfig::Topology& t) {
  f.message("Topology");
  f.field("numTrustedProxies", t.trusted_proxies,
          {"Proxies before the gateway whose X-Forwarded-For is believed", "0"});
}

void describe(Fields& f, MeshConfig::Defaults& d) {
  f.message("MeshConfig.ProxyConfig");
  f.field("holdApplicationUntilProxyStarts", d.hold_application,
          {"The application starts after its sidecar", "false"});
  f.field("terminationDrainDuration", d.termination_drain,
          {"How long connections may finish at the end", "5s"});
  f.field("drainDuration", d.drain, {"How long connections of a listener that is gone may finish", "45s"},
          drains);
  f.field("proxyAdminPort", d.admin_port, {"The admin port", "15000"}, port_number);
  f.field("statusPort", d.status_port, {"The port of merged metrics", "15020"}, port_number);
  f.field("concurrency", d.concurrency, {"Worker threads; 0: one a core", "as many as the CPU limit"});
  f.field("tracing", d.tracing, {"Tracing"});
  f.field("gatewayTopology", d.topology, {"What stands before a gateway"});
  f.field("proxyMetadata", d.metadata, {"Further environment variables of the sidecar"});
}

void describe(Fields& f, MeshConfig& m) {
  f.message("MeshConfig");
  f.field("connectTimeout", m.connect_timeout, {"Time to connect", "10s"}, connects);
  f.field("protocolDetectionTimeout", m.protocol_detection_timeout,
          {"Time to tell a protocol by its first bytes", "0s: any"}, whole_milliseconds);
  f.field("dnsRefreshRate", m.dns_refresh_rate, {"How often names are looked up", "60s"}, waits);
  f.field("trustDomain", m.trust_domain, {"What identities begin with", "cluster.local"}, trust_domain);
  f.field("trustDomainAliases", m.trust_domain_aliases, {"Trust domains that count as this one"},
          each(trust_domain));
  f.field("rootNamespace", m.root_namespace,
          {"The namespace whose policies hold everywhere", "istio-system"});
  f.field("enableAutoMtls", m.auto_mtls, {"mTLS to whatever has a sidecar", "true"});
  f.field("outboundTrafficPolicy", m.outbound,
          {"What becomes of calls to hosts that nobody defines", "mode: ALLOW_ANY"});
  f.field("localityLbSetting", m.locality, {"How localities are preferred", "enabled: true"});
  f.field("defaultHttpRetryPolicy", m.retry_policy,
          {"Retries of routes that say nothing", "2 on connect-failure,refused-stream,..."});
  f.field("defaultInboundHttpRetryPolicy", m.inbound_retry_policy,
          {"Retries to the application", "2 on reset-before-request"});
  f.field("tcpKeepalive", m.keepalive, {"Probes on connections that are idle", "off"});
  f.field("accessLogFile", m.access_log_file, {"Where access logs go", "\"\": nowhere"});
  f.field("accessLogFormat", m.access_log_format, {"What an access log line says", "Istio's"});
  f.field("pathNormalization", m.path_normalization,
          {"How paths are made one before they are compared", "BASE"});
  f.choice(
      "h2UpgradePolicy", m.h2_upgrade,
      {{"DO_NOT_UPGRADE", MeshConfig::Upgrade::DoNotUpgrade}, {"UPGRADE", MeshConfig::Upgrade::Upgrade}},
      {"Whether HTTP/1.1 requests are sent on as HTTP/2", "DO_NOT_UPGRADE"});
  f.field("defaultServiceExportTo", m.export_services, {"Who sees services that do not say so", "*"});
  f.field("defaultVirtualServiceExportTo", m.export_rules,
          {"Who sees VirtualServices that do not say so", "*"});
  f.field("defaultDestinationRuleExportTo", m.export_destinations,
          {"Who sees DestinationRules that do not say so", "*"});
  f.field("defaultConfig", m.defaults, {"How sidecars run"});
}

}  // namespace outrider::config
