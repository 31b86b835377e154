#pragma once
// The guarded door for YAML. A reader of our own, as strict as a configuration should be: duplicate
// keys, anchors, aliases, merge keys, tags, NUL, invalid UTF-8, deep nesting and large files are
// errors with a place and a way out; no exception leaves. Pure; any thread.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml/value.hpp"

namespace outrider::config::yaml {

inline constexpr std::size_t kMaxFileBytes = 4UL << 20;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxDocuments = 10'000;        // of one file
inline constexpr std::size_t kMaxValues = 400'000;          // of one file
inline constexpr std::size_t kMaxCollectionItems = 20'000;  // of one list or map

struct Problem {
  std::string message;
  Position at;
  std::string help;
};

struct Document {
  std::string text;    // as written, from its `---` line (if any) to the next
  int first_line = 1;  // of that text in the file
  int offset = 0;      // and its first byte
  std::expected<Value, Problem> root;
};

// Every document of a file that holds anything, each read on its own, so that one broken document
// does not hide the others. Positions are the file's. Fails when the bytes cannot be text at all.
[[nodiscard]] std::expected<std::vector<Document>, Problem> parse(std::string_view text);

}  // namespace outrider::config::yaml
