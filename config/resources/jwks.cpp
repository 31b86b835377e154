#include "config/resources/jwks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

namespace outrider::config {
namespace {

using Json = nlohmann::json;

bool is_base64url(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '=' || c == '+' || c == '/';
  });
}

std::string missing(const Json& key, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    if (!key.contains(part) || !is_base64url(key[part]))
      return fmt::format("a key without a readable \"{}\"", part);
  }
  return {};
}

std::string key_complaint(const Json& key, bool& holds_secret) {
  if (!key.is_object() || !key.contains("kty") || !key["kty"].is_string()) return "a key without \"kty\"";
  for (const char* text : {"kid", "use", "alg", "x5u", "x5t", "x5t#S256"}) {
    if (key.contains(text) && !key[text].is_string()) return fmt::format("failed to decode value for key {}", text);
  }
  const std::string type = key["kty"].get<std::string>();
  holds_secret = type == "oct" || key.contains("d");
  if (type == "RSA") return missing(key, {"n", "e"});
  if (type == "EC") return missing(key, {"x", "y"});
  if (type == "OKP") return missing(key, {"x"});
  if (type == "oct") return missing(key, {"k"});
  return fmt::format("unknown kind of key \"{}\"", type);
}

}  // namespace

JwksReading read_jwks(std::string_view text) {
  JwksReading out;
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return {"it is no JSON object", {}};
  Json keys = Json::array({json});
  if (json.contains("keys")) keys = json["keys"];
  if (keys.is_null()) return out;
  if (!keys.is_array()) return {"\"keys\" is no list", {}};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    bool holds_secret = false;
    if (std::string found = key_complaint(keys[i], holds_secret); !found.empty())
      return {std::move(found), {}};
    if (holds_secret) out.private_keys.push_back(i);
  }
  return out;
}

}  // namespace outrider::config
