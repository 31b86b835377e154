#pragma once
// What an apply or a delete would do to a mesh, and what speaks against it; nothing is done yet.
// Pure; any thread.

#include <span>
#include <string_view>
#include <vector>

#include "config/analysis/diagnostic.hpp"
#include "config/resources/load.hpp"
#include "config/resources/mesh.hpp"

namespace outrider::control {

enum class Action { Created, Configured, Unchanged, Deleted };

[[nodiscard]] std::string_view to_string(Action action);  // "created", ...

struct Change {
  Action action;
  config::ResourcePtr resource;  // Deleted: the one that was there
};

struct Plan {
  std::vector<Change> changes;
  std::vector<config::Diagnostic> diagnostics;
  config::Mesh mesh;     // the mesh with the changes
  bool refused = false;  // `diagnostics` hold an error that forbids it

  [[nodiscard]] bool changes_anything() const;
};

// Refused when a file cannot be read as resources, and when the analysis of the whole mesh finds an
// error in one of these resources or one elsewhere that was not there before.
[[nodiscard]] Plan plan_apply(const config::Mesh& mesh, std::span<const config::SourceFile> files,
                              const config::LoadOptions& options);

// Never refused: errors that a removal causes are told as they are.
[[nodiscard]] Plan plan_delete(const config::Mesh& mesh, std::span<const config::ResourceKey> keys);

}  // namespace outrider::control
