#pragma once
// What travels between outriderctl and outrider-control, as values and as JSON. Both sides use this
// file; a strange or missing member is a failure and not a default. Pure; any thread.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/analysis/diagnostic.hpp"
#include "config/resources/resource.hpp"
#include "core/base/error.hpp"

namespace outrider::control {

struct ResourceResult {
  std::string name;  // "virtualservice.networking.istio.io/order-service"
  std::string ns;
  std::string action;  // "created", "configured", "unchanged", "deleted"
};

struct RefusalResult {
  std::string sidecar;
  std::string type;  // "RDS"
  std::string reason;
  std::string origin;  // "vs.yaml:2 (VirtualService shop/order)", or empty when nobody can tell
};

struct RolloutResult {
  std::string outcome;  // "applied", "refused", "timed-out", "not-waited"
  std::size_t total = 0;
  std::size_t applied = 0;
  double milliseconds = 0;
  std::vector<std::string> away;
  std::vector<std::string> pending;
  std::vector<RefusalResult> refusals;
};

// The answer to an apply or a delete. Without `rollout`: nothing was changed.
struct ChangeResult {
  std::string error;  // why nothing was changed
  std::uint64_t generation = 0;
  bool dry_run = false;
  std::vector<ResourceResult> resources;
  std::vector<config::Diagnostic> diagnostics;
  std::optional<RolloutResult> rollout;
};

struct ResourceText {
  config::ResourceKey key;
  std::string api_version;
  std::string file;
  int line = 0;
  std::string yaml;
};

struct TypeSync {
  std::string type;   // "CDS"
  std::string state;  // "SYNCED", "STALE", "NACKED", "NOT SENT"
  std::string version;
  std::string reason;
};

struct ProxyInfo {
  std::string name;
  std::string ns;
  std::string service_account;
  std::string id;
  std::string address;
  bool connected = false;
  std::string since;  // UTC: connected, or gone
  std::vector<TypeSync> types;
};

struct ProxyList {
  std::uint64_t generation = 0;
  std::vector<ProxyInfo> proxies;
};

// "virtualservice.networking.istio.io/order-service", as kubectl names things.
[[nodiscard]] std::string display_name(const config::Resource& resource);

[[nodiscard]] std::string to_json(const ChangeResult& result);
[[nodiscard]] std::string to_json(const std::vector<ResourceText>& resources);
[[nodiscard]] std::string to_json(const ProxyList& list);

[[nodiscard]] Result<ChangeResult> parse_change_result(std::string_view json);
[[nodiscard]] Result<std::vector<ResourceText>> parse_resources(std::string_view json);
[[nodiscard]] Result<ProxyList> parse_proxies(std::string_view json);

}  // namespace outrider::control
