#include "control-plane/store/record_file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

namespace outrider::control {
namespace {

constexpr std::string_view magic = "outrider-journal 1 sha256=";

std::string checksum(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

nlohmann::json to_json(const Record& record) {
  nlohmann::json json{{"kind", record.key.kind},
                      {"namespace", record.key.ns},
                      {"name", record.key.name},
                      {"age", record.age}};
  if (record.deleted) {
    json["deleted"] = true;
  } else {
    json["file"] = record.file;
    json["line"] = record.first_line;
    json["yaml"] = record.yaml;
  }
  return json;
}

Record from_json(const nlohmann::json& json) {
  Record record;
  json.at("kind").get_to(record.key.kind);
  json.at("namespace").get_to(record.key.ns);
  json.at("name").get_to(record.key.name);
  json.at("age").get_to(record.age);
  record.deleted = json.value("deleted", false);
  if (!record.deleted) {
    json.at("file").get_to(record.file);
    json.at("line").get_to(record.first_line);
    json.at("yaml").get_to(record.yaml);
  }
  return record;
}

}  // namespace

std::string encode(std::span<const Record> changes) {
  nlohmann::json list = nlohmann::json::array();
  for (const Record& change : changes) list.push_back(to_json(change));
  // File names are whatever the author's file system allows.
  const std::string body = list.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
  return fmt::format("{}{}\n{}\n", magic, checksum(body), body);
}

Result<std::vector<Record>> decode(std::string_view file) {
  if (!file.starts_with(magic)) return fail("it does not start as a generation does");
  file.remove_prefix(magic.size());
  const std::size_t line_end = file.find('\n');
  if (line_end == std::string_view::npos || !file.ends_with('\n')) return fail("it is cut short");
  const std::string_view written = file.substr(0, line_end);
  file.remove_prefix(line_end + 1);
  if (file.empty()) return fail("it is cut short");
  file.remove_suffix(1);
  if (checksum(file) != written) return fail("its checksum does not fit its content");
  try {
    std::vector<Record> records;
    for (const auto& entry : nlohmann::json::parse(file)) records.push_back(from_json(entry));
    return records;
  } catch (const nlohmann::json::exception& error) {
    return fail(error.what());
  }
}

}  // namespace outrider::control
