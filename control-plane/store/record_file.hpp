#pragma once
// One generation as the bytes of a file: a line with version and checksum, then JSON. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control-plane/store/journal.hpp"

namespace outrider::control {

[[nodiscard]] std::string encode(std::span<const Record> changes);

// Refuses whatever encode() did not write: another version, a wrong checksum, missing members.
[[nodiscard]] Result<std::vector<Record>> decode(std::string_view file);

}  // namespace outrider::control
