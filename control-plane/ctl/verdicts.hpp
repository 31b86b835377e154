#pragma once
// What `outriderctl validate` says of each document, for machines and for people. Pure; any thread.

#include <string>

#include "config/resources/load.hpp"

namespace outrider::control {

enum class Verdict { Valid, Warning, Invalid };
[[nodiscard]] Verdict verdict_of(const config::Loaded& loaded, const config::LoadedDocument& document);

// An array with one element a document, in the order of the input.
[[nodiscard]] std::string verdicts_as_json(const config::Loaded& loaded);
[[nodiscard]] std::string verdicts_as_yaml(const config::Loaded& loaded);

}  // namespace outrider::control
