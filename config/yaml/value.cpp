#include "config/yaml/value.hpp"

namespace outrider::config::yaml {

std::string_view to_string(Shape shape) {
  switch (shape) {
    case Shape::Null: return "nothing";
    case Shape::Scalar: return "a single value";
    case Shape::List: return "a list";
    case Shape::Map: return "a map";
  }
  return "";
}

const Entry* Value::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

}  // namespace outrider::config::yaml
