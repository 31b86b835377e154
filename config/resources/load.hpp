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
  bool strict_istio = false;  // judge as Istio does, even where the meaning is plain
  std::string default_namespace = "default";
  // How it is told that a field does not act yet, or that a resource is there twice: what runs a mesh
  // refuses that, what only checks goes on.
  Level inactive = Level::Error;
};

// One document, or one item of a `kind: List`, in the order of the input.
struct LoadedDocument {
  std::string file;
  int number = 1;                  // of the document in its file
  int line = 1;                    // where it begins
  ResourceKey key;                 // empty where it could not be read
  std::size_t first = 0, end = 0;  // its diagnostics
};

struct Loaded {
  Mesh mesh;  // the valid resources; age is the order of the files given, then of documents
  std::vector<Diagnostic> diagnostics;  // by file, document and place; none twice
  std::vector<LoadedDocument> documents;

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
