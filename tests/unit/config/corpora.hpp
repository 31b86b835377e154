#pragma once
// Istio's own files, where they are at hand: beside the project, or where OUTRIDER_CORPORA says.

#include <filesystem>
#include <optional>

namespace outrider::config::test {

// Nothing where they are missing, which is told.
std::optional<std::filesystem::path> corpora_folder();

std::filesystem::path testdata(const char* name);

}  // namespace outrider::config::test
