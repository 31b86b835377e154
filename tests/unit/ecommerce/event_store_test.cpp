#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "scratch_file.hpp"
#include "store/follower.hpp"

using namespace shop;
using Kind = CommitError::Kind;
using What = Commit::ClaimChange::What;

namespace {

Commit one(const std::string& aggregate, std::int64_t version, const std::string& body = "x",
           bool published = true) {
  Commit commit;
  commit.streams.push_back({aggregate, version, {{"Happened", 1, body, published}}});
  return commit;
}

void with_database(const std::string& path, const char* sql) { Database(path).run(sql); }

std::string refusal(const std::string& path) {
  try {
    EventStore store(path);
    return {};
  } catch (const DatabaseError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("what was committed is there for the next process, in order") {
  const ScratchFile file;
  {
    EventStore store(file.path());
    CHECK(store.commit(one("a", 0, "1")).value() == 1);
    CHECK(store.commit(one("b", 0, "2")).value() == 2);
    CHECK(store.commit(one("a", 1, "3")).value() == 3);
  }
  EventStore store(file.path());
  const auto a = store.load("a");
  REQUIRE(a.size() == 2);
  CHECK(a[1].body == "3");
  CHECK(a[1].version == 2);
  CHECK(store.read(0, 10).size() == 3);
  CHECK(store.read(2, 10).front().body == "3");
  CHECK(store.load("a", 1).size() == 1);
}

TEST_CASE("who saw an older version writes nothing, in another process too") {
  const ScratchFile file;
  EventStore v1(file.path()), v2(file.path());
  CHECK(v1.commit(one("a", 0)));
  CHECK(v2.commit(one("a", 0)).error().kind == Kind::Conflict);
  Commit both = one("b", 0);
  both.streams.push_back(one("a", 0).streams[0]);
  CHECK(v2.commit(std::move(both)).error().kind == Kind::Conflict);
  CHECK(v2.load("b").empty());
}

TEST_CASE("commits that wait share one sync, and one that is refused takes none of the others with it") {
  const ScratchFile file;
  EventStore store(file.path());
  std::vector<std::future<CommitResult>> results;
  for (int i = 0; i < 200; ++i) {
    auto promise = std::make_shared<std::promise<CommitResult>>();
    results.push_back(promise->get_future());
    store.commit(one("a" + std::to_string(i), i % 10 == 9 ? 5 : 0),
                 [promise](CommitResult result) { promise->set_value(std::move(result)); });
  }
  int refused = 0;
  for (auto& result : results) refused += result.get() ? 0 : 1;
  CHECK(refused == 20);
  CHECK(store.last_position() == 180);
}

TEST_CASE("a key is good for one commit, for a day, and what it made is told") {
  const ScratchFile file;
  auto now = std::chrono::system_clock::time_point(std::chrono::hours(24 * 365));
  EventStore store(file.path(), {.now = [&now] { return now; }});
  const auto keyed = [](const std::string& aggregate) {
    Commit commit = one(aggregate, 0);
    commit.key = {"u1", "k", {"payload", aggregate}};
    return commit;
  };
  CHECK(store.commit(keyed("a")));
  now += std::chrono::hours(23);
  const auto again = store.commit(keyed("b"));
  CHECK(again.error().kind == Kind::KeyUsed);
  CHECK(again.error().used.aggregate == "a");
  CHECK(again.error().used.payload == "payload");
  CHECK(store.load("b").empty());
  now += std::chrono::hours(2);
  CHECK(store.commit(keyed("c")));
}

TEST_CASE("a clock that jumps an hour, either way, moves no lease and loses no event") {
  const ScratchFile file;
  auto now = std::chrono::system_clock::time_point(std::chrono::hours(24 * 365));
  EventStore store(file.path(), {.now = [&now] { return now; }});
  const Lease lease = store.take_lease("v1").value();
  std::int64_t version = 0;
  for (const int hours : {1, -2, 1}) {
    now += std::chrono::hours(hours);
    CHECK(store.commit(one("a", version++)));
    CHECK(store.beat(lease).value());
  }
  CHECK(store.load("a").size() == 3);
  EventStore again(file.path(), {.now = [&now] { return now; }});
  CHECK(again.last_position() == 3);
}

TEST_CASE("the outbox holds what was published, and is as deep as its slowest subscriber is behind") {
  const ScratchFile file;
  EventStore store(file.path());
  CHECK(store.commit(one("a", 0, "1")));
  CHECK(store.commit(one("s", 0, "private", false)));
  CHECK(store.commit(one("a", 1, "2")));
  const auto published = store.outbox(0, 10);
  REQUIRE(published.size() == 2);
  CHECK(published[1].position == 3);
  CHECK(store.outbox_depth() == 2);
  CHECK(!store.acknowledge("inventory", 1));
  CHECK(store.outbox_depth() == 1);
  CHECK(!store.acknowledge("mail", 3));
  CHECK(store.outbox_depth() == 1);
  CHECK(!store.acknowledge("inventory", 3));
  CHECK(!store.acknowledge("inventory", 1));  // an old one, late
  CHECK(store.acknowledged("inventory") == 3);
  CHECK(store.outbox_depth() == 0);
}

TEST_CASE("a claim belongs to its fence: who was taken over commits nothing more") {
  const ScratchFile file;
  EventStore v1(file.path()), v2(file.path());
  const Lease first = v1.take_lease("v1").value();
  const Lease second = v2.take_lease("v2").value();
  CHECK(second.fence > first.fence);
  Commit begin = one("saga/o1", 0);
  begin.claim = {What::Open, {"saga/o1", "v1", first.fence}};
  CHECK(v1.commit(std::move(begin)));

  const auto taken = v2.take_over(first, second).value();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].owner == "v2");
  CHECK(taken[0].fence > second.fence);

  Commit late = one("saga/o1", 1);
  late.claim = {What::Hold, {"saga/o1", "v1", first.fence}};
  CHECK(v1.commit(std::move(late)).error().kind == Kind::Fenced);
  CHECK(!v1.beat(first).value());
  Commit fresh = one("saga/o2", 0);
  fresh.claim = {What::Open, {"saga/o2", "v1", first.fence}};
  CHECK(v1.commit(std::move(fresh)).error().kind == Kind::Fenced);

  Commit end = one("saga/o1", 1);
  end.claim = {What::Close, taken[0]};
  CHECK(v2.commit(std::move(end)));
  CHECK(v2.claims("v2").empty());
}

TEST_CASE("who is alive is not taken over: its beat has moved since it was looked at") {
  const ScratchFile file;
  EventStore v1(file.path()), v2(file.path());
  const Lease first = v1.take_lease("v1").value();
  const Lease second = v2.take_lease("v2").value();
  CHECK(v1.beat(first).value());
  CHECK(v2.take_over(first, second).value().empty());
  CHECK(v1.beat(first).value());
}

TEST_CASE("a process that starts again under its name fences its former self off") {
  const ScratchFile file;
  EventStore store(file.path());
  const Lease before = store.take_lease("v1").value();
  Commit begin = one("saga/o1", 0);
  begin.claim = {What::Open, {"saga/o1", "v1", before.fence}};
  CHECK(store.commit(std::move(begin)));
  const Lease after = store.take_lease("v1").value();
  CHECK(store.claims("v1").front().fence == after.fence);
  Commit late = one("saga/o1", 1);
  late.claim = {What::Hold, {"saga/o1", "v1", before.fence}};
  CHECK(store.commit(std::move(late)).error().kind == Kind::Fenced);
  CHECK(!store.give_up(after).value());  // something is open: it has to be taken over
}

TEST_CASE("a follower hears of every event once it is committed, whichever process wrote it") {
  const ScratchFile file;
  EventStore v1(file.path()), v2(file.path());
  CHECK(v1.commit(one("a", 0)));
  std::promise<void> all;
  std::vector<std::int64_t> heard;
  Follower follower(v1, 0, [&](const std::vector<Event>& events) {
    for (const auto& event : events) heard.push_back(event.position);
    if (heard.size() == 41) all.set_value();
  });
  for (int i = 1; i <= 20; ++i) {
    CHECK(v1.commit(one("a", i)));
    CHECK(v2.commit(one("b", i - 1)));
  }
  all.get_future().wait();
  for (std::size_t i = 0; i < heard.size(); ++i) CHECK(heard[i] == static_cast<std::int64_t>(i) + 1);
}

TEST_CASE("a store with events missing refuses to start, and says which") {
  struct Row {
    const char* what;
    const char* sql;
    const char* says;
  };
  for (const Row& row :
       {Row{"a hole", "DELETE FROM events WHERE position = 2", "1 events are missing below position 3"},
        Row{"a lost end", "DELETE FROM events WHERE position = 3",
            "events 3 to 3 were on the disk and are gone"},
        Row{"a version", "UPDATE events SET version = 7 WHERE position = 3",
            "the versions of a have a gap"}}) {
    CAPTURE(row.what);
    const ScratchFile file;
    {
      EventStore store(file.path());
      for (int i = 0; i < 3; ++i) CHECK(store.commit(one("a", i)));
    }
    CHECK(refusal(file.path()).empty());
    with_database(file.path(), row.sql);
    CHECK(refusal(file.path()).find(row.says) != std::string::npos);
  }
}

TEST_CASE("a store that is opened while another process writes finds nothing missing") {
  const ScratchFile file;
  EventStore writing(file.path());
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) CHECK(writing.commit(one("a", i)));
  });
  std::string refused;
  for (int i = 0; i < 100 && refused.empty(); ++i) refused = refusal(file.path());
  stop = true;
  writer.join();
  CHECK(refused == "");
}

TEST_CASE("a store of a later version of the program is left alone") {
  const ScratchFile file;
  { EventStore store(file.path()); }
  with_database(file.path(), "PRAGMA user_version = 99");
  CHECK(refusal(file.path()).find("a later version of this program (schema 99)") != std::string::npos);
}
