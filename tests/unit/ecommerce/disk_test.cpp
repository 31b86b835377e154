// What disks do that kill -9 does not.
#include <doctest/doctest.h>

#include <filesystem>
#include <random>

#include "faults/faulty_disk.hpp"
#include "scratch_file.hpp"
#include "store/event_store.hpp"

using namespace shop;

namespace {

// Long enough that a commit is several sectors, and now and then a checkpoint is due.
Commit one(const std::string& aggregate, std::int64_t version) {
  Commit commit;
  commit.streams.push_back({aggregate, version, {{"Happened", 1, std::string(3000, 'x'), true}}});
  commit.key = {"u", aggregate + "/" + std::to_string(version), {"p", aggregate}};
  return commit;
}

struct FaultyDisk {
  FaultyDisk() { faulty_disk::install(); }
  ~FaultyDisk() {
    faulty_disk::on_log_sync({});
    faulty_disk::on_write({});
    faulty_disk::power_on();
  }
};

int runs(int ci, int full) { return std::getenv("OUTRIDER_FULL_TESTS") ? full : ci; }

}  // namespace

TEST_CASE("the power goes at any write: what was answered is there, what was not is whole or absent") {
  const FaultyDisk disk;
  int cut_short = 0;
  for (int seed = 1; seed <= runs(40, 1000); ++seed) {
    CAPTURE(seed);
    const ScratchFile file;
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    std::int64_t answered = 0;
    {
      EventStore store(file.path());
      faulty_disk::watch_power();
      int writes_left = static_cast<int>(random() % 200);
      bool due = false;
      faulty_disk::on_write([&] {
        due = due || --writes_left <= 0;
        return due ? SQLITE_IOERR_WRITE : SQLITE_OK;
      });
      while (store.commit(one("a", answered))) {
        ++answered;
        if (answered == 100) break;
      }
      cut_short += due;
      faulty_disk::on_write({});
      faulty_disk::cut_power(static_cast<std::uint64_t>(seed));
    }
    std::filesystem::remove(file.path() + "-shm");  // shared memory does not survive
    faulty_disk::power_on();
    EventStore store(file.path());
    const auto found = static_cast<std::int64_t>(store.load("a").size());
    CHECK(found >= answered);
    CHECK(found <= answered + 1);
    CHECK(static_cast<std::int64_t>(store.outbox(0, 1000).size()) == found);
    CHECK(store.used_key("u", "a/" + std::to_string(found - 1)).has_value() == (found > 0));
    CHECK(!store.used_key("u", "a/" + std::to_string(found)));
  }
  CHECK(cut_short > 0);
}

TEST_CASE("a disk that lied about its syncs is found out: the store refuses to start") {
  const FaultyDisk disk;
  const ScratchFile file;
  {
    EventStore store(file.path());
    for (int i = 0; i < 5; ++i) CHECK(store.commit(one("a", i)));
    std::filesystem::copy(file.path(), file.path() + ".copy");
    std::filesystem::copy(file.path() + "-wal", file.path() + ".copy-wal");
    std::filesystem::copy(file.path() + "-mark", file.path() + ".copy-mark");
  }
  const std::string copy = file.path() + ".copy";
  faulty_disk::lose_tail((copy + "-wal").c_str(), 6000);
  CHECK_THROWS_WITH_AS(EventStore{copy}, doctest::Contains("were on the disk and are gone"), DatabaseError);
}

TEST_CASE("on a full disk a commit is refused, nothing of it is written, and it goes on when there is room") {
  const FaultyDisk disk;
  const ScratchFile file;
  EventStore store(file.path());
  CHECK(store.commit(one("a", 0)));
  faulty_disk::on_write([] { return SQLITE_FULL; });
  const auto refused = store.commit(one("a", 1));
  CHECK(refused.error().kind == CommitError::Kind::Unavailable);
  CHECK(refused.error().message.find("full") != std::string::npos);
  faulty_disk::on_write({});
  CHECK(store.load("a").size() == 1);
  CHECK(store.commit(one("a", 1)));
}

TEST_CASE("a disk that fails at a commit ends the store at once: no second sync hides the first") {
  const FaultyDisk disk;
  const ScratchFile file;
  int syncs = 0;
  {
    std::string broken;
    EventStore store(file.path(), {.broken = [&broken](const std::string& why) { broken = why; }});
    CHECK(store.commit(one("a", 0)));
    faulty_disk::on_log_sync([&syncs] { return ++syncs == 1 ? SQLITE_IOERR_FSYNC : SQLITE_OK; });
    CHECK(store.commit(one("a", 1)).error().kind == CommitError::Kind::Unavailable);
    CHECK(broken.find("the disk failed under a commit") != std::string::npos);
    CHECK(store.commit(one("a", 1)).error().message == broken);
    CHECK(syncs == 1);
  }
  faulty_disk::on_log_sync({});
  EventStore again(file.path());
  CHECK(again.load("a").size() >= 1);
  CHECK(again.commit(one("a", static_cast<std::int64_t>(again.load("a").size()))));
}
