#pragma once
// Istio's StringMatch: {exact: x}, {prefix: x}, {regex: x}; {} means "is there".

#include <string>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct StringMatch {
  enum class Kind { Present, Exact, Prefix, Regex };
  Kind kind = Kind::Present;
  std::string value;

  bool operator==(const StringMatch&) const = default;
};
void describe(Fields& f, StringMatch& m);

}  // namespace outrider::config
