#include "control-plane/store/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/resources/load.hpp"

namespace outrider::control {
namespace {

std::vector<const Record*> oldest_first(const Journal& journal) {
  std::vector<const Record*> records;
  for (const auto& [key, record] : journal.records()) records.push_back(&record);
  std::sort(records.begin(), records.end(),
            [](const Record* a, const Record* b) { return a->age < b->age; });
  return records;
}

// One recorded document on its own, its lines numbered as in the file it came from.
config::Loaded load_record(const Record& record) {
  std::string text(static_cast<std::size_t>(std::max(0, record.first_line - 1)), '\n');
  text += record.yaml;
  const config::SourceFile file{record.file, std::move(text)};
  return config::load({&file, 1}, {.default_namespace = record.key.ns});
}

}  // namespace

Catalog::Catalog(Journal journal, config::Mesh mesh)
    : journal_(std::move(journal)), mesh_(std::move(mesh)) {}

Result<Catalog::Opened> Catalog::open(const std::optional<std::filesystem::path>& config,
                                      const std::filesystem::path& state) {
  config::Mesh mesh;
  std::vector<config::Diagnostic> diagnostics;
  if (config) {
    auto files = config::read_directory(*config);
    if (!files) return std::unexpected(files.error());
    const config::Loaded loaded = config::load(*files, {});
    mesh = config::settle(loaded, {});
    diagnostics = loaded.diagnostics;
  }
  auto opened = Journal::open(state);
  if (!opened) return std::unexpected(opened.error());
  auto complaints = std::move(opened->complaints);
  for (const Record* record : oldest_first(opened->journal)) {
    if (record->deleted) {
      if (mesh.find(record->key)) {
        complaints.push_back(
            fmt::format("{} of --config stays away: it was deleted with outriderctl",
                        config::to_string(record->key)));
      }
      mesh = mesh.without(record->key);
      continue;
    }
    const config::Loaded loaded = load_record(*record);
    if (!loaded.ok()) {
      complaints.push_back(fmt::format("{} was applied and is refused now: {}",
                                       config::to_string(record->key),
                                       config::render_line(loaded.diagnostics.front())));
    }
    mesh = mesh.with(config::settle(loaded, {}).resources());
  }
  return Opened{Catalog(std::move(opened->journal), std::move(mesh)), std::move(diagnostics),
                std::move(complaints)};
}

Result<std::uint64_t> Catalog::commit(const Plan& plan) {
  if (!plan.changes_anything()) return generation();
  std::vector<Record> records;
  for (const Change& change : plan.changes) {
    if (change.action == Action::Unchanged) continue;
    const config::Resource& resource = *change.resource;
    Record record{.key = resource.key(), .file = resource.origin().file, .yaml = {}};
    record.deleted = change.action == Action::Deleted;
    if (!record.deleted) {
      record.first_line = resource.origin().first_line;
      record.yaml = resource.yaml();
    }
    records.push_back(std::move(record));
  }
  auto generation = journal_.append(records);
  if (generation) mesh_ = plan.mesh;
  return generation;
}

}  // namespace outrider::control
