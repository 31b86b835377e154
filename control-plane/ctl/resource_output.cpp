// Resources as YAML and as JSON: the second half of report.hpp.

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "config/yaml/document.hpp"
#include "control-plane/ctl/report.hpp"

namespace outrider::control {
namespace {

using Json = nlohmann::ordered_json;
using config::yaml::Shape;
using config::yaml::Value;

template <typename Number>
bool read_number(const std::string& text, Json& out) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return false;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return false;
  }
  out = value;
  return true;
}

// What a plain scalar means in JSON; whatever is quoted is a string.
Json scalar(const Value& value) {
  if (value.quoted) return value.text;
  if (value.text == "true") return true;
  if (value.text == "false") return false;
  if (value.text == "null" || value.text == "~" || value.text.empty()) return nullptr;
  Json number;
  if (read_number<std::int64_t>(value.text, number)) return number;
  if (read_number<double>(value.text, number)) return number;
  return value.text;
}

Json to_json(const Value& value) {
  switch (value.shape) {
    case Shape::Null:
      return nullptr;
    case Shape::Scalar:
      return scalar(value);
    case Shape::List: {
      Json list = Json::array();
      for (const Value& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case Shape::Map: {
      Json map = Json::object();
      for (const auto& entry : value.entries) map[entry.key] = to_json(entry.value);
      return map;
    }
  }
  return nullptr;
}

// Without the `---` and the blank lines that were around it in its file.
std::string document_of(const ResourceText& resource) {
  std::string_view yaml = resource.yaml;
  if (yaml.starts_with("---")) yaml.remove_prefix(3);
  const std::size_t first = yaml.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  const std::size_t last = yaml.find_last_not_of(" \t\r\n");
  return std::string(yaml.substr(first, last - first + 1)) + "\n";
}

}  // namespace

std::string as_yaml(const std::vector<ResourceText>& resources) {
  std::string text;
  for (const ResourceText& resource : resources) {
    if (!text.empty()) text += "---\n";
    text += document_of(resource);
  }
  return text;
}

Result<std::string> as_json(const std::vector<ResourceText>& resources, bool list) {
  Json items = Json::array();
  for (const ResourceText& resource : resources) {
    const auto documents = config::yaml::parse(resource.yaml);
    if (!documents || documents->size() != 1 || !documents->front().root) {
      return fail(fmt::format("{} is not the YAML it was", config::to_string(resource.key)));
    }
    Json object = to_json(*documents->front().root);
    // What the author left out and the mesh filled in.
    object["metadata"]["namespace"] = resource.key.ns;
    items.push_back(std::move(object));
  }
  const Json whole = list || items.size() != 1
                         ? Json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}
                         : items.front();
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace outrider::control
