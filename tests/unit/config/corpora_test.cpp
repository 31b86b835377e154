// Istio's own files with known answers: the verdict is Istio's, but for the cases of
// testdata/differences.txt.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "config/resources/kinds.hpp"
#include "config/resources/spec.hpp"
#include "config/yaml/document.hpp"
#include "config/yaml/print.hpp"
#include "config/yaml/source.hpp"
#include "core/base/ascii.hpp"
#include "tests/unit/config/corpora.hpp"
#include "tests/unit/config/meshes.hpp"

using namespace outrider;
using namespace outrider::config;
using namespace outrider::config::test;

namespace {

struct Case {
  std::string id;  // "validation/TestX/case"
  std::string text;
  std::string kind;
  std::string verdict;  // "" where nothing is known
  std::string words;    // that the message has to contain
};

const yaml::Value* at(const yaml::Value* value, std::initializer_list<std::string_view> path) {
  for (const std::string_view key : path) {
    const yaml::Entry* entry = value == nullptr ? nullptr : value->find(key);
    value = entry == nullptr ? nullptr : &entry->value;
  }
  return value;
}

std::string text_at(const yaml::Value& root, std::initializer_list<std::string_view> path) {
  const yaml::Value* value = at(&root, path);
  return value == nullptr ? "" : value->text;
}

// Without the lines of the answer, which are no part of a resource.
std::string without_answer(const std::string& text) {
  std::istringstream in(text);
  std::string line, out;
  while (std::getline(in, line)) {
    if (!line.starts_with("_err")) out += line + "\n";
  }
  return out;
}

std::vector<Case> cases_of(const std::filesystem::path& folder) {
  std::vector<Case> cases;
  const auto files = read_directory(folder);
  REQUIRE(files);
  for (const SourceFile& file : *files) {
    const std::string stem = std::filesystem::path(file.path).stem().string();
    const auto documents = yaml::parse(file.text);
    REQUIRE(documents);
    for (const yaml::Document& document : *documents) {
      REQUIRE(document.root);
      const yaml::Value& root = *document.root;
      const std::string of_case = text_at(root, {"metadata", "annotations", "conformance/case"});
      Case c{fmt::format("{}/{}/{}", folder.filename().string(), stem,
                         of_case.empty() ? text_at(root, {"metadata", "name"}) : of_case),
             without_answer(document.text), text_at(root, {"kind"}), "", ""};
      const std::string valid = text_at(root, {"metadata", "annotations", "conformance/valid"});
      const std::string warning = text_at(root, {"metadata", "annotations", "conformance/warning"});
      const yaml::Value* refused = at(&root, {"_err"});
      if (valid == "false" || refused != nullptr) {
        c.verdict = "invalid";
        c.words = refused != nullptr
                      ? refused->text
                      : text_at(root, {"metadata", "annotations", "conformance/err-contains"});
      } else if (!valid.empty()) {
        c.verdict = warning.empty() ? "no error" : warning == "false" ? "valid" : "warning";
      } else if (folder.filename() == "crd") {
        c.verdict = "no error";
      }
      cases.push_back(std::move(c));
    }
  }
  return cases;
}

Loaded judge(const std::string& text, bool strict) {
  const SourceFile file{"case.yaml", text};
  return load(std::span(&file, 1), {.strict_istio = strict, .inactive = Level::Info});
}

std::string verdict_of(const Loaded& loaded) {
  if (!loaded.ok()) return "invalid";
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.level == Level::Warning) return "warning";
  }
  return "valid";
}

bool agrees(const std::string& wanted, const std::string& verdict) {
  return wanted == verdict || (wanted == "no error" && verdict != "invalid");
}

// "id => reason", one a line.
std::map<std::string, std::string> differences() {
  std::map<std::string, std::string> known;
  std::ifstream in(testdata("differences.txt"));
  for (std::string line; std::getline(in, line);) {
    const std::size_t arrow = line.find(" => ");
    if (!line.starts_with('#') && arrow != std::string::npos)
      known[line.substr(0, arrow)] = line.substr(arrow + 4);
  }
  return known;
}

bool recognised_only(const std::string& kind) {
  const Kind* found = find_kind(kind);
  return found != nullptr && found->read_spec == nullptr;
}

}  // namespace

TEST_CASE("the verdict on Istio's own cases is Istio's, and its words are ours") {
  const auto folder = corpora_folder();
  if (!folder) return;
  const auto known = differences();
  std::set<std::string> used;
  std::map<std::string, std::pair<int, int>> counts;  // corpus and kind -> alike, all
  for (const char* corpus : {"validation", "crd"}) {
    for (const Case& c : cases_of(*folder / corpus)) {
      if (recognised_only(c.kind)) continue;  // refused in a sentence, whatever they say
      CAPTURE(c.id);
      const Loaded loaded = judge(c.text, std::string_view(corpus) == "validation");
      const std::string verdict = verdict_of(loaded);
      const bool alike = agrees(c.verdict, verdict);
      auto& [same, all] = counts[fmt::format("{} {}", corpus, c.kind)];
      ++all;
      same += alike ? 1 : 0;
      if (known.contains(c.id)) {
        if (!alike) used.insert(c.id);
        continue;
      }
      CHECK_MESSAGE(alike, c.id, ": ", c.verdict, " for Istio, ", verdict, " for us");
      if (c.words.empty()) continue;
      const auto says = [&](const Diagnostic& d) {
        return ascii::to_lower(d.message).find(ascii::to_lower(c.words)) != std::string::npos;
      };
      const bool said = std::any_of(loaded.diagnostics.begin(), loaded.diagnostics.end(), says);
      std::string ours;
      for (const Diagnostic& d : loaded.diagnostics) ours += d.message + "\n";
      CHECK_MESSAGE(said, c.id, ": Istio says ", c.words, "; we say ", ours);
    }
  }
  int same = 0, all = 0;
  std::string table;
  for (const auto& [what, count] : counts) {
    table += fmt::format("\n{:<40} {}/{}", what, count.first, count.second);
    same += count.first;
    all += count.second;
  }
  MESSAGE(table);
  CHECK(same * 100 >= all * 99);
  for (const auto& [id, reason] : known)
    CHECK_MESSAGE(used.contains(id), id, " is listed as a difference and is none");
}

TEST_CASE("Istio's samples and the examples of its reference load, and warn only where Istio does") {
  const auto folder = corpora_folder();
  if (!folder) return;
  // Each with Istio's own reason, or its cluster's.
  const std::set<std::string> justified{
      "virtualService rule #1 not used (only the last rule can have no matches)",
      "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to the use of "
      "only HTTP "
      "attributes in a DENY rule; it is recommended to explicitly specify the port",
      "address is unset with network \"cluster-2-network\"",
      "metadata.namespace: a cluster refuses the capitals of \"nsA\"",
      "metadata.namespace: a cluster refuses the capitals of \"nsB\"",
  };
  int loaded_documents = 0;
  for (const char* corpus : {"samples", "proto-examples", "authz"}) {
    const auto files = read_directory(*folder / corpus);
    REQUIRE(files);
    for (const SourceFile& file : *files) {
      if (file.path.ends_with("-out.yaml") || file.path.ends_with("-out1.yaml") ||
          file.path.ends_with("-out2.yaml"))
        continue;
      const Loaded loaded = load(std::span(&file, 1), {.inactive = Level::Info});
      for (const LoadedDocument& document : loaded.documents) {
        for (std::size_t i = document.first; i < document.end; ++i) {
          const Diagnostic& d = loaded.diagnostics[i];
          const bool instead = d.code == "OUT0002" && recognised_only(document.key.kind);
          const bool gateway_api = d.message.find("gateway.networking.k8s.io") != std::string::npos;
          const bool foreign = d.code == "OUT0003";
          const bool authz_data =
              std::string_view(corpus) == "authz" && d.code == "IST0167";  // "method" as a method
          if (d.level == Level::Info || instead || gateway_api || foreign || authz_data) continue;
          CHECK_MESSAGE((d.level == Level::Warning && justified.contains(d.message)), render(d, false));
        }
        ++loaded_documents;
      }
    }
  }
  MESSAGE(loaded_documents, " documents");
  CHECK(loaded_documents > 250);
}

namespace {

double duration_of(std::string_view text) {
  double total = 0;
  while (!text.empty()) {
    std::size_t used = 0;
    const double number = std::stod(std::string(text), &used);
    text.remove_prefix(used);
    const std::size_t unit = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view name = text.substr(0, unit);
    total += number * (name == "h"    ? 3600
                       : name == "m"  ? 60
                       : name == "ms" ? 1e-3
                       : name == "us" ? 1e-6
                                      : 1);
    text.remove_prefix(unit);
  }
  return total;
}

bool same_scalar(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const bool numeric = !a.empty() && !b.empty() &&
                       a.find_first_not_of("0123456789.eE+-hmsu") == std::string::npos &&
                       (ascii::is_digit(a[0]) || a[0] == '.' || a[0] == '-') && ascii::is_digit(b[0]);
  return numeric && std::abs(duration_of(a) - duration_of(b)) < 1e-9;
}

// Says nothing that leaving it out would not say.
bool is_default(const yaml::Value& value) {
  if (value.shape == yaml::Shape::Scalar) {
    const std::set<std::string> zeros{"",
                                      "0",
                                      "0.0",
                                      "false",
                                      "ALLOW",
                                      "UNSET",
                                      "NONE",
                                      "MESH_EXTERNAL",
                                      "PASSTHROUGH",
                                      "DISABLE",
                                      "DEFAULT",
                                      "REGISTRY_ONLY",
                                      "CLIENT_AND_SERVER",
                                      "UPSERT",
                                      "ALL_METRICS",
                                      "V1",
                                      "FROM_PROTOCOL_DEFAULT",
                                      "UNSPECIFIED",
                                      "DO_NOT_UPGRADE",
                                      "TLS_AUTO"};
    return zeros.contains(value.text);
  }
  return std::all_of(value.items.begin(), value.items.end(), is_default) &&
         std::all_of(value.entries.begin(), value.entries.end(),
                     [](const auto& e) { return is_default(e.value); });
}

std::string camel(const std::string& key) {
  std::string out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '_' && i + 1 < key.size()) {
      out += static_cast<char>(std::toupper(key[++i]));
    } else {
      out += key[i];
    }
  }
  return out;
}

// Whatever the source says, the printed form says as well; `where` names the first thing that it does not.
bool says_all(const yaml::Value& source, const yaml::Value& printed, std::string& where) {
  if (source.shape == yaml::Shape::Null) return true;
  if (source.shape == yaml::Shape::Scalar)
    return printed.shape == source.shape && same_scalar(source.text, printed.text);
  for (const yaml::Entry& entry : source.entries) {
    const yaml::Entry* other = printed.find(entry.key);
    if (other == nullptr) other = printed.find(camel(entry.key));
    if (other == nullptr && (entry.value.shape == yaml::Shape::Null || is_default(entry.value))) continue;
    if (other != nullptr && says_all(entry.value, other->value, where)) continue;
    if (where.empty()) where = entry.key;
    return false;
  }
  if (source.items.size() != printed.items.size()) return false;
  for (std::size_t i = 0; i < source.items.size(); ++i) {
    if (!says_all(source.items[i], printed.items[i], where)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE(
    "what is read, printed in its canonical form and read again is the same, and nothing of the source is "
    "lost") {
  const auto folder = corpora_folder();
  if (!folder) return;
  int count = 0;
  for (const char* corpus : {"validation", "crd", "samples", "proto-examples", "authz"}) {
    for (const Case& c : [&] {
           std::vector<Case> all;
           const auto files = read_directory(*folder / corpus);
           REQUIRE(files);
           for (const SourceFile& file : *files) {
             const auto documents = yaml::parse(file.text);
             if (!documents) continue;
             for (const yaml::Document& d : *documents)
               all.push_back({file.path, without_answer(d.text), "", "", ""});
           }
           return all;
         }()) {
      const Loaded loaded = judge(c.text, false);
      if (!loaded.ok() || loaded.mesh.size() != 1) continue;
      bool ours = false;  // what Outrider takes for what its author meant is printed as that
      for (const Diagnostic& d : loaded.diagnostics)
        ours = ours || d.code == "OUT0005" || d.code == "OUT0006";
      const Resource& first = *loaded.mesh.resources().front();
      const Kind& kind = *find_kind(first.key().kind);
      const yaml::Value printed = kind.print_spec(first.spec());
      CAPTURE(c.text);
      CAPTURE(yaml::print(printed));
      const auto source = yaml::parse(c.text);
      const yaml::Value* spec = at(&*source->front().root, {"spec"});
      std::string lost;
      if (spec != nullptr && !ours) CHECK_MESSAGE(says_all(*spec, printed, lost), lost);
      yaml::Value whole{yaml::Shape::Map, {}, false, {}, {}, {}};
      whole.entries = {
          {"apiVersion", {}, print(first.api_version())},
          {"kind", {}, print(first.key().kind)},
          {"metadata",
           {},
           {yaml::Shape::Map,
            {},
            false,
            {},
            {},
            {{"name", {}, print(first.key().name)}, {"namespace", {}, print(first.key().ns)}}}},
          {"spec", {}, printed}};
      const Loaded again = judge(yaml::print(whole), false);
      REQUIRE_MESSAGE(again.mesh.size() == 1, yaml::print(whole));
      CHECK(yaml::print(kind.print_spec(again.mesh.resources().front()->spec())) == yaml::print(printed));
      ++count;
    }
  }
  MESSAGE(count, " resources");
  CHECK(count > 350);
}
