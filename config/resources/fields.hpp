#pragma once
// The vocabulary in which a kind says what its YAML looks like. One line a field:
//
//   void describe(Fields& f, Retries& r) {
//     f.field("attempts", r.attempts, at_least(0));
//     f.field("perTryTimeout", r.per_try_timeout, positive);
//     f.unsupported({"retryRemoteLocalities"});
//   }
//
// A struct with a describe() is a type like int and string: it may stand in optional, vector and
// map. Unknown keys, wrong shapes and failed rules are reported at their line and column; a `at`
// member of type yaml::Position is filled in, and At<T> keeps a scalar with its place.
// Lives on load()'s stack; one thread.

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/resources/reading.hpp"
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
[[nodiscard]] bool read(const Node& node, std::int64_t& out);
[[nodiscard]] bool read(const Node& node, std::uint32_t& out);
[[nodiscard]] bool read(const Node& node, double& out);
[[nodiscard]] bool read(const Node& node, Duration& out);  // "1h2m3.5s4ms", whole milliseconds

[[nodiscard]] bool expect(const Node& node, yaml::Shape shape);

class Fields {
 public:
  explicit Fields(const Node& map);

  // Reads the field into `out` if it is there and not null, then asks each rule(node, value).
  // True when it was given and could be read.
  template <typename T, typename... Rules>
  bool field(std::string_view name, T& out, const Rules&... rules);

  // The same, and it is an error when it is missing.
  template <typename T, typename... Rules>
  bool require(std::string_view name, T& out, const Rules&... rules) {
    const bool there = field(name, out, rules...);
    if (!has(name)) missing(name);
    return there;
  }

  // One of the names; `unsupported` ones are Istio's but not ours yet.
  template <typename E>
  bool choice(std::string_view name, E& out,
              std::initializer_list<std::pair<std::string_view, E>> names,
              std::initializer_list<std::string_view> unsupported_names = {});

  // Fields that Istio has and we do not: an error that says so.
  void unsupported(std::initializer_list<std::string_view> names);

  // Fields without meaning for us: what a cluster adds to an object that it stores.
  void ignored(std::initializer_list<std::string_view> names);

  [[nodiscard]] bool has(std::string_view name) const;               // given, and not null
  [[nodiscard]] bool given(std::string_view name) const;             // its key is there
  [[nodiscard]] yaml::Position key_at(std::string_view name) const;  // of the map if absent
  [[nodiscard]] yaml::Position at() const { return node_.place(); }
  [[nodiscard]] Reading& reading() const { return node_.reading; }
  [[nodiscard]] std::string path() const { return node_.path.text(); }

  // An error at a field's key, or at the map when the name is absent or empty.
  Diagnostic& error(std::string_view name, std::string message, std::string help = {}) {
    return reading().error(key_at(name), std::move(message), std::move(help));
  }

  // Reports every key that nobody asked for. Called once, after describe().
  void finish();

 private:
  const yaml::Entry* take(std::string_view name, bool useful);  // null when absent or null
  void missing(std::string_view name);
  std::optional<std::size_t> chosen(std::string_view name, std::span<const std::string_view> names,
                                    std::initializer_list<std::string_view> unsupported_names);

  const Node& node_;
  std::vector<std::string> keys_;         // of the entries, in camelCase
  std::vector<bool> taken_;               // entries that somebody asked for
  std::vector<std::string_view> known_;   // every name asked for, to guess what was meant
  std::vector<std::string_view> useful_;  // those of them that mean something to us
};

template <typename T>
concept Described = requires(Fields& fields, T& out) {
  describe(fields, out);
};

template <Described T>
[[nodiscard]] bool read(const Node& node, T& out) {
  if (!expect(node, yaml::Shape::Map)) return false;
  if constexpr (requires { out.at = node.place(); }) out.at = node.place();
  Fields fields(node);
  describe(fields, out);
  fields.finish();
  return true;
}

template <typename T>
[[nodiscard]] bool read(const Node& node, At<T>& out) {
  out.at = node.value.at;
  return read(node, out.value);
}

template <typename T>
[[nodiscard]] bool read(const Node& node, std::optional<T>& out) {
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

template <typename T>
[[nodiscard]] bool read(const Node& node, std::map<std::string, T>& out) {
  if (!expect(node, yaml::Shape::Map)) return false;
  bool fine = true;
  for (const yaml::Entry& entry : node.value.entries) {
    const Path path{&node.path, entry.key};
    fine = read(Node{node.reading, entry.value, path}, out[entry.key]) && fine;
  }
  return fine;
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
}  // namespace detail

template <typename T, typename... Rules>
bool Fields::field(std::string_view name, T& out, const Rules&... rules) {
  const yaml::Entry* entry = take(name, true);
  if (entry == nullptr) return false;
  const Path path{&node_.path, name};
  const Node node{node_.reading, entry->value, path, entry->key_at};
  if (!read(node, out)) return false;
  (rules(node, detail::plain(out)), ...);
  return true;
}

template <typename E>
bool Fields::choice(std::string_view name, E& out,
                    std::initializer_list<std::pair<std::string_view, E>> names,
                    std::initializer_list<std::string_view> unsupported_names) {
  std::vector<std::string_view> spelled;
  for (const auto& [spelling, value] : names) spelled.push_back(spelling);
  const auto index = chosen(name, spelled, unsupported_names);
  if (index) out = (names.begin() + *index)->second;
  return index.has_value();
}

}  // namespace outrider::config
