#pragma once
// The mesh as it is now: the files of --config as its base, and over them what was applied through
// the API, which wins. The base is read at each start; the rest is the journal's.
// Owned by the ControlPlane; one thread.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/resources/mesh.hpp"
#include "control-plane/store/journal.hpp"
#include "control-plane/store/plan.hpp"

namespace outrider::control {

class Catalog {
 public:
  struct Opened;

  // `config` may be absent: then the journal is all there is. Resources that are refused are
  // told; the others are in force.
  [[nodiscard]] static Result<Opened> open(const std::optional<std::filesystem::path>& config,
                                           const std::filesystem::path& state);

  [[nodiscard]] const config::Mesh& mesh() const { return mesh_; }
  [[nodiscard]] std::uint64_t generation() const { return journal_.generation(); }

  // Makes the plan true, on disk first. A plan that changes nothing makes no generation. On failure
  // the mesh is as before. Gives the generation now in force.
  [[nodiscard]] Result<std::uint64_t> commit(const Plan& plan);

 private:
  Catalog(Journal journal, config::Mesh mesh);

  Journal journal_;
  config::Mesh mesh_;
};

struct Catalog::Opened {
  Catalog catalog;
  std::vector<config::Diagnostic> diagnostics;  // of the base
  std::vector<std::string> complaints;          // of the journal
};

}  // namespace outrider::control
