#pragma once
// Checks across resources, each valid on its own: hosts and subsets nobody defines, rules nobody
// reaches, settings that cannot act. Pure; any thread.

#include <vector>

#include "config/analysis/diagnostic.hpp"
#include "config/resources/mesh.hpp"

namespace outrider::config {

[[nodiscard]] std::vector<Diagnostic> analyze(const Mesh& mesh);

}  // namespace outrider::config
