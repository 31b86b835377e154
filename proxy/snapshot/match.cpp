#include "proxy/snapshot/match.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/base/ascii.hpp"

namespace outrider::proxy {
namespace {

// A pattern of a policy is short; what it may cost to compile is bounded here.
constexpr std::int64_t regex_memory = 1 << 20;

std::shared_ptr<const re2::RE2> compile_regex(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(regex_memory);
  return std::make_shared<const re2::RE2>(pattern, options);
}

bool whole(const re2::RE2& regex, std::string_view text) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

bool starts_with(std::string_view text, std::string_view prefix, bool ignore_case) {
  if (!ignore_case) return text.starts_with(prefix);
  return text.size() >= prefix.size() &&
         ascii::equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool ends_with(std::string_view text, std::string_view suffix, bool ignore_case) {
  if (!ignore_case) return text.ends_with(suffix);
  return text.size() >= suffix.size() &&
         ascii::equals_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

bool contains(std::string_view text, std::string_view part, bool ignore_case) {
  if (!ignore_case) return text.find(part) != std::string_view::npos;
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    if (ascii::equals_ignoring_case(text.substr(at, part.size()), part)) return true;
  }
  return false;
}

// The next segment of a path that starts behind a slash; `rest` becomes what follows its slash.
std::string_view next_segment(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return segment;
}

bool segment_matches(std::string_view pattern, std::string_view segment) {
  return pattern == "*" ? !segment.empty() : pattern == segment;
}

// `{*}`, `{name}`, `{name=*}` are `*`; `{**}`, `{name=**}` are `**`; nothing: not understood.
std::string_view operator_of(std::string_view segment) {
  if (segment == "*" || segment == "**") return segment;
  if (segment.size() < 3 || !segment.starts_with('{') || !segment.ends_with('}')) return {};
  segment = segment.substr(1, segment.size() - 2);
  if (const std::size_t equals = segment.find('='); equals != std::string_view::npos) {
    segment = segment.substr(equals + 1);
    return segment == "*" || segment == "**" ? segment : std::string_view{};
  }
  if (segment == "**") return segment;
  if (segment == "*" || segment.find_first_of("*{}") == std::string_view::npos) return "*";
  return {};
}

}  // namespace

Result<StringMatcher> StringMatcher::make(Kind kind, std::string text, bool ignore_case) {
  StringMatcher matcher;
  matcher.kind_ = kind;
  matcher.ignore_case_ = ignore_case;
  matcher.text_ = std::move(text);
  if (kind == Kind::Regex) {
    if (ignore_case) return fail("ignore_case has no meaning for a regex; write (?i) in it");
    matcher.regex_ = compile_regex(matcher.text_);
    if (!matcher.regex_->ok()) {
      return fail(fmt::format("regex \"{}\": {}", matcher.text_, matcher.regex_->error()));
    }
  }
  return matcher;
}

StringMatcher StringMatcher::exact(std::string text) {
  StringMatcher matcher;
  matcher.text_ = std::move(text);
  return matcher;
}

bool StringMatcher::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::Exact:
      return ignore_case_ ? ascii::equals_ignoring_case(text, text_) : text == text_;
    case Kind::Prefix:
      return starts_with(text, text_, ignore_case_);
    case Kind::Suffix:
      return ends_with(text, text_, ignore_case_);
    case Kind::Contains:
      return contains(text, text_, ignore_case_);
    case Kind::Regex:
      return whole(*regex_, text);
  }
  return false;
}

std::string StringMatcher::describe() const {
  switch (kind_) {
    case Kind::Exact:
      return text_;
    case Kind::Prefix:
      return text_ + "*";
    case Kind::Suffix:
      return "*" + text_;
    case Kind::Contains:
      return "*" + text_ + "*";
    case Kind::Regex:
      return "~" + text_;
  }
  return {};
}

void HeaderMatcher::set_name(std::string_view header) {
  name = ascii::to_lower(header);
  id = protocol::header_name(name);
  if (name == ":method") subject = Subject::Method;
  if (name == ":path") subject = Subject::Path;
  if (name == ":authority" || name == "host") subject = Subject::Authority;
  if (name == ":scheme") subject = Subject::Scheme;
}

namespace {

bool value_matches(const HeaderMatcher& matcher, std::string_view value) {
  if (matcher.kind == HeaderMatcher::Kind::Text) return matcher.text.matches(value);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && end == value.data() + value.size() && !value.empty() &&
         number >= matcher.first && number < matcher.end;
}

bool field_is(const HeaderMatcher& matcher, const protocol::HeaderField& field) {
  if (matcher.id != protocol::HeaderName::Other) return field.id == matcher.id;
  return field.id == protocol::HeaderName::Other && field.name == matcher.name;
}

// Several fields of one name: rare, so the joined text may cost an allocation the first time.
bool joined_matches(const HeaderMatcher& matcher, const protocol::Head& head) {
  thread_local std::string joined;
  joined.clear();
  bool first = true;
  bool single = false;
  for (const protocol::HeaderField& field : head.fields.fields()) {
    if (!field_is(matcher, field)) continue;
    if (!first) joined += ',';
    first = false;
    joined += field.value;
    single = single || (matcher.any_value && value_matches(matcher, field.value));
  }
  return single || value_matches(matcher, joined);
}

}  // namespace

bool HeaderMatcher::matches(const protocol::Head& head) const {
  std::string_view value;
  int count = 0;
  switch (subject) {
    case Subject::Field:
      for (const protocol::HeaderField& field : head.fields.fields()) {
        if (!field_is(*this, field)) continue;
        if (++count == 1) value = field.value;
      }
      break;
    case Subject::Method:
      value = head.method;
      count = 1;
      break;
    case Subject::Path:
      value = head.path;
      count = 1;
      break;
    case Subject::Authority:
      value = head.authority;
      count = value.empty() ? 0 : 1;
      break;
    case Subject::Scheme:
      value = head.scheme;
      count = value.empty() ? 0 : 1;
      break;
  }
  if (kind == Kind::Present) return ((count > 0) == present) != invert;
  if (count == 0 && !missing_is_empty) return false;
  return (count > 1 ? joined_matches(*this, head) : value_matches(*this, value)) != invert;
}

bool PathMatcher::matches(std::string_view path) const {
  switch (kind) {
    case Kind::Prefix:
      return starts_with(path, text, ignore_case);
    case Kind::Exact:
      return ignore_case ? ascii::equals_ignoring_case(path, text) : path == text;
    case Kind::Regex:
      return whole(*regex, path);
    case Kind::SegmentPrefix:
      return starts_with(path, text, ignore_case) &&
             (path.size() == text.size() || path[text.size()] == '/');
  }
  return false;
}

PathGlance PathGlance::of(const PathMatcher& matcher) {
  if (matcher.ignore_case || matcher.kind == PathMatcher::Kind::Regex) return {};
  const std::string all(std::min(matcher.text.size(), sizeof(std::uint64_t)), '\xff');
  return {first_bytes(all), first_bytes(matcher.text)};
}

Result<PathMatcher> PathMatcher::make_regex(std::string pattern) {
  PathMatcher matcher;
  matcher.kind = Kind::Regex;
  matcher.text = std::move(pattern);
  matcher.regex = compile_regex(matcher.text);
  if (!matcher.regex->ok()) {
    return fail(fmt::format("regex \"{}\": {}", matcher.text, matcher.regex->error()));
  }
  return matcher;
}

bool QueryMatcher::matches(std::string_view query) const {
  while (!query.empty()) {
    const std::size_t next = query.find('&');
    const std::string_view parameter = query.substr(0, next);
    const std::size_t equals = parameter.find('=');
    if (parameter.substr(0, equals) == name) {
      if (present) return true;
      return text.matches(equals == std::string_view::npos ? std::string_view{}
                                                           : parameter.substr(equals + 1));
    }
    if (next == std::string_view::npos) break;
    query.remove_prefix(next + 1);
  }
  return false;
}

Result<UriTemplate> UriTemplate::make(std::string_view text) {
  if (!text.starts_with('/')) return fail(fmt::format("path template \"{}\": has to start with /", text));
  UriTemplate result;
  result.text_ = text;
  std::string_view rest = text.substr(1);
  bool more = true;
  while (more) {
    std::string_view segment = next_segment(rest, more);
    if (const std::string_view op = operator_of(segment); !op.empty()) {
      segment = op;
    } else if (segment.find_first_of("*{}") != std::string_view::npos) {
      return fail(fmt::format("path template \"{}\": \"{}\" is neither a literal segment nor one of "
                              "{{*}} and {{**}}", text, segment));
    }
    if (segment == "**") {
      if (result.open_) return fail(fmt::format("path template \"{}\": more than one {{**}}", text));
      result.open_ = true;
    } else {
      (result.open_ ? result.after_ : result.before_).emplace_back(segment);
    }
  }
  return result;
}

bool UriTemplate::matches(std::string_view path) const {
  if (!path.starts_with('/')) return false;
  std::string_view rest = path.substr(1);
  bool more = true;
  for (const std::string& pattern : before_) {
    if (!more || !segment_matches(pattern, next_segment(rest, more))) return false;
  }
  if (!open_) return !more;
  if (!more) return false;  // /a/** needs the slash behind a, as in Envoy
  // Segments behind `**` are compared from the end.
  for (auto pattern = after_.rbegin(); pattern != after_.rend(); ++pattern) {
    const std::size_t slash = rest.rfind('/');
    const bool last = slash == std::string_view::npos;
    if (!more) return false;
    if (!segment_matches(*pattern, last ? rest : rest.substr(slash + 1))) return false;
    rest = last ? std::string_view{} : rest.substr(0, slash);
    more = !last;
  }
  return true;
}

}  // namespace outrider::proxy
