#pragma once
// Istio's StringMatch: {exact: x}, {prefix: x}, {regex: x}; {} means "is there". A value; any thread.

#include <optional>
#include <string>

#include "config/resources/fields.hpp"

namespace outrider::config {

struct StringMatch {
  std::optional<std::string> exact, prefix, regex;
  yaml::Position at;
  yaml::Position text_at;  // of the text itself; {}: nowhere

  enum class Kind { Present, Exact, Prefix, Regex };
  [[nodiscard]] Kind kind() const;
  [[nodiscard]] const std::string& text() const;  // empty for Present

  bool operator==(const StringMatch& other) const {
    return exact == other.exact && prefix == other.prefix && regex == other.regex;
  }
};
void describe(Fields& f, StringMatch& m);

// Which of Istio's complaints about an empty text hold for the field `where`.
enum class EmptyPrefix { Allowed, Refused };
void check_string_match(Reading& reading, const StringMatch& match, std::string_view where,
                        EmptyPrefix prefix, std::string path);

}  // namespace outrider::config
