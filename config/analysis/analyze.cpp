#include "config/analysis/analyze.hpp"

namespace outrider::config {

std::vector<Diagnostic> analyze(const Mesh&) { return {}; }

}  // namespace outrider::config
