#include "control-plane/api/api.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "core/base/log.hpp"

namespace outrider::control {
namespace {

using Json = nlohmann::json;

constexpr std::size_t most_files = 10'000;
constexpr std::chrono::seconds default_timeout{10};
constexpr std::chrono::minutes longest_timeout{10};

Result<Duration> timeout_of(const Target& target) {
  const auto found = target.query.find("timeout");
  if (found == target.query.end()) return default_timeout;
  auto timeout = tool::parse_duration(found->second);
  if (!timeout) return std::unexpected(timeout.error());
  return std::min<Duration>(*timeout, longest_timeout);
}

template <typename Item, typename Read>
Result<std::vector<Item>> read_list(const std::string& body, std::string_view shape, Read read) {
  try {
    const Json json = Json::parse(body);
    if (!json.is_array() || json.empty() || json.size() > most_files) {
      return fail(fmt::format("the body has to be a list of {}", shape));
    }
    std::vector<Item> items;
    for (const Json& entry : json) items.push_back(read(entry));
    return items;
  } catch (const Json::exception& error) {
    return fail(fmt::format("the body has to be a list of {}: {}", shape, error.what()));
  }
}

config::SourceFile read_file(const Json& json) {
  return {json.at("path").get<std::string>(), json.at("text").get<std::string>()};
}

config::ResourceKey read_key(const Json& json) {
  return {json.at("kind").get<std::string>(), json.at("namespace").get<std::string>(),
          json.at("name").get<std::string>()};
}

std::string utc(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     std::chrono::time_point_cast<std::chrono::seconds>(time));
}

std::string_view state_name(SyncState state) {
  switch (state) {
    case SyncState::NotAsked:
      return "NOT SENT";
    case SyncState::Synced:
      return "SYNCED";
    case SyncState::Stale:
      return "STALE";
    case SyncState::Refused:
      return "NACKED";
  }
  return {};
}

// The changed resource that a refusal is about: the one it names, or the only one there is.
std::string origin_of(const std::string& reason, const std::vector<config::ResourcePtr>& changed) {
  const config::Resource* meant = changed.size() == 1 ? changed.front().get() : nullptr;
  for (const auto& resource : changed) {
    if (reason.find(resource->key().name) != std::string::npos ||
        reason.find(resource->config_path()) != std::string::npos) {
      meant = resource.get();
      break;
    }
  }
  if (meant == nullptr) return {};
  return fmt::format("{}:{} ({})", meant->origin().file, meant->origin().kind.line,
                     config::to_string(meant->key()));
}

ApiResponse not_allowed(std::string_view allowed) {
  return error_response(405, fmt::format("only {} is understood here", allowed));
}

}  // namespace

ApiResponse finish(Waiting waiting, const RolloutReport& report) {
  RolloutResult& rollout = waiting.result.rollout.emplace();
  rollout.outcome = to_string(report.outcome);
  rollout.total = report.total;
  rollout.applied = report.applied;
  rollout.milliseconds = std::chrono::duration<double, std::milli>(report.took).count();
  rollout.away = report.away;
  rollout.pending = report.pending;
  for (const Refusal& refusal : report.refusals) {
    rollout.refusals.push_back({refusal.sidecar, std::string(short_name(refusal.type)),
                                refusal.reason, origin_of(refusal.reason, waiting.changed)});
  }
  return {200, to_json(waiting.result)};
}

Api::Answer Api::handle(const ApiRequest& request) {
  if (auto refusal = refuse_foreign(request, own_address_)) return *refusal;
  const auto target = parse_target(request.target);
  if (!target) return error_response(400, target.error().message);
  const auto& path = target->path;
  if (path.size() >= 3 && path[0] == "api" && path[1] == "v1") {
    const std::string& what = path[2];
    if (what == "apply" && path.size() == 3) {
      if (request.method != "POST") return not_allowed("POST");
      return apply(request, *target);
    }
    if (what == "delete" && path.size() == 3) {
      if (request.method != "POST") return not_allowed("POST");
      auto keys = read_list<config::ResourceKey>(
          request.body, R"({"kind", "namespace", "name"})", read_key);
      if (!keys) return error_response(400, keys.error().message);
      return remove(*keys, *target);
    }
    if (what == "resources" && path.size() <= 6) {
      if (request.method == "GET") return resources(*target);
      if (request.method == "DELETE" && path.size() == 6) {
        return remove({{path[3], path[4], path[5]}}, *target);
      }
      return not_allowed(path.size() == 6 ? "GET or DELETE" : "GET");
    }
    if (what == "proxies" && path.size() == 3) {
      return request.method == "GET" ? proxies() : not_allowed("GET");
    }
    if (what == "version" && path.size() == 3) {
      return request.method == "GET" ? version() : not_allowed("GET");
    }
  }
  return error_response(404, "there is no such address; see outriderctl --help for what there is");
}

Api::Answer Api::apply(const ApiRequest& request, const Target& target) {
  auto files = read_list<config::SourceFile>(request.body, R"({"path", "text"})", read_file);
  if (!files) return error_response(400, files.error().message);
  Plan plan = plan_apply(catalog_.mesh(), *files, {.strict_istio = target.flag("strict")});
  if (!plan.refused && plan.changes.empty()) {
    return error_response(422, "the files hold no resource");
  }
  return carry_out(std::move(plan), target);
}

Api::Answer Api::remove(const std::vector<config::ResourceKey>& keys, const Target& target) {
  for (const config::ResourceKey& key : keys) {
    if (!catalog_.mesh().find(key)) {
      return error_response(404, fmt::format("there is no {}", config::to_string(key)));
    }
  }
  return carry_out(plan_delete(catalog_.mesh(), keys), target);
}

Api::Answer Api::carry_out(Plan plan, const Target& target) {
  const auto timeout = timeout_of(target);
  if (!timeout) return error_response(400, "timeout: " + timeout.error().message);
  const TimePoint started = clock_.now();
  ChangeResult result;
  result.generation = catalog_.generation();
  result.dry_run = target.flag("dry-run");
  result.diagnostics = plan.diagnostics;
  if (plan.refused) {
    result.error = "nothing was applied";
    return ApiResponse{422, to_json(result)};
  }
  std::vector<config::ResourcePtr> changed;
  for (const Change& change : plan.changes) {
    result.resources.push_back({display_name(*change.resource), change.resource->key().ns,
                                std::string(to_string(change.action))});
    if (change.action != Action::Unchanged) changed.push_back(change.resource);
  }
  if (result.dry_run) return ApiResponse{200, to_json(result)};
  const auto generation = catalog_.commit(plan);
  if (!generation) {
    log::error("nothing was applied: {}", generation.error().message);
    return error_response(500, generation.error().message);
  }
  result.generation = *generation;
  std::vector<std::string> concerned;
  if (!changed.empty()) {
    concerned = fleet_.publish(catalog_.mesh(), *generation);
    log::info("generation {}: {} resources changed, {} of {} sidecars concerned", *generation,
              changed.size(), concerned.size(), fleet_.connected());
  }
  Waiting waiting{Rollout(*generation, std::move(concerned), started, started + *timeout),
                  std::move(result), std::move(changed)};
  if (!target.flag("no-wait")) return waiting;
  const RolloutReport report = waiting.rollout.report(fleet_, clock_.now());
  return finish(std::move(waiting), report);
}

ApiResponse Api::resources(const Target& target) const {
  const auto& path = target.path;
  std::vector<ResourceText> found;
  for (const config::ResourcePtr& resource : catalog_.mesh().resources()) {
    const config::ResourceKey& key = resource->key();
    if ((path.size() > 3 && key.kind != path[3]) || (path.size() > 4 && key.ns != path[4]) ||
        (path.size() > 5 && key.name != path[5])) {
      continue;
    }
    found.push_back({key, resource->api_version(), resource->origin().file,
                     resource->origin().kind.line, resource->yaml()});
  }
  if (path.size() == 6 && found.empty()) {
    return error_response(
        404, fmt::format("there is no {}", config::to_string({path[3], path[4], path[5]})));
  }
  return {200, to_json(found)};
}

ApiResponse Api::proxies() const {
  ProxyList list{.generation = catalog_.generation(), .proxies = {}};
  for (const Fleet::Member& member : fleet_.members()) {
    const auto& workload = member.sidecar.workload;
    ProxyInfo info{.name = workload.name,
                   .ns = workload.ns,
                   .service_account = workload.service_account,
                   .id = member.sidecar.id,
                   .address = workload.address,
                   .connected = member.session != nullptr,
                   .since = utc(member.since),
                   .types = {}};
    for (const ResourceType type : push_order) {
      if (member.session == nullptr) break;
      const TypeStatus status = member.session->status(type);
      info.types.push_back({std::string(short_name(type)), std::string(state_name(status.state)),
                            status.acked_any ? std::to_string(status.acked_generation) : "",
                            status.reason});
    }
    list.proxies.push_back(std::move(info));
  }
  return {200, to_json(list)};
}

ApiResponse Api::version() const {
  const Json body{{"version", OUTRIDER_VERSION}, {"generation", catalog_.generation()}};
  return {200, body.dump() + "\n"};
}

}  // namespace outrider::control
