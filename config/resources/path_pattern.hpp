#pragma once
// A path of an AuthorizationPolicy, in the one form that it means. A value; any thread.

#include <string>
#include <string_view>
#include <variant>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct PathPattern {
  enum class Kind { Present, Exact, Prefix, Suffix, Template };
  Kind kind = Kind::Exact;
  std::string text;     // without the star; of a Template as Envoy writes it: "/orders/*/items/**"
  std::string written;  // as Istio has it: "/orders/{*}/items/{**}"
  yaml::Position at;

  static constexpr const char* kType = "string";
};

// "/a", "/a/*", "*/z", "*", "/a/{*}/b", "/a/{**}"; and "/a/*/b", which Istio compares literally and
// which here means "/a/{*}/b", with a warning.
[[nodiscard]] bool read(const Node& node, PathPattern& out);
[[nodiscard]] yaml::Value print(const PathPattern& path);

}  // namespace outrider::config
