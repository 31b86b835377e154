#pragma once
// One document while it is being read: where its problems go, which path inside it a problem is
// at, and how strict to be. Lives on load()'s stack; one thread.

#include <string>
#include <string_view>
#include <vector>

#include "config/analysis/codes.hpp"
#include "config/analysis/diagnostic.hpp"
#include "config/yaml/document.hpp"

namespace outrider::config {

class Reading {
 public:
  Reading(std::string file, const yaml::Document& document, bool strict_istio,
          std::vector<Diagnostic>& diagnostics);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool strict_istio() const { return strict_istio_; }
  [[nodiscard]] bool failed() const { return failed_; }

  // Adds a diagnostic at a place of this document and returns it for `note` and `help`.
  Diagnostic& report(Level level, std::string_view code, yaml::Position at, std::string message,
                     std::string help = {});
  Diagnostic& error(yaml::Position at, std::string message, std::string help = {}) {
    return report(Level::Error, code::kSchema, at, std::move(message), std::move(help));
  }

 private:
  std::string file_;
  const yaml::Document& document_;
  bool strict_istio_;
  bool failed_ = false;
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

  void error(std::string message, std::string help = {}) const {
    reading.error(value.at, std::move(message), std::move(help));
  }
};

}  // namespace outrider::config
