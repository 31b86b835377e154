#pragma once
// What a describe() talks to: the fields of one message, of which it names each. The same lines read a
// resource, list its fields and print it; which of the three, the Fields knows. See fields.hpp, which is
// what kinds include. Lives on the stack of load() and its like; one thread.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/resources/acting.hpp"
#include "config/resources/reading.hpp"

namespace outrider::config {

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

}  // namespace outrider::config
