#pragma once
// Files that are whole or absent: written beside their place, flushed, then renamed into it, so
// that neither a reader nor a power cut ever meets half of one. Blocking; cold paths only.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace outrider::certs {

// Where write_durably is while it works: "<name>.tmp". A file of that name found at start is what
// a crash left behind and holds nothing that was promised.
inline constexpr std::string_view temporary_suffix = ".tmp";

// Replaces `path` with `content`. On return it has reached the disk, its directory entry too.
[[nodiscard]] Result<void> write_durably(const std::filesystem::path& path,
                                         std::string_view content, ::mode_t mode = 0600);

// Removes `path` and flushes its directory. A file that is not there is no failure.
[[nodiscard]] Result<void> remove_durably(const std::filesystem::path& path);

// The whole file, refused above `limit` bytes.
[[nodiscard]] Result<std::string> read_whole(const std::filesystem::path& path, std::size_t limit);

// Makes the directory and its parents; `mode` for the last one when it is new.
[[nodiscard]] Result<void> make_directory(const std::filesystem::path& path, ::mode_t mode);

}  // namespace outrider::certs
