#pragma once
// A tree as YAML in block style, so that it is read back as it was. Pure; any thread.

#include <string>

#include "config/yaml/value.hpp"

namespace outrider::config::yaml {

// A Scalar that is not `quoted` is written as it stands; a quoted one in quotes where it has to be.
[[nodiscard]] std::string print(const Value& value);

}  // namespace outrider::config::yaml
