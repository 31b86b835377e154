#include "faults/faulty_disk.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace shop::faulty_disk {
namespace {

constexpr std::size_t sector = 512;

struct Write {
  sqlite3_int64 offset;
  std::string bytes;  // empty: the file was cut to `offset`
};
struct Unsynced {
  std::string base;  // the file as it was at its last sync
  std::vector<Write> writes;
};

struct Disk {
  std::mutex lock;
  std::function<int()> log_sync, write;
  bool watched = false, off = false;
  std::map<std::string, Unsynced> files;
};
Disk& disk() {
  static Disk one;
  return one;
}

struct File {
  sqlite3_file base;
  const char* path;  // SQLite keeps it until the file is closed
  int flags;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* file_of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_vfs* real_vfs = nullptr;

std::string content_of(File* file) {
  sqlite3_int64 size = 0;
  file->real()->pMethods->xFileSize(file->real(), &size);
  std::string all(static_cast<std::size_t>(size), '\0');
  if (size > 0) file->real()->pMethods->xRead(file->real(), all.data(), static_cast<int>(size), 0);
  return all;
}

// Under the lock, before a change of the file.
void remember(File* file, Write write) {
  if (!disk().watched || !file->path) return;
  const auto [entry, is_new] = disk().files.try_emplace(file->path);
  if (is_new) entry->second.base = content_of(file);
  entry->second.writes.push_back(std::move(write));
}

int closed(sqlite3_file* file) {
  const int code = file_of(file)->real()->pMethods
                       ? file_of(file)->real()->pMethods->xClose(file_of(file)->real())
                       : SQLITE_OK;
  return code;
}
int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  if (disk().off) return SQLITE_IOERR_READ;
  auto* real = file_of(file)->real();
  return real->pMethods->xRead(real, into, size, offset);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const std::lock_guard guard(disk().lock);
  if (disk().off) return SQLITE_IOERR_WRITE;
  if (disk().write) {
    if (const int code = disk().write(); code != SQLITE_OK) return code;
  }
  remember(file_of(file), {offset, {static_cast<const char*>(from), static_cast<std::size_t>(size)}});
  auto* real = file_of(file)->real();
  return real->pMethods->xWrite(real, from, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard guard(disk().lock);
  if (disk().off) return SQLITE_IOERR_TRUNCATE;
  remember(file_of(file), {size, {}});
  auto* real = file_of(file)->real();
  return real->pMethods->xTruncate(real, size);
}
int sync(sqlite3_file* file, int flags) {
  if (disk().off) return SQLITE_IOERR_FSYNC;
  if ((file_of(file)->flags & SQLITE_OPEN_WAL) != 0 && disk().log_sync) {
    if (const int code = disk().log_sync(); code != SQLITE_OK) return code;
  }
  const std::lock_guard guard(disk().lock);
  if (disk().off) return SQLITE_IOERR_FSYNC;
  if (file_of(file)->path) disk().files.erase(file_of(file)->path);
  auto* real = file_of(file)->real();
  return real->pMethods->xSync(real, flags);
}

// The rest goes straight to the real file.
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  auto* real = file_of(f)->real();
  return real->pMethods->xFileSize(real, size);
}
int lock(sqlite3_file* f, int level) {
  auto* real = file_of(f)->real();
  return real->pMethods->xLock(real, level);
}
int unlock(sqlite3_file* f, int level) {
  auto* real = file_of(f)->real();
  return real->pMethods->xUnlock(real, level);
}
int check_lock(sqlite3_file* f, int* out) {
  auto* real = file_of(f)->real();
  return real->pMethods->xCheckReservedLock(real, out);
}
int control(sqlite3_file* f, int op, void* argument) {
  auto* real = file_of(f)->real();
  return real->pMethods->xFileControl(real, op, argument);
}
int sector_size(sqlite3_file*) { return static_cast<int>(sector); }
// Not "powersafe overwrite": SQLite then pads a commit to a sector, as our power cut tears by sectors.
int characteristics(sqlite3_file*) { return 0; }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  auto* real = file_of(f)->real();
  return real->pMethods->xShmMap(real, page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  auto* real = file_of(f)->real();
  return real->pMethods->xShmLock(real, offset, n, flags);
}
void shm_barrier(sqlite3_file* f) {
  auto* real = file_of(f)->real();
  real->pMethods->xShmBarrier(real);
}
int shm_unmap(sqlite3_file* f, int remove) {
  auto* real = file_of(f)->real();
  return real->pMethods->xShmUnmap(real, remove);
}

const sqlite3_io_methods methods = {2,          closed,      read,       write,           truncate,
                                    sync,       file_size,   lock,       unlock,          check_lock,
                                    control,    sector_size, characteristics, shm_map,    shm_lock,
                                    shm_barrier, shm_unmap,  nullptr,    nullptr};

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  File* ours = file_of(file);
  std::memset(file, 0, sizeof(File));
  ours->path = path;
  ours->flags = flags;
  const int code = real_vfs->xOpen(real_vfs, path, ours->real(), flags, out_flags);
  if (code == SQLITE_OK) ours->base.pMethods = &methods;
  return code;
}

std::string after_power_loss(const Unsynced& file, std::mt19937_64& random) {
  std::string image = file.base;
  for (const Write& write : file.writes) {
    const auto end = static_cast<std::size_t>(write.offset) + write.bytes.size();
    if (write.bytes.empty()) {
      if (random() % 2 == 0) image.resize(std::min(image.size(), end));
      continue;
    }
    const bool lost_whole = random() % 4 == 0;
    for (std::size_t at = 0; at < write.bytes.size() && !lost_whole;) {
      const std::size_t place = static_cast<std::size_t>(write.offset) + at;
      const std::size_t size = std::min(write.bytes.size() - at, sector - place % sector);
      if (random() % 3 != 0) {
        if (image.size() < place + size) image.resize(place + size);
        image.replace(place, size, write.bytes, at, size);
      }
      at += size;
    }
  }
  return image;
}

}  // namespace

void install() {
  static sqlite3_vfs ours = [] {
    real_vfs = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *real_vfs;
    made.zName = "shop-faulty-disk";
    made.szOsFile = static_cast<int>(sizeof(File)) + real_vfs->szOsFile;
    made.pNext = nullptr;
    made.xOpen = open;
    return made;
  }();
  sqlite3_vfs_register(&ours, 1);
}

void on_log_sync(std::function<int()> hook) { disk().log_sync = std::move(hook); }
void on_write(std::function<int()> hook) { disk().write = std::move(hook); }

void watch_power() {
  const std::lock_guard guard(disk().lock);
  disk().watched = true;
  disk().files.clear();
}

void cut_power(std::uint64_t seed) {
  const std::lock_guard guard(disk().lock);
  if (disk().off) return;
  disk().off = true;
  std::mt19937_64 random(seed);
  for (const auto& [path, file] : disk().files) {
    const std::string image = after_power_loss(file, random);
    if (::truncate(path.c_str(), 0) != 0) continue;
    std::FILE* out = std::fopen(path.c_str(), "r+b");
    if (!out) continue;
    std::fwrite(image.data(), 1, image.size(), out);
    std::fclose(out);
  }
  disk().files.clear();
}

void power_on() {
  const std::lock_guard guard(disk().lock);
  disk().off = false;
  disk().watched = false;
  disk().files.clear();
}

void lose_tail(const char* path, std::int64_t bytes) {
  std::FILE* file = std::fopen(path, "rb");
  if (!file) return;
  std::fseek(file, 0, SEEK_END);
  const long size = std::ftell(file);
  std::fclose(file);
  if (::truncate(path, std::max<long>(0, size - bytes)) != 0) return;
}

}  // namespace shop::faulty_disk
