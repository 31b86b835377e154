#include "control-plane/api/wire.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/ascii.hpp"

namespace outrider::config {

NLOHMANN_JSON_SERIALIZE_ENUM(Level, {{Level::Error, "error"},
                                     {Level::Warning, "warning"},
                                     {Level::Info, "info"}})
// Of a server of another version some may be missing.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Diagnostic, code, level, message, file, line, column,
                                                source_line, caret_length, note, help, source_column)

}  // namespace outrider::config

namespace outrider::control {

using Json = nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ResourceResult, name, ns, action)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RefusalResult, sidecar, type, reason, origin)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RolloutResult, outcome, total, applied, milliseconds, away,
                                   pending, refusals)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TypeSync, type, state, version, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProxyInfo, name, ns, service_account, id, address, connected,
                                   since, types)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProxyList, generation, proxies)

void to_json(Json& json, const ResourceText& text) {
  json = {{"kind", text.key.kind}, {"namespace", text.key.ns}, {"name", text.key.name},
          {"apiVersion", text.api_version}, {"file", text.file}, {"line", text.line},
          {"yaml", text.yaml}};
}

void from_json(const Json& json, ResourceText& text) {
  json.at("kind").get_to(text.key.kind);
  json.at("namespace").get_to(text.key.ns);
  json.at("name").get_to(text.key.name);
  json.at("apiVersion").get_to(text.api_version);
  json.at("file").get_to(text.file);
  json.at("line").get_to(text.line);
  json.at("yaml").get_to(text.yaml);
}

namespace {

// A sidecar's reason and a file's name are other people's bytes: what is no UTF-8 is replaced.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <typename Read>
auto parsed(std::string_view text, Read read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& error) {
    return fail(fmt::format("the answer is not what this program expects: {}", error.what()));
  }
}

}  // namespace

std::string display_name(const config::Resource& resource) {
  const std::string& version = resource.api_version();
  const std::size_t slash = version.find('/');
  std::string name = ascii::to_lower(resource.key().kind);
  if (slash != std::string::npos) name += "." + version.substr(0, slash);
  return name + "/" + resource.key().name;
}

std::string to_json(const ChangeResult& result) {
  Json json{{"generation", result.generation},
            {"dryRun", result.dry_run},
            {"resources", result.resources},
            {"diagnostics", result.diagnostics}};
  if (!result.error.empty()) json["error"] = result.error;
  if (result.rollout) json["rollout"] = *result.rollout;
  return dump(json);
}

std::string to_json(const std::vector<ResourceText>& resources) {
  return dump({{"items", resources}});
}

std::string to_json(const ProxyList& list) { return dump(Json(list)); }

Result<ChangeResult> parse_change_result(std::string_view text) {
  return parsed(text, [](const Json& json) {
    ChangeResult result;
    result.error = json.value("error", "");
    result.generation = json.value("generation", std::uint64_t{0});
    result.dry_run = json.value("dryRun", false);
    if (json.contains("resources")) json.at("resources").get_to(result.resources);
    if (json.contains("diagnostics")) json.at("diagnostics").get_to(result.diagnostics);
    if (json.contains("rollout")) result.rollout = json.at("rollout").get<RolloutResult>();
    return result;
  });
}

Result<std::vector<ResourceText>> parse_resources(std::string_view text) {
  return parsed(text,
                [](const Json& json) { return json.at("items").get<std::vector<ResourceText>>(); });
}

Result<ProxyList> parse_proxies(std::string_view text) {
  return parsed(text, [](const Json& json) { return json.get<ProxyList>(); });
}

}  // namespace outrider::control
