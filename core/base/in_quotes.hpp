#pragma once
// Other people's bytes in a sentence: in double quotes and printable, whatever was in them. Pure.
//
// Not fmt's {:?}: libspdlog brings an older fmt along, which ends the process at UTF-8 that is cut
// off, and which of the two is used is the linker's choice.

#include <string>
#include <string_view>

namespace outrider {

[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace outrider
