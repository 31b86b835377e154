#pragma once
// MeshConfig: what holds in the whole mesh where nothing says otherwise. A value; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/connection_pool.hpp"
#include "config/resources/http_route.hpp"
#include "config/resources/load_balancer.hpp"

namespace outrider::config {

struct MeshConfig {
  enum class Outbound { RegistryOnly = 0, AllowAny = 1 };
  enum class Upgrade { DoNotUpgrade = 0, Upgrade = 1 };
  enum class Normalization { Default = 0, None = 1, Base = 2, MergeSlashes = 3, DecodeAndMergeSlashes = 4 };
  struct OutboundPolicy {
    Outbound mode = Outbound::RegistryOnly;
  };
  struct PathNormalization {
    Normalization normalization = Normalization::Default;
  };
  struct Tracing {
    double sampling = 0;
  };
  struct Topology {
    std::uint32_t trusted_proxies = 0;
  };
  struct Defaults {  // `defaultConfig`, and the annotation proxy.istio.io/config
    std::optional<bool> hold_application;
    std::optional<Duration> termination_drain, drain;
    std::optional<std::int32_t> admin_port, status_port, concurrency;
    Box<Tracing> tracing;
    Box<Topology> topology;
    std::map<std::string, std::string> metadata;
  };
  std::optional<Duration> connect_timeout, protocol_detection_timeout, dns_refresh_rate;
  std::string trust_domain, root_namespace, access_log_file, access_log_format;
  std::vector<std::string> trust_domain_aliases;
  std::optional<bool> auto_mtls;
  Box<OutboundPolicy> outbound;
  Box<LocalityLb> locality;
  Box<Retries> retry_policy, inbound_retry_policy;
  Box<ConnectionPool::Keepalive> keepalive;
  Box<PathNormalization> path_normalization;
  Upgrade h2_upgrade = Upgrade::DoNotUpgrade;
  std::vector<std::string> export_services, export_rules, export_destinations;
  Box<Defaults> defaults;
};
void describe(Fields& f, MeshConfig::OutboundPolicy& p);
void describe(Fields& f, MeshConfig::PathNormalization& p);
void describe(Fields& f, MeshConfig::Tracing& t);
void describe(Fields& f, MeshConfig::Topology& t);
void describe(Fields& f, MeshConfig::Defaults& d);
void describe(Fields& f, MeshConfig& m);

}  // namespace outrider::config
