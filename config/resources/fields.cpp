#include "config/resources/fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "config/yaml/plain.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// protobuf's two spellings of a field: `perTryTimeout`, and `per_try_timeout` as the .proto has it.
bool names(std::string_view key, std::string_view name) {
  if (key == name) return true;
  std::size_t at = 0;
  bool upper = false;
  if (key.find('_') == std::string_view::npos) return false;
  for (std::size_t i = 0; i < key.size(); ++i) {
    char c = key[i];
    if (c == '_') {
      if (upper || i == 0 || i + 1 == key.size()) return false;
      upper = true;
      continue;
    }
    if (c >= 'A' && c <= 'Z') return false;
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    upper = false;
    if (at >= name.size() || name[at++] != c) return false;
  }
  return at == name.size();
}

constexpr std::uint64_t bit(std::size_t entry) {
  return std::uint64_t{1} << std::min<std::size_t>(entry, 63);  // the last: that one and all behind it
}

// Keys of people who write from memory, and the fields that they mean.
std::string_view closest_field(std::string_view key, const std::vector<FieldInfo>& known) {
  std::vector<std::string_view> spellings;
  for (const FieldInfo& field : known) spellings.push_back(field.name);
  const std::string lower = ascii::to_lower(key);
  for (const std::string_view name : spellings) {
    if (ascii::to_lower(name) == lower) return name;
  }
  return ascii::closest(key, spellings);
}

// Where a field that is unknown here is known: one level deeper, in the message of a field beside it.
std::string deeper(std::string_view key, const std::vector<FieldInfo>& known) {
  for (const FieldInfo& field : known) {
    if (field.fields == nullptr) continue;
    for (const FieldInfo& inner : field.fields()) {
      if (inner.name == key)
        return fmt::format("\"{}\" belongs one level deeper, into \"{}\"", key, field.name);
    }
  }
  return {};
}

// Or around it, where it belongs beside the field that this message is the value of: indented too far.
std::string higher(std::string_view key, std::span<const Reading::Listing> around, const Path& path) {
  for (std::size_t i = around.size(); i-- > 0;) {
    const auto fields = around[i]();
    const auto known = [&](std::string_view name) {
      return std::any_of(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; });
    };
    if (!known(key)) continue;
    const Path* beside = &path;
    while (beside->parent != nullptr && (beside->index >= 0 || !known(beside->name))) beside = beside->parent;
    const std::size_t levels = around.size() - i;
    return fmt::format("\"{}\" belongs {} higher, beside \"{}\"", key,
                       levels == 1 ? "one level" : fmt::format("{} levels", levels), beside->name);
  }
  return {};
}

}  // namespace

Fields::Fields(const Node& map) : node_(&map), errors_before_(map.reading.errors()) {}
Fields::Fields(std::vector<FieldInfo>& listing) : listing_(&listing) {}
Fields::Fields(yaml::Value& printed) : printed_(&printed) {}

void Fields::message(std::string_view name) {
  message_ = name;
  if (printed_ == nullptr) acting_ = acting(name);
}

const yaml::Entry* Fields::take(std::string_view name) {
  const yaml::Entry* found = nullptr;
  const auto& entries = node_->value.entries;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!names(entries[i].key, name)) continue;
    taken_ |= bit(i);
    if (found != nullptr) {
      if (!reading().strict_istio()) {
        reading().error(entries[i].key_at, fmt::format("field \"{}\" is given twice", name), "keep one");
      }
      if (entries[i].key != name) continue;  // Istio takes the JSON name
    }
    found = &entries[i];
  }
  return found != nullptr && found->value.shape != yaml::Shape::Null ? found : nullptr;
}

bool Fields::dropped(std::string_view name) const {
  if (dropped_ == 0) return false;
  const auto& entries = node_->value.entries;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if ((dropped_ & bit(i)) != 0 && names(entries[i].key, name)) return true;
  }
  return false;
}

void Fields::one_of(std::initializer_list<std::string_view> names_of_it) {
  if (node_ == nullptr) return;
  std::vector<std::string_view> present;
  for (const std::string_view name : names_of_it) {
    if (has(name)) present.push_back(name);
  }
  if (present.size() < 2) return;
  if (!reading().strict_istio()) {
    error(present.back(),
          fmt::format("{}: only one of {} can be given", path(), fmt::join(names_of_it, ", ")),
          fmt::format("remove {}", present.size() == 2 ? "one of the two" : "all but one"));
  }
  present.pop_back();
  const auto& entries = node_->value.entries;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const std::string_view name : present) {
      if (names(entries[i].key, name)) dropped_ |= bit(i);
    }
  }
}

void Fields::needs(std::initializer_list<std::string_view> names_of_them) {
  if (node_ == nullptr || reading().strict_istio()) return;
  for (const std::string_view name : names_of_them) {
    if (!has(name)) error("", fmt::format("{}: Required value", Path{&node_->path, name}.text()));
  }
}

void Fields::ignored(std::initializer_list<std::string_view> names_of_them) {
  if (node_ == nullptr) return;
  for (const std::string_view name : names_of_them) take(name);
}

void Fields::ignore_others() { ignore_others_ = true; }

bool Fields::sound() const {
  if (node_ == nullptr || reading().errors() != errors_before_ || reading().is_unchecked()) return false;
  const auto& entries = node_->value.entries;
  for (std::size_t i = 0; i < entries.size() && !ignore_others_; ++i) {
    if ((taken_ & bit(i)) == 0) return false;  // unknown: most often a misspelt one of those missing
  }
  return true;
}

bool Fields::has(std::string_view name) const {
  const yaml::Value* found = value(name);
  return found != nullptr && found->shape != yaml::Shape::Null;
}

bool Fields::given(std::string_view name) const { return value(name) != nullptr; }

const yaml::Value* Fields::value(std::string_view name) const {
  for (const yaml::Entry& entry : node_->value.entries) {
    if (names(entry.key, name)) return &entry.value;
  }
  return nullptr;
}

yaml::Position Fields::key_at(std::string_view name) const {
  if (node_ == nullptr) return {};
  for (const yaml::Entry& entry : node_->value.entries) {
    if (names(entry.key, name)) return entry.key_at;
  }
  return node_->place();
}

Diagnostic& Fields::report(Level level, std::string_view code, std::string_view name, std::string message,
                           std::string help) {
  Diagnostic& d = reading().report(level, code, key_at(name), std::move(message), std::move(help));
  d.path = has(name) ? Path{&node_->path, name}.text() : path();
  return d;
}

void Fields::inactive(std::string_view name, std::string message, std::string help) {
  if (node_ == nullptr) return;
  reading().inactive(key_at(name), Path{&node_->path, name}.text(), std::move(message), std::move(help));
}

bool Fields::begin_below(std::string_view name, const yaml::Entry& entry) {
  if (message_.empty() || (acting_ != nullptr && acting_->find(name) != nullptr)) return false;
  const std::string path = Path{&node_->path, name}.text();
  reading().inactive(entry.key_at, path, fmt::format("{} is not supported yet", path),
                     "remove it; it would have no effect");
  reading().below_inactive(1);
  return true;
}

void Fields::check_acting_value(std::string_view name, std::string_view value, yaml::Position at) {
  const Acting::Field* field = acting_ == nullptr ? nullptr : acting_->find(name);
  if (field == nullptr || field->values.empty()) return;
  if (std::find(field->values.begin(), field->values.end(), value) != field->values.end()) return;
  const std::string path = Path{&node_->path, name}.text();
  const std::string help =
      fmt::format("write {}{}", field->values.size() > 1 ? "one of " : "", fmt::join(field->values, ", "));
  if (has(name)) {
    reading().inactive(at, path, fmt::format("{}: {} is not supported yet", path, value), help);
  } else {
    const std::string said = value.empty() ? "leaving it out" : fmt::format("{}, its default,", value);
    reading().inactive(at, path, fmt::format("{}: {} is not supported yet", path, said), help);
  }
}

std::optional<std::int32_t> Fields::chosen(
    const Node& node, std::span<const std::pair<std::string_view, std::int32_t>> known) {
  std::vector<std::string_view> spellings;
  for (const auto& [spelling, number] : known) spellings.push_back(spelling);
  const auto one_of_them = [&] { return fmt::format("write one of {}", fmt::join(spellings, ", ")); };
  const yaml::Value& value = node.value;
  if (value.shape == yaml::Shape::Scalar) {
    for (const auto& [spelling, number] : known) {
      if (value.text == spelling) return number;
    }
    const yaml::Plain meaning = value.quoted ? yaml::Plain{} : yaml::plain(value.text);
    if (meaning.kind == yaml::Plain::Kind::Number && meaning.number == std::floor(meaning.number) &&
        std::abs(meaning.number) <= 2147483647) {
      node.cluster_error(fmt::format("{}: Unsupported value: {}", node.path.text(), value.text),
                         one_of_them());
      return static_cast<std::int32_t>(meaning.number);
    }
  }
  std::string_view meant;
  const std::string upper = [&] {
    std::string text = value.text;
    for (char& c : text)
      c = c == '-' || c == ' ' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return text;
  }();
  if (value.shape == yaml::Shape::Scalar) meant = ascii::closest(upper, spellings);
  Diagnostic& d = node.error(
      value.shape == yaml::Shape::Scalar
          ? fmt::format("{}: unknown value \"{}\" for enum: Unsupported value: \"{}\"", node.path.text(),
                        value.text, value.text)
          : fmt::format("{} has to be one word, not {}", node.path.text(), to_string(value.shape)),
      meant.empty() ? one_of_them()
                    : fmt::format("did you mean {}? It takes {}", meant, fmt::join(spellings, ", ")));
  if (!meant.empty()) d.replace(value.at, std::string(meant));
  return {};
}

void Fields::finish(std::vector<FieldInfo> (*known)()) {
  if (ignore_others_) return;
  const auto& entries = node_->value.entries;
  std::vector<FieldInfo> fields;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if ((taken_ & bit(i)) != 0) continue;
    const yaml::Entry& entry = entries[i];
    if (reading().full(Level::Error)) return void(reading().error(entry.key_at, {}));
    if (fields.empty()) fields = known();
    const std::string_view meant = closest_field(entry.key, fields);
    std::string help = deeper(entry.key, fields);
    if (help.empty()) help = higher(entry.key, reading().around(), node_->path);
    const bool moved = !help.empty();
    if (!moved && !meant.empty()) help = fmt::format("did you mean \"{}\"?", meant);
    if (help.empty()) {
      std::vector<std::string_view> spellings;
      for (const FieldInfo& field : fields) spellings.push_back(field.name);
      help = fmt::format("it knows {}", fmt::join(spellings, ", "));
    }
    const std::string where = path();
    Diagnostic& d = reading().error(
        entry.key_at,
        fmt::format("unknown field \"{}\"{}{}", entry.key, where.empty() ? "" : " in ", where), help);
    d.path = Path{&node_->path, entry.key}.text();
    d.note = message_.empty() ? "" : "a cluster drops what it does not know, or refuses the resource";
    if (!moved && !meant.empty() && !given(meant)) d.replace(entry.key_at, std::string(meant));
  }
}

void Fields::list(std::string_view name, const About& about, std::string type,
                  std::vector<FieldInfo> (*fields)()) {
  listing_->push_back({std::string(name), std::string(message_), std::move(type), about, {}, fields});
}

void Fields::say(std::string rule) { listing_->back().rules.push_back(std::move(rule)); }

void Fields::put(std::string_view name, yaml::Value value) {
  printed_->entries.push_back({std::string(name), {}, std::move(value)});
}

bool expect(const Node& node, yaml::Shape shape) {
  if (node.value.shape == shape) return true;
  std::string help;
  if (shape == yaml::Shape::List) {
    help = node.value.shape == yaml::Shape::Scalar ? fmt::format("write [{}]", node.value.text)
                                                   : "begin each of its items with a dash: `- `";
  } else if (shape == yaml::Shape::Map) {
    help = node.value.shape == yaml::Shape::List ? "it is one map: remove the dash"
                                                 : "write its fields below it, indented";
  }
  Diagnostic& d = node.error(fmt::format("{} has to be {}, not {}", node.path.text(), to_string(shape),
                                         to_string(node.value.shape)),
                             std::move(help));
  if (shape == yaml::Shape::List && node.value.shape == yaml::Shape::Scalar) {
    const std::string& text = node.value.text;
    const bool simple = !node.value.quoted && node.value.at.bytes == static_cast<int>(text.size());
    if (simple) d.replace(node.value.at, fmt::format("[{}]", text));
  }
  return false;
}

}  // namespace outrider::config
