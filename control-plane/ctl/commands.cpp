#include "control-plane/ctl/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/base/duration.hpp"
#include "core/base/exit_code.hpp"
#include "config/resources/kinds.hpp"
#include "config/resources/load.hpp"
#include "control-plane/ctl/http_client.hpp"
#include "control-plane/ctl/report.hpp"
#include "core/base/ascii.hpp"
#include "core/base/in_quotes.hpp"

namespace outrider::control {
namespace {

using Json = nlohmann::json;

// Long enough for an answer that is due at the timeout itself.
constexpr std::chrono::seconds grace{5};

// A whole conversation: the address, the call, and words for when it fails.
Result<HttpAnswer> ask(const std::string& control, const HttpCall& call) {
  const auto address = parse_control_address(control);
  if (!address) return std::unexpected(address.error());  // main has checked it
  auto answer = http_call(*address, call);
  if (!answer) {
    return fail(fmt::format(
        "cannot reach the control plane at {} ({}): is outrider-control running? Another address "
        "is given with --control HOST:PORT or OUTRIDER_CONTROL",
        address->text(), answer.error().message));
  }
  return answer;
}

std::string error_in(const HttpAnswer& answer) {
  const Json json = Json::parse(answer.body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_string()) {
    return json["error"].get<std::string>();
  }
  return fmt::format("the control plane answers {}", answer.status);
}

int say(const Report& report) {
  // Warnings first, whatever the two streams are.
  std::fputs(report.err.c_str(), stderr);
  std::fputs(report.out.c_str(), stdout);
  return report.exit_code;
}

int say_change(const Result<HttpAnswer>& answer, std::string_view timeout) {
  if (!answer) return complain(tool::failed, answer.error().message);
  if (answer->status != 200 && answer->status != 422) {
    return complain(tool::failed, error_in(*answer));
  }
  const auto result = parse_change_result(answer->body);
  if (!result) return complain(tool::failed, result.error().message);
  return say(report_change(*result, timeout, colour_on_stderr()));
}

Result<std::vector<ResourceText>> fetch(const std::string& control, const std::string& kind) {
  std::string target = "/api/v1/resources";
  if (!kind.empty()) target += "/" + kind;
  const auto answer = ask(control, {.method = "GET", .target = target, .body = {}});
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return fail(error_in(*answer));
  return parse_resources(answer->body);
}

int unknown_kind(const std::string& written) {
  std::vector<std::string_view> names;
  for (const auto& kind : config::kinds()) names.push_back(kind.name);
  const auto meant = ascii::closest(written, names);
  return complain(tool::usage,
                  meant.empty() ? fmt::format("unknown kind {}", in_quotes(written))
                                : fmt::format("unknown kind {}; did you mean {}?", in_quotes(written),
                                              ascii::to_lower(meant)));
}

std::string description(const SelectFlags& flags, const std::string& kind) {
  return fmt::format("{} {}{}", kind, flags.name, flags.ns.empty() ? "" : " in namespace " + flags.ns);
}

bool matches(const ResourceText& resource, const SelectFlags& flags) {
  return (flags.ns.empty() || resource.key.ns == flags.ns) &&
         (flags.name.empty() || resource.key.name == flags.name);
}

}  // namespace

std::string kind_named(const std::string& written) {
  const std::string lower = ascii::to_lower(written);
  constexpr std::pair<std::string_view, std::string_view> shorts[] = {
      {"vs", "VirtualService"},     {"dr", "DestinationRule"},     {"se", "ServiceEntry"},
      {"pa", "PeerAuthentication"}, {"ap", "AuthorizationPolicy"}, {"gw", "Gateway"}};
  for (const auto& [name, kind] : shorts) {
    if (lower == name) return std::string(kind);
  }
  for (const auto& kind : config::kinds()) {
    if (kind.of_kubernetes()) continue;  // read from files, and never stored
    const std::string name = ascii::to_lower(kind.name);
    std::string plural = name + "s";
    if (name.ends_with('y')) plural = name.substr(0, name.size() - 1) + "ies";
    if (lower == name || lower == plural || lower == name + "." + std::string(kind.group)) {
      return std::string(kind.name);
    }
  }
  return {};
}

int Commands::apply(const ApplyFlags& flags) const {
  const auto timeout = tool::parse_duration(flags.timeout);
  if (!timeout) return complain(tool::usage, "--timeout: " + timeout.error().message);
  const auto files = read_sources(flags.files);
  if (!files) return complain(tool::unreadable_input, files.error().message);
  Json body = Json::array();
  for (const auto& file : *files) body.push_back({{"path", file.path}, {"text", file.text}});
  HttpCall call{.method = "POST",
                .target = "/api/v1/apply?timeout=" + flags.timeout,
                .body = {},
                .timeout = *timeout + grace};
  // What is no UTF-8 cannot travel as JSON: it is shown to the loader here, which says where it is.
  try {
    call.body = body.dump();
  } catch (const Json::exception&) {
    const auto loaded = config::load(*files, {.strict_istio = flags.strict_istio});
    std::fputs(render_all(loaded.diagnostics, colour_on_stderr()).c_str(), stderr);
    return complain(tool::unreadable_input, "a file is not UTF-8; nothing was applied");
  }
  if (flags.strict_istio) call.target += "&strict";
  if (flags.no_wait) call.target += "&no-wait";
  if (flags.dry_run) call.target += "&dry-run";
  return say_change(ask(control, call), flags.timeout);
}

int Commands::get(const GetFlags& flags) const {
  const std::string kind = flags.kind.empty() ? "" : kind_named(flags.kind);
  if (!flags.kind.empty() && kind.empty()) return unknown_kind(flags.kind);
  auto resources = fetch(control, kind);
  if (!resources) return complain(tool::failed, resources.error().message);
  std::erase_if(*resources, [&](const auto& resource) { return !matches(resource, flags); });
  if (!flags.name.empty() && resources->empty()) {
    return complain(tool::failed, fmt::format("there is no {}", description(flags, kind)));
  }
  std::string text;
  if (flags.output == "yaml") {
    text = as_yaml(*resources);
  } else if (flags.output == "json") {
    auto json = as_json(*resources, flags.name.empty());
    if (!json) return complain(tool::failed, json.error().message);
    text = std::move(*json);
  } else {
    text = resource_table(*resources, flags.output == "wide");
  }
  std::fputs(text.c_str(), stdout);
  return tool::fine;
}

int Commands::remove(const DeleteFlags& flags) const {
  const auto timeout = tool::parse_duration(flags.timeout);
  if (!timeout) return complain(tool::usage, "--timeout: " + timeout.error().message);
  std::vector<config::ResourceKey> keys;
  if (!flags.files.empty()) {
    const auto files = read_sources(flags.files);
    if (!files) return complain(tool::unreadable_input, files.error().message);
    const auto loaded = config::load(*files, {});
    for (const auto& resource : loaded.mesh.resources()) keys.push_back(resource->key());
    keys.insert(keys.end(), loaded.rejected.begin(), loaded.rejected.end());
    if (keys.empty()) return complain(tool::unreadable_input, "the files name no resource");
  } else {
    const std::string kind = kind_named(flags.kind);
    if (kind.empty()) return unknown_kind(flags.kind);
    auto resources = fetch(control, kind);
    if (!resources) return complain(tool::failed, resources.error().message);
    for (const auto& resource : *resources) {
      if (matches(resource, flags)) keys.push_back(resource.key);
    }
    if (keys.empty()) {
      return complain(tool::failed, fmt::format("there is no {}", description(flags, kind)));
    }
    if (keys.size() > 1) {
      std::vector<std::string> namespaces;
      for (const auto& key : keys) namespaces.push_back(key.ns);
      return complain(tool::usage, fmt::format("{} {} is in several namespaces ({}): say which with -n",
                                               kind, flags.name, fmt::join(namespaces, ", ")));
    }
  }
  Json body = Json::array();
  for (const auto& key : keys) {
    body.push_back({{"kind", key.kind}, {"namespace", key.ns}, {"name", key.name}});
  }
  HttpCall call{.method = "POST",
                .target = "/api/v1/delete?timeout=" + flags.timeout,
                .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
                .timeout = *timeout + grace};
  if (flags.no_wait) call.target += "&no-wait";
  return say_change(ask(control, call), flags.timeout);
}

int Commands::proxy_status(bool json) const {
  const auto answer = ask(control, {.method = "GET", .target = "/api/v1/proxies", .body = {}});
  if (!answer) return complain(tool::failed, answer.error().message);
  if (answer->status != 200) return complain(tool::failed, error_in(*answer));
  const auto list = parse_proxies(answer->body);
  if (!list) return complain(tool::failed, list.error().message);
  std::fputs(json ? answer->body.c_str() : proxy_table(*list).c_str(), stdout);
  return tool::fine;
}

int Commands::version() const {
  fmt::print("outriderctl {}\n", OUTRIDER_VERSION);
  const auto answer =
      ask(control,
          {.method = "GET", .target = "/api/v1/version", .body = {}, .timeout = std::chrono::seconds(3)});
  if (!answer) return complain(tool::failed, answer.error().message);
  const Json json = Json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !json.is_object()) {
    return complain(tool::failed, error_in(*answer));
  }
  fmt::print("outrider-control {} (generation {})\n", json.value("version", "?"),
             json.value("generation", std::uint64_t{0}));
  return tool::fine;
}

}  // namespace outrider::control
