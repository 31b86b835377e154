#include "proxy/discovery/mesh_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "config/analysis/analyze.hpp"
#include "config/resources/load.hpp"
#include "config/xds/xds.hpp"
#include "core/base/log.hpp"

namespace outrider::proxy {

constexpr Duration settle = std::chrono::milliseconds(50);

std::vector<std::string> folders_of(const std::string& folder) {
  std::vector<std::string> folders = {folder};
  std::error_code ignored;
  for (auto it = std::filesystem::recursive_directory_iterator(folder, ignored);
       it != std::filesystem::recursive_directory_iterator(); it.increment(ignored)) {
    if (it->is_directory(ignored)) folders.push_back(it->path());
  }
  return folders;
}

MeshFiles::MeshFiles(net::Loop& loop, std::string folder, config::Workload self, bool strict_istio,
                     Sink sink)
    : folder_(std::move(folder)),
      self_(std::move(self)),
      strict_istio_(strict_istio),
      sink_(std::move(sink)),
      watch_(loop, settle, [this] { reload(); }) {}

Result<void> MeshFiles::start() {
  if (auto ok = read(); !ok) return ok;
  return watch_.watch(folders_of(folder_));
}

Result<void> MeshFiles::read() {
  auto files = config::read_directory(folder_);
  if (!files) return std::unexpected(files.error());
  const config::Loaded loaded = config::load(*files, {.strict_istio = strict_istio_});
  const bool colour = isatty(STDERR_FILENO) != 0;
  for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
    std::fputs((config::render(diagnostic, colour) + "\n").c_str(), stderr);
  }
  refused_ = !loaded.ok();
  // What cannot even be named may have been a policy: without a last good version nothing is safe.
  if (!started_ && !loaded.unreadable_files.empty()) {
    return fail(fmt::format("{}: cannot be read at all, see above; not starting on the rest",
                            fmt::join(loaded.unreadable_files, ", ")));
  }
  const config::Mesh mesh = config::settle(loaded, mesh_);
  for (const config::Diagnostic& diagnostic : config::analyze(mesh)) {
    log::warn("{}", config::render_line(diagnostic));
  }
  const auto translated = config::translate(mesh, self_);
  const auto errors = sink_({.listeners = {translated.listeners.begin(), translated.listeners.end()},
                             .routes = {translated.routes.begin(), translated.routes.end()},
                             .clusters = {translated.clusters.begin(), translated.clusters.end()},
                             .endpoints = {translated.endpoints.begin(), translated.endpoints.end()},
                             .resolved = {}});
  if (!errors.empty()) return fail(describe(errors));
  mesh_ = mesh;
  started_ = true;
  return {};
}

void MeshFiles::reload() {
  if (auto ok = read(); !ok) {
    log::error("{}: not taken over, the last good configuration stays in force: {}", folder_,
               ok.error().message);
  } else if (refused_) {
    log::error("{}: what is wrong above was left out; its last good version stays in force", folder_);
  } else {
    log::info("{}: taken over, {} resources", folder_, mesh_.size());
  }
  if (auto watched = watch_.watch(folders_of(folder_)); !watched) log::warn("{}", watched.error().message);
}

}  // namespace outrider::proxy
