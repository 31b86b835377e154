#pragma once
// Text, header, path and query conditions, compiled once from xDS and asked for every request.
// Owned by the Snapshot, frozen; any thread. Envoy's semantics, without its protobuf.

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/protocol/message.hpp"

namespace outrider::proxy {

class StringMatcher {
 public:
  enum class Kind : std::uint8_t { Exact, Prefix, Suffix, Contains, Regex };

  StringMatcher() = default;  // matches the empty text only
  // `ignore_case` has no meaning for a regex and is refused there. A regex matches the whole text.
  [[nodiscard]] static Result<StringMatcher> make(Kind kind, std::string text,
                                                  bool ignore_case = false);
  [[nodiscard]] static StringMatcher exact(std::string text);

  [[nodiscard]] bool matches(std::string_view text) const;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  // As a person would write it: "a", "a*", "*a", "*a*", "~a".
  [[nodiscard]] std::string describe() const;
  bool operator==(const StringMatcher& other) const {
    return kind_ == other.kind_ && ignore_case_ == other.ignore_case_ && text_ == other.text_;
  }

 private:
  Kind kind_ = Kind::Exact;
  bool ignore_case_ = false;
  std::string text_;
  std::shared_ptr<const re2::RE2> regex_;  // shared by copies
};

// One header condition. Several fields of one name are joined by "," before they are compared.
// A missing header never matches, inverted or not, unless `missing_is_empty`; `Present` apart.
struct HeaderMatcher {
  enum class Subject : std::uint8_t { Field, Method, Path, Authority, Scheme };
  enum class Kind : std::uint8_t { Present, Text, Range };

  std::string name;  // lower case
  Subject subject = Subject::Field;
  protocol::HeaderName id = protocol::HeaderName::Other;
  Kind kind = Kind::Present;
  StringMatcher text;
  std::int64_t first = 0;  // Range: [first, end)
  std::int64_t end = 0;
  bool present = true;  // Present: whether it has to be there
  bool invert = false;
  bool missing_is_empty = false;
  // Also true when one of several fields of the name matches by itself: for rules that deny, so
  // that a repeated header cannot hide the value that is forbidden (CVE-2026-26308).
  bool any_value = false;

  // Resolves `subject` and `id` from `name`.
  void set_name(std::string_view header);
  [[nodiscard]] bool matches(const protocol::Head& head) const;
};

// Compared with the path without its query.
struct PathMatcher {
  enum class Kind : std::uint8_t { Prefix, Exact, Regex, SegmentPrefix };
  Kind kind = Kind::Prefix;
  bool ignore_case = false;
  std::string text = "/";
  std::shared_ptr<const re2::RE2> regex;

  [[nodiscard]] static Result<PathMatcher> make_regex(std::string pattern);
  [[nodiscard]] bool matches(std::string_view path) const;
};

// The first eight bytes of a path in one number, zeros behind its end.
[[nodiscard]] inline std::uint64_t first_bytes(std::string_view path) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, path.data(), std::min<std::size_t>(path.size(), sizeof bytes));
  return bytes;
}

// Leaves out in one comparison most of the paths that a matcher would refuse, and none that it takes:
// a long list of routes is walked in a few instructions each.
struct PathGlance {
  std::uint64_t mask = 0, want = 0;

  [[nodiscard]] static PathGlance of(const PathMatcher& matcher);
  [[nodiscard]] bool may_match(std::uint64_t first) const { return (first & mask) == want; }
};

// The first value of a repeated parameter counts; values are not percent-decoded, as in Envoy.
struct QueryMatcher {
  std::string name;
  bool present = false;  // only asks whether it is there
  StringMatcher text;

  [[nodiscard]] bool matches(std::string_view query) const;
};

// A path in which `*` stands for one whole segment and `**` for any rest, segments or none.
class UriTemplate {
 public:
  // Also takes {*}, {**}, {name}, {name=*} and {name=**}. At most one `**`.
  [[nodiscard]] static Result<UriTemplate> make(std::string_view text);
  [[nodiscard]] bool matches(std::string_view path) const;
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> before_;  // segments before `**`, or all of them; "*" is any segment
  std::vector<std::string> after_;   // segments behind `**`
  bool open_ = false;                // has a `**`
};

// The path without `?query`, and the query without its `?`.
[[nodiscard]] constexpr std::string_view without_query(std::string_view path) {
  return path.substr(0, path.find('?'));
}
[[nodiscard]] constexpr std::string_view query_of(std::string_view path) {
  const std::size_t at = path.find('?');
  return at == std::string_view::npos ? std::string_view{} : path.substr(at + 1);
}

}  // namespace outrider::proxy
