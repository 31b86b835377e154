#pragma once
// A YAML document as a tree that owns its text: plain JSON shapes, every key and value with its
// place. Made by parse(); immutable afterwards. Any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/position.hpp"

namespace outrider::config::yaml {

enum class Shape { Null, Scalar, List, Map };

[[nodiscard]] std::string_view to_string(Shape shape);  // "nothing", "a single value", "a list", "a map"

struct Entry;

struct Value {
  Shape shape = Shape::Null;
  Position at;
  bool quoted = false;         // Scalar: 'x', "x", | or >, which are strings whatever they spell
  std::string text;            // Scalar
  std::vector<Value> items;    // List
  std::vector<Entry> entries;  // Map, in the order written, keys distinct

  [[nodiscard]] const Entry* find(std::string_view key) const;  // Map; null when absent
};

struct Entry {
  std::string key;
  Position key_at;
  Value value;
};

}  // namespace outrider::config::yaml
