#include "config/resources/cel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// What an expression is, as far as macros ask.
enum class Shape { Name, Selection, Other };

struct Wrong {
  std::string what;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { next(); }

  void whole() {
    expression();
    if (kind_ != Kind::End) refuse(fmt::format("unexpected '{}'", token_));
  }

 private:
  enum class Kind { End, Name, Literal, Sign };

  [[noreturn]] void refuse(std::string_view what) const {
    throw Wrong{fmt::format("at {}: {}", at_ - token_.size() + 1, what)};
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
  static bool letter(char c) { return ascii::is_alpha(c) || c == '_'; }

  void skip_space() {
    while (at_ < text_.size()) {
      if (std::string_view(" \t\r\n\f").find(peek()) != std::string_view::npos) {
        ++at_;
      } else if (text_.substr(at_).starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }

  void next() {
    skip_space();
    const std::size_t begin = at_;
    if (at_ >= text_.size()) {
      kind_ = Kind::End;
      token_ = {};
      return;
    }
    if (string_begins()) {
      kind_ = Kind::Literal;
      string();
    } else if (letter(peek())) {
      while (letter(peek()) || digit(peek())) ++at_;
      const std::string_view word = text_.substr(begin, at_ - begin);
      kind_ = word == "true" || word == "false" || word == "null" ? Kind::Literal
              : word == "in"                                     ? Kind::Sign
                                                                 : Kind::Name;
    } else if (digit(peek()) || (peek() == '.' && digit(peek(1)))) {
      kind_ = Kind::Literal;
      number();
    } else {
      kind_ = Kind::Sign;
      sign();
    }
    token_ = text_.substr(begin, at_ - begin);
  }

  void sign() {
    for (const std::string_view two : {"==", "!=", "<=", ">=", "&&", "||"}) {
      if (text_.substr(at_).starts_with(two)) {
        at_ += 2;
        return;
      }
    }
    if (std::string_view("<>+-*/%!?:.,()[]{}").find(peek()) == std::string_view::npos)
      throw Wrong{fmt::format("at {}: unknown character", at_ + 1)};
    ++at_;
  }

  void number() {
    const std::size_t begin = at_;
    const auto digits = [&] {
      while (digit(peek())) ++at_;
    };
    int base = 10;
    bool whole = true;
    if (peek() == '0' && peek(1) == 'x' && hex(peek(2))) {
      base = 16;
      at_ += 2;
      while (hex(peek())) ++at_;
    } else {
      digits();
      if (peek() == '.' && digit(peek(1))) {
        whole = false;
        ++at_;
        digits();
      }
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if ((peek() == 'e' || peek() == 'E') && digit(peek(1 + sign))) {
        whole = false;
        at_ += 1 + sign;
        digits();
      }
    }
    if (!whole) return;
    const char* from = text_.data() + begin + (base == 16 ? 2 : 0);
    std::uint64_t value = 0;
    const bool fits = std::from_chars(from, text_.data() + at_, value, base).ec == std::errc{};
    const bool is_unsigned = peek() == 'u' || peek() == 'U';
    if (is_unsigned) ++at_;
    // -9223372036854775808 is written with this one's sign.
    if (!fits || (!is_unsigned && value > std::uint64_t{1} << 63U))
      throw Wrong{fmt::format("at {}: a number that is too large", begin + 1)};
  }

  // Up to two prefixes, r (raw) and b (bytes), and a quote.
  bool string_begins() const {
    std::size_t i = 0;
    while (i < 2 && (ascii::equals_ignoring_case(text_.substr(at_ + i, 1), "r") ||
                     ascii::equals_ignoring_case(text_.substr(at_ + i, 1), "b")))
      ++i;
    if (i == 2 && ascii::equals_ignoring_case(text_.substr(at_, 1), text_.substr(at_ + 1, 1))) return false;
    return peek(i) == '"' || peek(i) == '\'';
  }

  void string() {
    const std::size_t begin = at_;
    bool raw = false;
    for (; peek() != '"' && peek() != '\''; ++at_) raw |= peek() == 'r' || peek() == 'R';
    const std::string three(3, peek());
    const bool lines = text_.substr(at_).starts_with(three);
    const std::string_view quote = std::string_view(three).substr(0, lines ? 3 : 1);
    at_ += quote.size();
    while (!text_.substr(std::min(at_, text_.size())).starts_with(quote)) {
      const bool line_end = peek() == '\n' || peek() == '\r';
      if (at_ >= text_.size() || (line_end && !lines))
        throw Wrong{fmt::format("at {}: a quote that is never closed", begin + 1)};
      if (peek() == '\\' && !raw) {
        escape();
      } else {
        ++at_;
      }
    }
    at_ += quote.size();
  }

  void escape() {
    const char c = peek(1);
    const std::size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    bool fine = digits > 0 || (c != '\0' && std::string_view("abfnrtv\"'\\?`").find(c) != std::string_view::npos);
    for (std::size_t i = 0; i < digits; ++i) fine = fine && hex(peek(2 + i));
    std::size_t length = 2 + digits;
    if (c >= '0' && c <= '3') {
      const auto octal = [](char d) { return d >= '0' && d <= '7'; };
      fine = octal(peek(2)) && octal(peek(3));
      length = 4;
    }
    if (!fine) throw Wrong{fmt::format("at {}: an unknown escape", at_ + 1)};
    at_ += length;
  }

  bool is(std::string_view sign) const { return kind_ == Kind::Sign && token_ == sign; }
  bool take(std::string_view sign) {
    if (!is(sign)) return false;
    next();
    return true;
  }
  void need(std::string_view sign) {
    if (!take(sign)) refuse(fmt::format("'{}' is missing", sign));
  }

  Shape expression() {
    constexpr int deepest = 250;
    if (++depth_ > deepest) refuse("nested too deep");
    Shape shape = either();
    if (take("?")) {
      (void)either();
      need(":");
      (void)expression();
      shape = Shape::Other;
    }
    --depth_;
    return shape;
  }

  // The binary operators; how they bind says nothing about what is well-formed, so they are one level.
  Shape either() {
    constexpr std::string_view operators[] = {"||", "&&", "<", "<=", ">=", ">", "==", "!=",
                                              "in", "+",  "-", "*",  "/",  "%"};
    Shape shape = unary();
    while (std::any_of(std::begin(operators), std::end(operators), [&](auto o) { return is(o); })) {
      next();
      (void)unary();
      shape = Shape::Other;
    }
    return shape;
  }

  Shape unary() {
    if (!is("!") && !is("-")) return member();
    const std::string_view sign = token_;
    while (is(sign)) next();
    (void)member();
    return Shape::Other;
  }

  Shape member() {
    std::string_view name = token_;
    Shape shape = primary();
    for (bool names_only = shape == Shape::Name;;) {
      if (take(".")) {
        if (kind_ != Kind::Name) refuse("a name is missing after the dot");
        name = token_;
        next();
        shape = Shape::Selection;
        if (take("(")) {
          names_only = false;
          call_on(name);
          shape = Shape::Other;
        }
      } else if (take("[")) {
        names_only = false;
        (void)expression();
        need("]");
        shape = Shape::Other;
      } else if (names_only && is("{")) {
        next();
        fields();
        shape = Shape::Other;
        names_only = false;
      } else {
        return shape;
      }
    }
  }

  Shape primary() {
    if (kind_ == Kind::Literal) {
      next();
      return Shape::Other;
    }
    if (take("-")) {  // of a number; any other was taken by unary()
      if (kind_ != Kind::Literal || (!digit(token_[0]) && token_[0] != '.')) refuse("unexpected sign");
      next();
      return Shape::Other;
    }
    if (take("(")) {
      const Shape shape = expression();
      need(")");
      return shape == Shape::Name ? Shape::Other : shape;  // no message is named in parentheses
    }
    if (take("[")) {
      arguments("]", true);
      return Shape::Other;
    }
    if (take("{")) {
      entries();
      return Shape::Other;
    }
    (void)take(".");
    if (kind_ != Kind::Name) refuse(kind_ == Kind::End ? "something is missing" : "unexpected sign");
    constexpr std::string_view reserved[] = {"as",        "break", "const",   "continue", "else",  "for",
                                             "function",  "if",    "import",  "let",      "loop",  "package",
                                             "namespace", "return", "var",    "void",     "while"};
    const std::string_view name = token_;
    next();
    if (!is("{") && std::find(std::begin(reserved), std::end(reserved), name) != std::end(reserved)) {
      refuse(fmt::format("reserved identifier: {}", name));
    }
    if (!take("(")) return Shape::Name;
    Shape first = Shape::Other;
    const int count = arguments(")", false, &first);
    if (name == "has" && count == 1 && first != Shape::Selection) refuse("invalid argument to has() macro");
    return Shape::Other;
  }

  // a.name(...): the macros that bind a variable ask for its name first.
  void call_on(std::string_view name) {
    Shape first = Shape::Other;
    const int count = arguments(")", false, &first);
    const bool macro = ((name == "all" || name == "exists" || name == "exists_one" || name == "filter") && count == 2) ||
                       (name == "map" && (count == 2 || count == 3));
    if (macro && first != Shape::Name) refuse("argument must be a simple name");
  }

  int arguments(std::string_view end, bool may_end_with_comma, Shape* first = nullptr) {
    int count = 0;
    while (!take(end)) {
      if (count > 0) {
        need(",");
        if (may_end_with_comma && take(end)) return count;
      }
      const Shape shape = expression();
      if (count++ == 0 && first != nullptr) *first = shape;
    }
    return count;
  }

  void entries() {
    for (int count = 0; !take("}"); ++count) {
      if (count > 0) {
        need(",");
        if (take("}")) return;
      }
      (void)expression();
      need(":");
      (void)expression();
    }
  }

  void fields() {
    for (int count = 0; !take("}"); ++count) {
      if (count > 0) {
        need(",");
        if (take("}")) return;
      }
      if (kind_ != Kind::Name) refuse("a field's name is missing");
      next();
      need(":");
      (void)expression();
    }
  }

  std::string_view text_, token_;
  std::size_t at_ = 0;
  Kind kind_ = Kind::End;
  int depth_ = 0;
};

}  // namespace

std::string cel_complaint(std::string_view expression) {
  try {
    Parser(expression).whole();
    return {};
  } catch (const Wrong& wrong) {
    return wrong.what;
  }
}

}  // namespace outrider::config
