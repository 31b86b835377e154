#pragma once
// A SQLite VFS over the real one that can do to files what disks do: lose or tear what was not synced
// when the power goes, be full, fail a sync. Installed by tests, and by a service whose failpoints are
// on; a process that serves customers never has it. One per process, as SQLite's VFS list is; any thread.
#include <cstdint>
#include <functional>

namespace shop::faulty_disk {

// Becomes the default VFS of every database opened from now on. Once is enough.
void install();

// Called before each sync of a write-ahead log; what it answers (an SQLite code, 0 for fine) the sync
// answers.
void on_log_sync(std::function<int()> hook);
// Asked before each write; a code other than 0 is the write's answer.
void on_write(std::function<int()> hook);

// From now on the disk remembers what is written and not synced yet.
void watch_power();
// The power goes: of what was not synced, each 512-byte sector is kept or lost as the seed says; every
// call fails until power_on(). Databases have to be closed in between.
void cut_power(std::uint64_t seed);
void power_on();
// A disk that lied: the last bytes of a file, synced as they were, are gone.
void lose_tail(const char* path, std::int64_t bytes);

}  // namespace shop::faulty_disk
