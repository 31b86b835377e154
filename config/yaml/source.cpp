#include "config/yaml/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "config/yaml/document.hpp"

namespace outrider::config {
namespace fs = std::filesystem;
namespace {

Result<SourceFile> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const std::string reason = std::generic_category().message(errno);
    return fail(fmt::format("cannot read {}: {}", path.string(), reason));
  }
  std::string text = read_text(in);
  if (in.bad()) return fail(fmt::format("cannot read {}", path.string()));
  return SourceFile{path.string(), std::move(text)};
}

}  // namespace

std::string read_text(std::istream& in) {
  constexpr std::size_t piece = 64UL << 10;
  std::string text;
  while (in && text.size() <= yaml::kMaxFileBytes) {
    const std::size_t have = text.size();
    text.resize(std::min(have + piece, yaml::kMaxFileBytes + 1));
    in.read(text.data() + have, static_cast<std::streamsize>(text.size() - have));
    text.resize(have + static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

Result<std::vector<SourceFile>> read_directory(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> paths;
  if (fs::is_directory(path, error)) {
    fs::recursive_directory_iterator entry(path, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (entry->path().filename().native().starts_with('.')) {  // editors' and mounts' own files
        entry.disable_recursion_pending();
        continue;
      }
      const fs::path extension = entry->path().extension();
      if (extension != ".yaml" && extension != ".yml") continue;
      std::error_code ignored;
      if (!entry->is_directory(ignored)) paths.push_back(entry->path());
    }
  } else if (!error) {
    paths.push_back(path);
  }
  if (error) return fail(fmt::format("cannot read {}: {}", path.string(), error.message()));
  std::sort(paths.begin(), paths.end());

  std::vector<SourceFile> files;
  for (const fs::path& each : paths) {
    auto file = read_file(each);
    if (!file) return std::unexpected(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace outrider::config
