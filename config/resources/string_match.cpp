#include "config/resources/string_match.hpp"

#include <fmt/format.h>

#include "config/resources/rules.hpp"

namespace outrider::config {

void describe(Fields& f, StringMatch& m) {
  int given = 0;
  const auto took = [&](bool there, StringMatch::Kind kind) {
    if (!there) return;
    m.kind = kind;
    ++given;
  };
  took(f.field("exact", m.value), StringMatch::Kind::Exact);
  took(f.field("prefix", m.value,
               [](const Node& node, const std::string& value) {
                 if (!value.empty()) return;
                 node.error(fmt::format("{}: prefix string match should not be empty",
                                        node.path.parent->text()));
               }),
       StringMatch::Kind::Prefix);
  took(f.field("regex", m.value,
               [](const Node& node, const std::string& value) {
                 if (!value.empty()) return regular_expression(node, value);
                 node.error(fmt::format("{}: regex string match should not be empty",
                                        node.path.parent->text()));
               }),
       StringMatch::Kind::Regex);
  if (given > 1) {
    f.error("", fmt::format("{}: only one of exact, prefix and regex can be given", f.path()));
  }
  // Istio takes a regex that matches everything for "is there".
  if (m.kind == StringMatch::Kind::Regex && m.value == "*") m = {};
}

}  // namespace outrider::config
