#pragma once
// One document while it is being read: where its problems go, which path inside it a problem is
// at, and how strict to be. Lives on load()'s stack; one thread.

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/analysis/codes.hpp"
#include "config/analysis/diagnostic.hpp"
#include "config/yaml/document.hpp"

namespace outrider::config {

struct FieldInfo;

struct ReadingRules {
  bool strict_istio = false;      // judge exactly as Istio does: its verdicts, nothing of ours
  Level inactive = Level::Error;  // how a field is told that does not act yet
  std::string_view ns;            // the resource's namespace
  const std::map<std::string, std::string>* labels = nullptr;       // its labels
  const std::map<std::string, std::string>* annotations = nullptr;  // and annotations
};

class Reading {
 public:
  Reading(std::string file, const yaml::Document& document, const ReadingRules& rules,
          std::vector<Diagnostic>& diagnostics);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool strict_istio() const { return rules_.strict_istio; }
  [[nodiscard]] std::string_view ns() const { return rules_.ns; }
  [[nodiscard]] std::string_view label(const std::string& name) const;  // empty: it has none of this name
  void about(std::string_view ns, const std::map<std::string, std::string>& labels,
             const std::map<std::string, std::string>& annotations) {
    rules_.ns = ns;
    rules_.labels = &labels;
    rules_.annotations = &annotations;
  }
  // What istiod made of the Gateway API's resources, and marked so ("gateway", "route"), is judged milder.
  [[nodiscard]] bool of_gateway_api(std::string_view what) const;
  [[nodiscard]] const yaml::Document& document() const { return document_; }
  [[nodiscard]] bool failed() const { return failed_; }
  // Nobody reads on after so many of a level: what else there is to say about this document goes unsaid.
  static constexpr std::size_t kMaxOfLevel = 100;
  [[nodiscard]] bool full(Level level) const {
    return reported_[static_cast<std::size_t>(level)] >= kMaxOfLevel;
  }
  [[nodiscard]] std::size_t errors() const { return errors_; }  // but for fields that do not act

  // Adds a diagnostic at a place of this document and returns it for what else there is to say.
  Diagnostic& report(Level level, std::string_view code, yaml::Position at, std::string message,
                     std::string help = {});
  Diagnostic& error(yaml::Position at, std::string message, std::string help = {}) {
    return report(Level::Error, code::kSchema, at, std::move(message), std::move(help));
  }

  // Istio has it, nothing acts on it yet. What is below such a field is checked, and not told again.
  void inactive(yaml::Position at, const std::string& path, std::string message, std::string help);
  void below_inactive(int step) { below_inactive_ += step; }

  // Below a field that is read for its shape only, no rule is asked.
  void unchecked(int step) { unchecked_ += step; }
  [[nodiscard]] bool is_unchecked() const { return unchecked_ > 0; }

  // The messages around the one being read, the outermost first: each lists its fields.
  using Listing = std::vector<FieldInfo> (*)();
  [[nodiscard]] std::span<const Listing> around() const { return around_; }
  void enter(Listing fields) { around_.push_back(fields); }
  void leave() { around_.pop_back(); }

  // Below some fields Istio loses its own warnings: a strict reading is silent there, too.
  void warn_below(bool wanted) { unwarned_ += strict_istio() ? (wanted ? -1 : 1) : 0; }

 private:
  std::string file_;
  const yaml::Document& document_;
  ReadingRules rules_;
  bool failed_ = false;
  std::size_t errors_ = 0;
  std::array<std::size_t, 3> reported_{};  // by level
  int below_inactive_ = 0;
  int unwarned_ = 0;
  int unchecked_ = 0;
  std::vector<Listing> around_;
  Diagnostic unwanted_;
  std::vector<Diagnostic>& diagnostics_;
};

// The text of a line (of the file) that lies in a document starting at `first_line`.
[[nodiscard]] std::string_view line_of(std::string_view document, int first_line, int line);

// "spec.http[1].route[0]", kept as a chain on the stack and spelled out only for a diagnostic.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  int index = -1;

  [[nodiscard]] std::string text() const;
};

// A value in its place: what a field is read from.
struct Node {
  Reading& reading;
  const yaml::Value& value;
  const Path& path;
  yaml::Position key_at = {};  // of the key that it is the value of, if it is one's

  // Where to point when the whole is meant: at the key, not at what is first inside.
  [[nodiscard]] yaml::Position place() const { return key_at.line != 0 ? key_at : value.at; }

  Diagnostic& report(Level level, std::string_view code, std::string message, std::string help = {}) const;
  Diagnostic& error(std::string message, std::string help = {}) const {
    return report(Level::Error, code::kSchema, std::move(message), std::move(help));
  }
  // What Istio's webhook only warns of; and what a cluster's schema refuses before Istio sees it, which
  // a strict reading, being Istio's own, leaves alone.
  Diagnostic& warning(std::string message, std::string help = {}) const {
    return report(Level::Warning, code::kSchemaWarning, std::move(message), std::move(help));
  }
  void cluster_error(std::string message, std::string help = {}) const {
    if (!reading.strict_istio()) error(std::move(message), std::move(help));
  }
};

}  // namespace outrider::config
