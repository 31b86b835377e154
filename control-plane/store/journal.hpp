#pragma once
// What was applied, on disk: one file a generation, written beside its place, flushed and renamed,
// so that an apply is there as a whole or not at all whenever the process dies. A file whose
// resources have all been replaced by later ones is removed. Owned by the Catalog; one thread.

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/resources/resource.hpp"
#include "core/base/error.hpp"

namespace outrider::control {

// The last thing that was said about a resource.
struct Record {
  config::ResourceKey key;
  bool deleted = false;
  std::uint64_t age = 0;  // smaller is older; kept while the resource exists
  std::string file;       // where its author wrote it, for diagnostics
  int first_line = 1;
  std::string yaml;
};

class Journal {
 public:
  struct Opened;

  // Makes the directory, takes its lock (one control plane a directory) and reads what is there.
  // A damaged file is complained about and left alone; the rest loads.
  [[nodiscard]] static Result<Opened> open(const std::filesystem::path& directory);

  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  // The number of the last generation; 0 before the first.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] const std::map<config::ResourceKey, Record>& records() const { return records_; }

  // The next generation, on disk when this returns. Ages are given here. On failure nothing has
  // changed. Gives its number.
  [[nodiscard]] Result<std::uint64_t> append(std::span<const Record> changes);

 private:
  explicit Journal(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::filesystem::path path_of(std::uint64_t generation) const;
  [[nodiscard]] Result<void> take_lock();
  [[nodiscard]] std::vector<std::string> read_all();
  void take_in(std::uint64_t generation, std::span<const Record> changes);
  void remove_superseded();

  std::filesystem::path directory_;
  int lock_ = -1;
  std::uint64_t generation_ = 0;
  std::uint64_t youngest_ = 0;
  std::map<config::ResourceKey, Record> records_;
  std::map<std::uint64_t, std::set<config::ResourceKey>> live_;  // keys a file still decides
};

struct Journal::Opened {
  Journal journal;
  std::vector<std::string> complaints;
};

}  // namespace outrider::control
