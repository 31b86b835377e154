#pragma once
// Text in, resources and diagnostics out: every document of every file, all errors at once.
// Pure: no file is opened, no clock is read. Any thread.

#include <span>
#include <string>
#include <vector>

#include "config/analysis/diagnostic.hpp"
#include "config/resources/mesh.hpp"
#include "config/yaml/source.hpp"

namespace outrider::config {

struct LoadOptions {
  bool strict_istio = false;  // refuse what Istio refuses, even where the meaning is plain
  std::string default_namespace = "default";
};

struct Loaded {
  Mesh mesh;  // the valid resources; age is the order of the files given, then of documents
  std::vector<Diagnostic> diagnostics;

  // What was refused, for callers that have a last good version.
  std::vector<ResourceKey> rejected;          // documents whose name could be read
  std::vector<std::string> unreadable_files;  // files with a document that could not even be named

  // For each security policy refused: one of the same key that denies its scope. See settle().
  std::vector<ResourcePtr> stand_ins;

  [[nodiscard]] bool ok() const { return !has_errors(diagnostics); }
};

[[nodiscard]] Loaded load(std::span<const SourceFile> files, const LoadOptions& options);

// What to run after a load that refused something: the valid resources; of those refused, and of
// files that could not be read, the last good version; of a security policy without one, a
// stand-in that denies its scope (DESIGN: refusal is safe).
[[nodiscard]] Mesh settle(const Loaded& loaded, const Mesh& last_good);

}  // namespace outrider::config
