#include "proxy/discovery/resource_files.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "config/xds/xds.hpp"
#include "config/yaml/document.hpp"
#include "config/yaml/source.hpp"
#include "core/base/log.hpp"

namespace outrider::proxy {
namespace {

constexpr Duration settle = std::chrono::milliseconds(50);

// Proto JSON takes numbers as text, so that a plain YAML scalar only has to be told from a boolean.
nlohmann::json to_json(const config::yaml::Value& value) {
  switch (value.shape) {
    case config::yaml::Shape::Null:
      return nullptr;
    case config::yaml::Shape::Scalar:
      if (!value.quoted && (value.text == "true" || value.text == "false")) return value.text == "true";
      return value.text;
    case config::yaml::Shape::List: {
      auto list = nlohmann::json::array();
      for (const auto& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case config::yaml::Shape::Map: {
      auto map = nlohmann::json::object();
      for (const auto& entry : value.entries) map[entry.key] = to_json(entry.value);
      return map;
    }
  }
  return nullptr;
}

template <typename T>
bool take(const google::protobuf::Any& any, std::vector<Kept<T>>& into) {
  if (!any.Is<T>()) return false;
  auto kept = Kept<T>::parse(any.value());
  if (!kept) return false;
  into.push_back(std::move(*kept));
  return true;
}

Result<void> take_document(const std::string& path, const nlohmann::json& document, XdsInput& input) {
  if (!document.is_object() || !document.contains("resources")) {
    return fail(fmt::format("{}: a file of xDS resources is `resources: [{{\"@type\": ...}}]`", path));
  }
  const nlohmann::json wanted = {{"resources", document["resources"]}};
  envoy::service::discovery::v3::DiscoveryResponse response;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  const auto parsed = google::protobuf::util::JsonStringToMessage(wanted.dump(), &response, options);
  if (!parsed.ok()) return fail(fmt::format("{}: {}", path, parsed.ToString()));
  for (const auto& any : response.resources()) {
    if (!take(any, input.listeners) && !take(any, input.routes) && !take(any, input.clusters) &&
        !take(any, input.endpoints)) {
      return fail(fmt::format("{}: {} is not a kind of resource that is read here", path, any.type_url()));
    }
  }
  return {};
}

}  // namespace

Result<void> read_resources(const std::string& path, const std::string& text, XdsInput& input) {
  if (path.ends_with(".json")) {
    const auto document = nlohmann::json::parse(text, nullptr, false);
    if (document.is_discarded()) return fail(fmt::format("{}: not JSON", path));
    return take_document(path, document, input);
  }
  const auto documents = config::yaml::parse(text);
  if (!documents) return fail(fmt::format("{}:{}: {}", path, documents.error().at.line, documents.error().message));
  for (const auto& document : *documents) {
    if (!document.root) {
      return fail(fmt::format("{}:{}: {}", path, document.root.error().at.line, document.root.error().message));
    }
    if (auto ok = take_document(path, to_json(*document.root), input); !ok) return ok;
  }
  return {};
}

ResourceFiles::ResourceFiles(net::Loop& loop, std::string folder, Sink sink)
    : folder_(std::move(folder)), sink_(std::move(sink)), watch_(loop, settle, [this] { reload(); }) {}

Result<void> ResourceFiles::start() {
  if (auto ok = read(); !ok) return ok;
  return watch_.watch({folder_});
}

Result<void> ResourceFiles::read() {
  auto files = config::read_directory(folder_);
  if (!files) return std::unexpected(files.error());
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path());
    files->push_back({entry.path(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  XdsInput input;
  for (const auto& file : *files) {
    if (auto ok = read_resources(file.path, file.text, input); !ok) return ok;
  }
  if (const auto errors = sink_(std::move(input)); !errors.empty()) return fail(describe(errors));
  return {};
}

void ResourceFiles::reload() {
  if (auto ok = read(); !ok) {
    log::error("not taken over, the last good configuration stays in force: {}", ok.error().message);
  } else {
    log::info("{}: taken over", folder_);
  }
}

}  // namespace outrider::proxy
