#include "control-plane/ctl/verdicts.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "config/yaml/print.hpp"

namespace outrider::control {
namespace {

using Json = nlohmann::ordered_json;
using config::yaml::Shape;
using config::yaml::Value;

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::Valid: return "valid";
    case Verdict::Warning: return "warning";
    case Verdict::Invalid: return "invalid";
  }
  return "";
}

std::span<const config::Diagnostic> messages_of(const config::Loaded& loaded,
                                                const config::LoadedDocument& document) {
  return std::span(loaded.diagnostics).subspan(document.first, document.end - document.first);
}

Json as_json(const config::Diagnostic& d) {
  Json fix = nullptr;
  for (const config::Edit& edit : d.fix) {
    if (fix.is_null()) fix = Json::array();
    fix.push_back({{"offset", edit.offset}, {"bytes", edit.bytes}, {"text", edit.text}});
  }
  return {{"code", d.code},       {"level", config::to_string(d.level)},
          {"message", d.message}, {"file", d.file},
          {"line", d.line},       {"column", d.column},
          {"path", d.path},       {"help", d.help},
          {"fix", std::move(fix)}};
}

Json all_as_json(const config::Loaded& loaded) {
  Json all = Json::array();
  for (const config::LoadedDocument& document : loaded.documents) {
    Json messages = Json::array();
    for (const config::Diagnostic& d : messages_of(loaded, document)) messages.push_back(as_json(d));
    all.push_back({{"file", document.file},
                   {"document", document.number},
                   {"line", document.line},
                   {"kind", document.key.kind},
                   {"namespace", document.key.ns},
                   {"name", document.key.name},
                   {"verdict", word(verdict_of(loaded, document))},
                   {"messages", std::move(messages)}});
  }
  return all;
}

Value as_tree(const Json& json) {
  if (json.is_string()) return {Shape::Scalar, {}, true, json.get<std::string>(), {}, {}};
  if (json.is_null()) return {};
  if (json.is_array()) {
    Value list{Shape::List, {}, false, {}, {}, {}};
    for (const Json& item : json) list.items.push_back(as_tree(item));
    return list;
  }
  if (!json.is_object()) return {Shape::Scalar, {}, false, json.dump(), {}, {}};
  Value map{Shape::Map, {}, false, {}, {}, {}};
  for (const auto& [key, value] : json.items()) map.entries.push_back({key, {}, as_tree(value)});
  return map;
}

}  // namespace

Verdict verdict_of(const config::Loaded& loaded, const config::LoadedDocument& document) {
  const auto messages = messages_of(loaded, document);
  const auto any = [&](config::Level level) {
    return std::any_of(messages.begin(), messages.end(),
                       [&](const config::Diagnostic& d) { return d.level == level; });
  };
  return any(config::Level::Error)     ? Verdict::Invalid
         : any(config::Level::Warning) ? Verdict::Warning
                                       : Verdict::Valid;
}

std::string verdicts_as_json(const config::Loaded& loaded) {
  return all_as_json(loaded).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string verdicts_as_yaml(const config::Loaded& loaded) {
  return config::yaml::print(as_tree(all_as_json(loaded)));
}

}  // namespace outrider::control
