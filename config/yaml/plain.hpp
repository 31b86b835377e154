#pragma once
// What an unquoted scalar is to the YAML 1.1 readers of Kubernetes and Istio. Pure; any thread.

#include <string_view>

namespace outrider::config::yaml {

struct Plain {
  enum class Kind { Null, Bool, Number, Text };
  Kind kind = Kind::Text;
  bool truth = false;      // Bool
  double number = 0;       // Number
  bool surprises = false;  // a person may have meant something else: `yes`, `010`, `1e3`
};

[[nodiscard]] Plain plain(std::string_view text);

}  // namespace outrider::config::yaml
