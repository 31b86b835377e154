#include "config/resources/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/analysis/code_pages.hpp"
#include "config/resources/kinds.hpp"
#include "core/base/ascii.hpp"

namespace outrider::config {
namespace {

// Field names without "spec", "[0]" and case: people paste paths from messages.
std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> steps;
  for (std::string_view step : ascii::split(path, '.')) {
    step = step.substr(0, step.find('['));
    if (!step.empty() && step != "spec") steps.emplace_back(step);
  }
  return steps;
}

const Acting::Field* acting_field(const FieldInfo& field) {
  const Acting* row = acting(field.message);
  return row == nullptr ? nullptr : row->find(field.name);
}

// "acts", "checked only", or which values act.
std::string acts(const Kind& kind, const FieldInfo& field, bool above) {
  const Acting::Field* row = acting_field(field);
  if (!above || !kind.acts() || row == nullptr)
    return "no: it is read and checked, and refused where it would have to act";
  if (row->values.empty()) return "yes";
  return fmt::format("yes, with {}", fmt::join(row->values, ", "));
}

std::string summary(const Kind& kind, const FieldInfo& field, bool above) {
  const Acting::Field* row = acting_field(field);
  const bool active = above && kind.acts() && row != nullptr;
  return fmt::format("  {}{:<26} {}{}\n", active ? " " : "-", field.name, field.about.meaning,
                     *field.about.otherwise != '\0' ? fmt::format(" ({})", field.about.otherwise) : "");
}

std::string list(const Kind& kind, const std::vector<FieldInfo>& fields, bool above) {
  std::string out = "\nFields (- : does not act yet; in brackets what holds without it):\n";
  for (const FieldInfo& field : fields) out += summary(kind, field, above);
  return out;
}

std::string kind_page(const Kind& kind) {
  std::string out =
      fmt::format("{}{}{}\n\n{}\n", kind.name, kind.group.empty() ? "" : ", ", kind.group, kind.about);
  if (kind.fields == nullptr) return out + "\nActs: no, and it will not come.\n";
  out += fmt::format("\nActs: {}\n", kind.acts() ? "yes" : "not yet; its files are read and checked");
  out += list(kind, kind.fields(), true);
  return out + fmt::format("\nMore: outriderctl explain {}.FIELD\n", kind.name);
}

std::string field_page(const Kind& kind, const std::string& path, const FieldInfo& field, bool above) {
  std::string out = fmt::format("{}.{}\n\n{}.\n\n", kind.name, path, field.about.meaning);
  out += fmt::format("Type:    {}\n", field.type);
  out += fmt::format("Default: {}\n", *field.about.otherwise != '\0' ? field.about.otherwise : "none");
  std::vector<std::string> rules = field.rules;
  std::erase(rules, "");
  if (!rules.empty()) out += fmt::format("Must be: {}\n", fmt::join(rules, "; "));
  out += fmt::format("Acts:    {}\n", acts(kind, field, above));
  out +=
      fmt::format("Istio:   {}\n", *field.about.differs != '\0' ? field.about.differs : "means the same");
  if (field.fields != nullptr) {
    out += list(kind, field.fields(), above && acting_field(field) != nullptr);
    out += fmt::format("\nMore: outriderctl explain {}.{}.FIELD\n", kind.name, path);
  }
  return out;
}

const Kind* kind_called(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> shorts[] = {
      {"vs", "VirtualService"},       {"dr", "DestinationRule"},
      {"se", "ServiceEntry"},         {"gw", "Gateway"},
      {"pa", "PeerAuthentication"},   {"ap", "AuthorizationPolicy"},
      {"ra", "RequestAuthentication"}};
  for (const auto& [brief, whole] : shorts) {
    if (ascii::equals_ignoring_case(brief, name)) return find_kind(whole);
  }
  for (const Kind& kind : kinds()) {
    if (ascii::equals_ignoring_case(kind.name, name)) return &kind;
  }
  return nullptr;
}

std::string unknown(std::string_view what, const std::vector<std::string_view>& known) {
  const std::string_view meant = ascii::closest(what, known);
  return fmt::format("there is no {}{}", what,
                     meant.empty() ? fmt::format("; there are {}", fmt::join(known, ", "))
                                   : fmt::format("; did you mean {}?", meant));
}

}  // namespace

std::expected<std::string, std::string> explain(std::string_view what) {
  if (const CodePage* page = code_page(what))
    return fmt::format("{}: {}\n\n{}\n", page->code, page->title, page->text);
  const std::size_t dot = std::min(what.find('.'), what.size());
  const Kind* kind = kind_called(what.substr(0, dot));
  if (kind == nullptr) {
    std::vector<std::string_view> known;
    for (const Kind& each : kinds()) known.push_back(each.name);
    for (const CodePage& page : code_pages()) known.push_back(page.code);
    return std::unexpected(unknown(what.substr(0, dot), known));
  }
  std::vector<FieldInfo> (*fields)() = kind->fields;
  std::string page = kind_page(*kind), path;
  bool above = true;
  for (const std::string& step : steps_of(what.substr(std::min(dot + 1, what.size())))) {
    if (fields == nullptr) return std::unexpected(fmt::format("{}.{} has no fields", kind->name, path));
    const std::vector<FieldInfo> all = fields();
    const auto found = std::find_if(all.begin(), all.end(), [&](const FieldInfo& f) {
      return ascii::equals_ignoring_case(f.name, step);
    });
    if (found == all.end()) {
      std::vector<std::string_view> known;
      for (const FieldInfo& field : all) known.push_back(field.name);
      return std::unexpected(unknown(step, known));
    }
    path += (path.empty() ? "" : ".") + found->name;
    page = field_page(*kind, path, *found, above);
    above = above && acting_field(*found) != nullptr;
    fields = found->fields;
  }
  return page;
}

}  // namespace outrider::config
