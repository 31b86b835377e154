#include "config/resources/fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// Istio reads `per_try_timeout` as `perTryTimeout`.
std::string to_camel(std::string_view key) {
  std::string name;
  bool upper = false;
  for (const char c : key) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

}  // namespace

Fields::Fields(const Node& map) : node_(map), taken_(map.value.entries.size()) {
  keys_.reserve(map.value.entries.size());
  for (const yaml::Entry& entry : map.value.entries) keys_.push_back(to_camel(entry.key));
}

const yaml::Entry* Fields::take(std::string_view name, bool useful) {
  known_.push_back(name);
  if (useful) useful_.push_back(name);
  const yaml::Entry* found = nullptr;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] != name) continue;
    const yaml::Entry& entry = node_.value.entries[i];
    taken_[i] = true;
    if (found != nullptr) {
      reading().error(entry.key_at, fmt::format("field \"{}\" is given twice", name), "keep one");
    } else if (entry.value.shape != yaml::Shape::Null) {
      found = &entry;
    }
  }
  return found;
}

bool Fields::has(std::string_view name) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] == name) return node_.value.entries[i].value.shape != yaml::Shape::Null;
  }
  return false;
}

bool Fields::given(std::string_view name) const {
  return std::find(keys_.begin(), keys_.end(), name) != keys_.end();
}

yaml::Position Fields::key_at(std::string_view name) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] == name) return node_.value.entries[i].key_at;
  }
  return node_.place();
}

void Fields::missing(std::string_view name) {
  reading().error(node_.place(), fmt::format("{} is required", Path{&node_.path, name}.text()));
}

std::optional<std::size_t> Fields::chosen(
    std::string_view name, std::span<const std::string_view> names,
    std::initializer_list<std::string_view> unsupported_names) {
  At<std::string> written;
  if (!field(name, written)) return {};
  const auto found = std::find(names.begin(), names.end(), *written);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::string help = fmt::format("write one of {}", fmt::join(names, ", "));
  const std::string path = Path{&node_.path, name}.text();
  if (std::find(unsupported_names.begin(), unsupported_names.end(), *written) !=
      unsupported_names.end()) {
    reading().report(Level::Error, code::kUnsupported, written.at,
                     fmt::format("{}: {} is not supported yet", path, *written), help);
  } else {
    reading().error(written.at, fmt::format("{}: unknown value \"{}\"", path, *written), help);
  }
  return {};
}

void Fields::unsupported(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (take(name, false) == nullptr) continue;
    reading().report(Level::Error, code::kUnsupported, key_at(name),
                     fmt::format("{} is not supported yet", Path{&node_.path, name}.text()),
                     "remove it; it would have no effect");
  }
}

void Fields::ignored(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) take(name, false);
}

void Fields::finish() {
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]) continue;
    const yaml::Entry& entry = node_.value.entries[i];
    const std::string_view meant = ascii::closest(keys_[i], known_);
    const std::string path = node_.path.text();
    reading().error(
        entry.key_at,
        fmt::format("unknown field \"{}\"{}{}", entry.key, path.empty() ? "" : " in ", path),
        meant.empty() ? fmt::format("known fields: {}", fmt::join(useful_, ", "))
                      : fmt::format("did you mean \"{}\"?", meant));
  }
}

bool expect(const Node& node, yaml::Shape shape) {
  if (node.value.shape == shape) return true;
  node.error(fmt::format("{} has to be {}, not {}", node.path.text(), to_string(shape),
                         to_string(node.value.shape)));
  return false;
}

}  // namespace outrider::config
