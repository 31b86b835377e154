#include "control-plane/store/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "certs/ca/durable_file.hpp"
#include "control-plane/store/record_file.hpp"

namespace outrider::control {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t largest_file = 256UL << 20;
constexpr std::string_view extension = ".json";

// "000000000007.json" -> 7.
std::optional<std::uint64_t> number_of(const fs::path& path) {
  const std::string stem = path.stem().string();
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  if (path.extension() != extension || code != std::errc{} || end != stem.data() + stem.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

Journal::Journal(Journal&& other) noexcept
    : directory_(std::move(other.directory_)),
      lock_(std::exchange(other.lock_, -1)),
      generation_(other.generation_),
      youngest_(other.youngest_),
      records_(std::move(other.records_)),
      live_(std::move(other.live_)) {}

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(lock_, other.lock_);
  std::swap(generation_, other.generation_);
  std::swap(youngest_, other.youngest_);
  std::swap(records_, other.records_);
  std::swap(live_, other.live_);
  return *this;
}

Journal::~Journal() {
  if (lock_ >= 0) ::close(lock_);
}

fs::path Journal::path_of(std::uint64_t generation) const {
  return directory_ / fmt::format("{:012}{}", generation, extension);
}

Result<Journal::Opened> Journal::open(const fs::path& directory) {
  if (auto ok = certs::make_directory(directory, 0700); !ok) return std::unexpected(ok.error());
  Journal journal(directory);
  if (auto ok = journal.take_lock(); !ok) return std::unexpected(ok.error());
  auto complaints = journal.read_all();
  return Opened{std::move(journal), std::move(complaints)};
}

Result<void> Journal::take_lock() {
  const fs::path path = directory_ / "lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) {
    return fail(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) {
    return fail(fmt::format("{} is in use by another outrider-control", directory_.string()));
  }
  return fail(fmt::format("cannot lock {}: {}", path.string(), std::strerror(errno)));
}

std::vector<std::string> Journal::read_all() {
  std::vector<std::string> complaints;
  std::map<std::uint64_t, fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(directory_, code)) {
    if (entry.path().extension() == certs::temporary_suffix) {
      // A crash came before the rename: nobody was told that this was applied.
      fs::remove(entry.path(), code);
    } else if (const auto number = number_of(entry.path())) {
      files.emplace(*number, entry.path());
    }
  }
  if (code) {
    complaints.push_back(fmt::format("cannot list {}: {}", directory_.string(), code.message()));
  }
  for (const auto& [number, path] : files) {
    // A damaged one still counts: its number is not given twice.
    generation_ = number;
    auto text = certs::read_whole(path, largest_file);
    auto records = text ? decode(*text) : std::unexpected(text.error());
    if (records) {
      take_in(number, *records);
    } else {
      complaints.push_back(fmt::format(
          "{} is damaged ({}): what was applied in generation {} is missing; apply it again",
          path.string(), records.error().message, number));
    }
  }
  remove_superseded();
  return complaints;
}

Result<std::uint64_t> Journal::append(std::span<const Record> changes) {
  std::vector<Record> aged(changes.begin(), changes.end());
  std::uint64_t youngest = youngest_;
  for (Record& record : aged) {
    const auto before = records_.find(record.key);
    const bool exists = before != records_.end() && !before->second.deleted;
    record.age = exists ? before->second.age : ++youngest;
  }
  const std::uint64_t next = generation_ + 1;
  if (auto ok = certs::write_durably(path_of(next), encode(aged)); !ok) {
    // It may have been renamed and then not flushed: what is reported as failed must not come back.
    std::error_code ignored;
    fs::remove(path_of(next), ignored);
    return std::unexpected(ok.error());
  }
  generation_ = next;
  take_in(next, aged);
  remove_superseded();
  return next;
}

void Journal::take_in(std::uint64_t generation, std::span<const Record> changes) {
  for (const Record& record : changes) {
    for (auto& [earlier, keys] : live_) keys.erase(record.key);
    live_[generation].insert(record.key);
    records_[record.key] = record;
    youngest_ = std::max(youngest_, record.age);
  }
}

// The newest file stays whatever it holds: its name is the generation's number.
void Journal::remove_superseded() {
  for (auto file = live_.begin(); file != live_.end();) {
    if (!file->second.empty() || file->first == generation_) {
      ++file;
      continue;
    }
    std::error_code ignored;  // one that stays is read again and superseded again
    fs::remove(path_of(file->first), ignored);
    file = live_.erase(file);
  }
}

}  // namespace outrider::control
