#include "config/resources/string_match.hpp"

#include <fmt/format.h>

#include "config/resources/names.hpp"

namespace outrider::config {

StringMatch::Kind StringMatch::kind() const {
  if (exact) return Kind::Exact;
  if (prefix) return Kind::Prefix;
  // Istio takes a regex that matches everything for "is there".
  return regex && *regex != "*" ? Kind::Regex : Kind::Present;
}

const std::string& StringMatch::text() const {
  static const std::string none;
  switch (kind()) {
    case Kind::Exact: return *exact;
    case Kind::Prefix: return *prefix;
    case Kind::Regex: return *regex;
    case Kind::Present: return none;
  }
  return none;
}

void describe(Fields& f, StringMatch& m) {
  f.message("StringMatch");
  f.one_of({"exact", "prefix", "regex"});
  f.field("exact", m.exact, {"The whole text, with case"});
  f.field("prefix", m.prefix, {"What the text begins with, character by character"});
  f.field("regex", m.regex, {"A regular expression of RE2's that matches the whole text"});
  if (!f.reads()) return;
  for (const char* kind : {"exact", "prefix", "regex"}) {
    if (f.has(kind)) m.text_at = f.value(kind)->at;
  }
}

void check_string_match(Reading& reading, const StringMatch& match, std::string_view where,
                        EmptyPrefix prefix, std::string path) {
  std::string found, help;
  if (match.prefix && match.prefix->empty() && prefix == EmptyPrefix::Refused) {
    found = fmt::format("\"{}\": prefix string match should not be empty", where);
  } else if (match.regex) {
    found = match.regex->empty() ? fmt::format("\"{}\": regex string match should not be empty", where)
                                 : regex_complaint(*match.regex, where);
    help = "RE2 has no look-ahead, look-behind or back-references; it matches the whole text";
  }
  if (found.empty()) return;
  if ((match.regex ? *match.regex : *match.prefix).empty()) help = "write {} if it only has to be there";
  const yaml::Position at = match.text_at.line != 0 ? match.text_at : match.at;
  reading.error(at, std::move(found), std::move(help)).path = std::move(path);
}

}  // namespace outrider::config
