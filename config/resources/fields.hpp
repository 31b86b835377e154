#pragma once
// The vocabulary in which a kind says what its YAML looks like. One line a field: its name, where it is
// kept, what it means, what it is when it is left out, and the rules for it.
//
//   void describe(Fields& f, Retries& r) {
//     f.message("HTTPRetry");
//     f.field("attempts", r.attempts, {"How often to try again", "2"}, at_least(0));
//     f.field("perTryTimeout", r.per_try_timeout, {"Time for each try"}, waits);
//     if (!f.sound()) return;
//     if (r.attempts == 0 && r.per_try_timeout) f.error("perTryTimeout", "...");
//   }
//
// A struct with a describe() is a type like int and string: it may stand in optional, Box, vector and
// map. From the same lines a resource is read (unknown keys, wrong shapes and broken rules are reported
// at their line and column), printed in its canonical form, and explained. What follows `sound()` looks
// at several fields together, and is skipped where one of them is wrong already. An `at` member of type
// yaml::Position is filled in; At<T> keeps a scalar with its place. Whether a field acts is said in
// acting.cpp. Lives on the stack of load() and its like; one thread.

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/resources/acting.hpp"
#include "config/resources/box.hpp"
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

struct About {
  const char* meaning;
  const char* otherwise = "";  // what holds when it is left out
  const char* differs = "";    // where we do something else than Istio
};

// A field as `outriderctl explain` shows it.
struct FieldInfo {
  std::string name, message, type;
  About about;
  std::vector<std::string> rules;
  std::vector<FieldInfo> (*fields)() = nullptr;  // of its message, if it is one
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

class Fields {
 public:
  explicit Fields(const Node& map);                  // reads
  explicit Fields(std::vector<FieldInfo>& listing);  // lists
  explicit Fields(yaml::Value& printed);             // prints

  // Istio's name of the message that these are the fields of.
  void message(std::string_view name);

  // Reads the field into `out` if it is there and not null, then asks each rule(node, value).
  // True when it was given and could be read.
  template <typename T, typename... Rules>
  bool field(std::string_view name, T& out, const About& about, const Rules&... rules);

  // A field that says one of several names; the enumerators have Istio's numbers.
  template <typename E>
  bool choice(std::string_view name, E& out, std::initializer_list<std::pair<std::string_view, E>> names,
              const About& about);

  // Of these only one may be given; stands before them. Istio itself takes the last of them.
  void one_of(std::initializer_list<std::string_view> names);

  // What a cluster's schema asks for, though Istio does not.
  void needs(std::initializer_list<std::string_view> names);

  // Fields without meaning for us: what a cluster adds to an object that it stores.
  void ignored(std::initializer_list<std::string_view> names);
  void ignore_others();  // every field that no line names: of a foreign kind

  [[nodiscard]] bool reads() const { return node_ != nullptr; }
  // A field that is not Istio's: it is neither listed nor printed.
  template <typename T>
  void plainly_ours(std::string_view name, T& out) {
    const yaml::Entry* entry = take(name);
    if (entry == nullptr) return;
    const Path path{&node_->path, name};
    (void)read(Node{node_->reading, entry->value, path, entry->key_at}, out);
  }

  // Nothing was wrong so far, here and below: what looks at several fields may be asked.
  [[nodiscard]] bool sound() const;

  [[nodiscard]] bool has(std::string_view name) const;               // given, and not null
  [[nodiscard]] bool given(std::string_view name) const;             // its key is there
  [[nodiscard]] yaml::Position key_at(std::string_view name) const;  // of the map if absent
  [[nodiscard]] const yaml::Value* value(std::string_view name) const;
  [[nodiscard]] yaml::Position at() const { return node_->place(); }
  [[nodiscard]] Reading& reading() const { return node_->reading; }
  [[nodiscard]] std::string path() const { return node_->path.text(); }

  // At a field's key, or at the map when the name is absent or empty.
  Diagnostic& error(std::string_view name, std::string message, std::string help = {}) {
    return report(Level::Error, code::kSchema, name, std::move(message), std::move(help));
  }
  Diagnostic& warning(std::string_view name, std::string message, std::string help = {}) {
    return report(Level::Warning, code::kSchemaWarning, name, std::move(message), std::move(help));
  }
  void cluster_error(std::string_view name, std::string message, std::string help = {}) {
    if (!reading().strict_istio()) error(name, std::move(message), std::move(help));
  }
  Diagnostic& report(Level level, std::string_view code, std::string_view name, std::string message,
                     std::string help = {});
  // Something about a field does not act yet.
  void inactive(std::string_view name, std::string message, std::string help = {});

  // Reports every key that nobody asked for. Called once, after describe().
  void finish(std::vector<FieldInfo> (*known)());

 private:
  const yaml::Entry* take(std::string_view name);  // null when absent or null
  [[nodiscard]] bool dropped(std::string_view name) const;
  void list(std::string_view name, const About& about, std::string type,
            std::vector<FieldInfo> (*fields)());
  void say(std::string rule);
  template <typename R>
  void say(const R& rule) {
    if constexpr (requires { rule.says(); }) say(std::string(rule.says()));
  }
  void put(std::string_view name, yaml::Value value);
  [[nodiscard]] bool begin_below(std::string_view name, const yaml::Entry& entry);
  void check_acting_value(std::string_view name, std::string_view value, yaml::Position at);
  std::optional<std::int32_t> chosen(const Node& node,
                                     std::span<const std::pair<std::string_view, std::int32_t>> names);

  const Node* node_ = nullptr;                 // reads
  std::vector<FieldInfo>* listing_ = nullptr;  // lists
  yaml::Value* printed_ = nullptr;             // prints
  std::string_view message_;
  const Acting* acting_ = nullptr;
  std::uint64_t taken_ = 0;    // bit i: somebody asked for entry i; the last: i and above
  std::uint64_t dropped_ = 0;  // entries that another of the same one-of outdoes
  std::size_t errors_before_ = 0;
  bool ignore_others_ = false;
};

template <typename T>
concept Described = requires(Fields& fields, T& out) {
  describe(fields, out);
};

template <Described T>
std::vector<FieldInfo> fields_of() {
  std::vector<FieldInfo> listing;
  Fields fields(listing);
  T example{};
  describe(fields, example);
  return listing;
}

template <Described T>
[[nodiscard]] bool read(const Node& node, T& out) {
  const bool empty = node.value.shape == yaml::Shape::Null;  // `- ` without more is an empty map
  if (!empty && !expect(node, yaml::Shape::Map)) return false;
  if (empty) node.cluster_error(node.path.text() + " in body must be of type object: \"null\"", "write {}");
  if constexpr (requires { out.at = node.place(); }) out.at = node.place();
  Fields fields(node);
  describe(fields, out);
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
struct TypeOf {
  static std::string text() { return T::kType; }
  static constexpr std::vector<FieldInfo> (*fields)() = nullptr;
};
template <Described T>
struct TypeOf<T> {
  static std::string text() {
    const auto listed = fields_of<T>();
    return listed.empty() ? "map" : listed.front().message;
  }
  static constexpr std::vector<FieldInfo> (*fields)() = &fields_of<T>;
};
struct NoFields {
  static constexpr std::vector<FieldInfo> (*fields)() = nullptr;
};
template <>
struct TypeOf<std::string> : NoFields {
  static std::string text() { return "string"; }
};
template <>
struct TypeOf<bool> : NoFields {
  static std::string text() { return "true or false"; }
};
template <>
struct TypeOf<std::int32_t> : NoFields {
  static std::string text() { return "whole number"; }
};
template <>
struct TypeOf<std::uint32_t> : NoFields {
  static std::string text() { return "whole number"; }
};
template <>
struct TypeOf<std::uint64_t> : NoFields {
  static std::string text() { return "whole number"; }
};
template <>
struct TypeOf<double> : NoFields {
  static std::string text() { return "number"; }
};
template <>
struct TypeOf<Duration> : NoFields {
  static std::string text() { return "duration"; }
};
template <typename T>
struct TypeOf<At<T>> : TypeOf<T> {};
template <typename T>
struct TypeOf<std::optional<T>> : TypeOf<T> {};
template <typename T>
struct TypeOf<Box<T>> : TypeOf<T> {};
template <typename T>
struct TypeOf<std::vector<T>> : TypeOf<T> {
  static std::string text() { return "list of " + TypeOf<T>::text(); }
};
template <typename Key, typename T>
struct TypeOf<std::map<Key, T>> : TypeOf<T> {
  static std::string text() {
    return (std::same_as<Key, std::string> ? "map of string to " : "map of number to ") + TypeOf<T>::text();
  }
};

template <typename T>
concept Text = requires(const T& value) {
  { plain(value) } -> std::convertible_to<const std::string&>;
};
}  // namespace detail

template <typename T, typename... Rules>
bool Fields::field(std::string_view name, T& out, const About& about, const Rules&... rules) {
  if (listing_ != nullptr) {
    list(name, about, detail::TypeOf<T>::text(), detail::TypeOf<T>::fields);
    (say(rules), ...);
    return false;
  }
  if (printed_ != nullptr) {
    if (detail::worth(out)) put(name, print(out));
    return false;
  }
  const yaml::Entry* entry = take(name);
  if (entry == nullptr) {
    if constexpr (detail::Text<T>) check_acting_value(name, "", node_->place());
    return false;
  }
  const Path path{&node_->path, name};
  const Node node{node_->reading, entry->value, path, entry->key_at};
  if (dropped(name)) {
    T scratch{};
    (void)read(node, scratch);
    return false;
  }
  const bool below = begin_below(name, *entry);
  const bool fine = read(node, out);
  if (fine) {
    (rules(node, detail::plain(out)), ...);
    if constexpr (detail::Text<T>) check_acting_value(name, detail::plain(out), entry->value.at);
    if constexpr (requires {
                    out.front().value.size();
                    out.front().at;
                  }) {
      for (const auto& item : out) check_acting_value(name, item.value, item.at);
    }
  }
  if (below) reading().below_inactive(-1);
  return fine;
}

template <typename E>
bool Fields::choice(std::string_view name, E& out,
                    std::initializer_list<std::pair<std::string_view, E>> names, const About& about) {
  std::array<std::pair<std::string_view, std::int32_t>, 16> room;
  std::size_t count = 0;
  for (const auto& [spelling, value] : names)
    room.at(count++) = {spelling, static_cast<std::int32_t>(value)};
  const std::span numbered(room.data(), count);
  const auto spelling_of = [&](std::int32_t number) {
    for (const auto& [spelling, value] : numbered) {
      if (value == number) return std::string(spelling);
    }
    return std::to_string(number);
  };
  if (listing_ != nullptr) {
    list(name, about, "one of", nullptr);
    for (const auto& [spelling, value] : numbered) {
      listing_->back().type += (listing_->back().type == "one of" ? " " : ", ") + std::string(spelling);
    }
    return false;
  }
  if (printed_ != nullptr) {
    if (static_cast<std::int32_t>(out) != 0) put(name, print(spelling_of(static_cast<std::int32_t>(out))));
    return false;
  }
  const yaml::Entry* entry = take(name);
  if (entry == nullptr) {
    check_acting_value(name, spelling_of(0), node_->place());
    return false;
  }
  const Path path{&node_->path, name};
  const Node node{node_->reading, entry->value, path, entry->key_at};
  const bool below = begin_below(name, *entry);
  const auto found = chosen(node, numbered);
  if (found && !dropped(name)) {
    out = static_cast<E>(*found);
    check_acting_value(name, spelling_of(*found), entry->value.at);
  }
  if (below) reading().below_inactive(-1);
  return found && !dropped(name);
}

}  // namespace outrider::config
