#pragma once
// What a field may hold and how each is read and printed: scalars, messages that have a describe(), and
// optional, Box, list and map of these. Pure but for what a Node reports; any thread.

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/box.hpp"
#include "config/resources/described.hpp"
#include "core/base/clock.hpp"

namespace outrider::config {

// A value that remembers where it was written.
template <typename T>
struct At {
  T value{};
  yaml::Position at;

  operator const T&() const { return value; }  // NOLINT: it is a T with a place
  const T* operator->() const { return &value; }
  const T& operator*() const { return value; }
};

[[nodiscard]] bool read(const Node& node, std::string& out);
[[nodiscard]] bool read(const Node& node, bool& out);
[[nodiscard]] bool read(const Node& node, std::int32_t& out);
[[nodiscard]] bool read(const Node& node, std::uint32_t& out);
[[nodiscard]] bool read(const Node& node, std::uint64_t& out);
[[nodiscard]] bool read(const Node& node, double& out);
[[nodiscard]] bool read(const Node& node, Duration& out);  // "1h2m3.5s4ms", as Go reads it
[[nodiscard]] std::optional<std::uint32_t> read_map_key(const Node& node, const yaml::Entry& entry);

[[nodiscard]] bool expect(const Node& node, yaml::Shape shape);

[[nodiscard]] yaml::Value print(const std::string& value);
[[nodiscard]] yaml::Value print(bool value);
[[nodiscard]] yaml::Value print(std::int64_t value);
[[nodiscard]] yaml::Value print(std::uint64_t value);
[[nodiscard]] yaml::Value print(double value);
[[nodiscard]] yaml::Value print(Duration value);

template <Described T>
[[nodiscard]] bool read(const Node& node, T& out) {
  const bool empty = node.value.shape == yaml::Shape::Null;  // `- ` without more is an empty map
  if (!empty && !expect(node, yaml::Shape::Map)) return false;
  if (empty) node.cluster_error(node.path.text() + " in body must be of type object: \"null\"", "write {}");
  if constexpr (requires { out.at = node.place(); }) out.at = node.place();
  Fields fields(node);
  node.reading.enter(&fields_of<T>);
  describe(fields, out);
  node.reading.leave();
  fields.finish(&fields_of<T>);
  return true;
}

template <typename T>
[[nodiscard]] bool read(const Node& node, At<T>& out) {
  out.at = node.value.at;
  return read(node, out.value);
}

template <typename T>
requires requires(T& out) {
  out.emplace();
  out.reset();
}
[[nodiscard]] bool read(const Node& node, T& out) {
  if (read(node, out.emplace())) return true;
  out.reset();
  return false;
}

template <typename T>
[[nodiscard]] bool read(const Node& node, std::vector<T>& out) {
  if (!expect(node, yaml::Shape::List)) return false;
  bool fine = true;
  out.resize(node.value.items.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Path path{&node.path, {}, static_cast<int>(i)};
    fine = read(Node{node.reading, node.value.items[i], path}, out[i]) && fine;
  }
  return fine;
}

template <typename Key, typename T>
[[nodiscard]] bool read(const Node& node, std::map<Key, T>& out) {
  if (!expect(node, yaml::Shape::Map)) return false;
  bool fine = true;
  for (const yaml::Entry& entry : node.value.entries) {
    const Path path{&node.path, entry.key};
    const Node item{node.reading, entry.value, path, {}};
    if constexpr (std::same_as<Key, std::string>) {
      fine = read(item, out[entry.key]) && fine;
    } else {
      const auto key = read_map_key(node, entry);
      fine = key && read(item, out[*key]) && fine;
    }
  }
  return fine;
}

template <typename T>
[[nodiscard]] yaml::Value print(const At<T>& value) {
  return print(value.value);
}
inline yaml::Value print(std::int32_t value) { return print(static_cast<std::int64_t>(value)); }
inline yaml::Value print(std::uint32_t value) { return print(static_cast<std::uint64_t>(value)); }

template <Described T>
[[nodiscard]] yaml::Value print(const T& value) {
  yaml::Value out{yaml::Shape::Map, {}, false, {}, {}, {}};
  Fields fields(out);
  describe(fields, const_cast<T&>(value));  // printing, it only looks
  return out;
}

template <typename T>
requires requires(const T& value) {
  value.has_value();
  *value;
}
[[nodiscard]] yaml::Value print(const T& value) { return print(*value); }

template <typename T>
[[nodiscard]] yaml::Value print(const std::vector<T>& values) {
  yaml::Value out{yaml::Shape::List, {}, false, {}, {}, {}};
  for (const T& value : values) out.items.push_back(print(value));
  return out;
}

template <typename Key, typename T>
[[nodiscard]] yaml::Value print(const std::map<Key, T>& values) {
  yaml::Value out{yaml::Shape::Map, {}, false, {}, {}, {}};
  for (const auto& [key, value] : values) {
    if constexpr (std::same_as<Key, std::string>) {
      out.entries.push_back({key, {}, print(value)});
    } else {
      out.entries.push_back({std::to_string(key), {}, print(value)});
    }
  }
  return out;
}

namespace detail {
template <typename T>
const T& plain(const T& value) {
  return value;
}
template <typename T>
const T& plain(const At<T>& value) {
  return value.value;
}
template <typename T>
const auto& plain(const std::optional<T>& value) {
  return plain(*value);
}
template <typename T>
const T& plain(const Box<T>& value) {
  return *value;
}

// Worth printing: what leaving it out would not say.
template <typename T>
bool worth(const T& value) {
  if constexpr (requires { value.has_value(); })
    return value.has_value();
  else if constexpr (requires { value.empty(); })
    return !value.empty();
  else if constexpr (requires {
                       value.at;
                       value.value;
                     })
    return worth(value.value);
  else if constexpr (Described<T>)
    return !print(value).entries.empty();
  else if constexpr (requires { value.written; })
    return !value.written.empty();
  else
    return value != T{};
}

template <typename T>
concept Text = requires(const T& value) {
  { plain(value) } -> std::convertible_to<const std::string&>;
};

}  // namespace detail

}  // namespace outrider::config
