// Longer than other files on purpose: all SQL of the store is here.
#include "store/event_store.hpp"

#include <future>

namespace shop {
namespace {

using enum CommitError::Kind;

constexpr int schema_version = 1;

std::int64_t microseconds(std::chrono::system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::int64_t version_of(Database& database, const std::string& aggregate) {
  Statement select(database, "SELECT coalesce(max(version), 0) FROM events WHERE aggregate = ?");
  select.text(aggregate).step();
  return select.number_at(0);
}

std::int64_t next_fence(Database& database) {
  database.run("UPDATE fences SET last = last + 1");
  return database.number("SELECT last FROM fences");
}

bool has_lease(Database& database, const std::string& owner, std::int64_t fence) {
  Statement select(database, "SELECT 1 FROM leases WHERE owner = ? AND fence = ?");
  return select.text(owner).number(fence).step();
}

std::optional<CommitError> change_claim(Database& database, const Commit::ClaimChange& change) {
  using What = Commit::ClaimChange::What;
  const Claim& claim = change.claim;
  if (change.what == What::Open) {
    if (!has_lease(database, claim.owner, claim.fence)) {
      return CommitError{Fenced, claim.owner + " has no longer the lease it began under"};
    }
    Statement(database, "INSERT INTO claims(aggregate, owner, fence) VALUES(?, ?, ?)")
        .text(claim.aggregate)
        .text(claim.owner)
        .number(claim.fence)
        .step();
    return std::nullopt;
  }
  Statement held(database, "SELECT fence FROM claims WHERE aggregate = ?");
  if (!held.text(claim.aggregate).step() || held.number_at(0) != claim.fence) {
    return CommitError{Fenced, claim.aggregate + " was taken over: its fence is no longer " +
                                   std::to_string(claim.fence)};
  }
  if (change.what == What::Close) {
    Statement(database, "DELETE FROM claims WHERE aggregate = ?").text(claim.aggregate).step();
  }
  return std::nullopt;
}

Event event_at(Statement& row) {
  return {row.number_at(0), row.text_at(1), row.number_at(2), row.text_at(3),
          static_cast<int>(row.number_at(4)), row.number_at(5), row.text_at(6)};
}

std::vector<Event> all_of(Statement& select) {
  std::vector<Event> events;
  while (select.step()) events.push_back(event_at(select));
  return events;
}

std::vector<Claim> claims_of(Database& database, const std::string& owner) {
  Statement select(database,
                   "SELECT aggregate, owner, fence FROM claims WHERE owner = ? ORDER BY aggregate");
  select.text(owner);
  std::vector<Claim> claims;
  while (select.step()) claims.push_back({select.text_at(0), select.text_at(1), select.number_at(2)});
  return claims;
}

void move_claims(Database& database, const std::string& from, const Lease& to) {
  Statement(database, "UPDATE claims SET owner = ?, fence = ? WHERE owner = ?")
      .text(to.owner)
      .number(to.fence)
      .text(from)
      .step();
}

}  // namespace

// A connection of the pool, for the life of one read.
class EventStore::Reader {
 public:
  explicit Reader(EventStore& store) : store_(store) {
    {
      const std::lock_guard guard(store.readers_lock_);
      if (!store.readers_.empty()) {
        database_ = std::move(store.readers_.back());
        store.readers_.pop_back();
      }
    }
    if (!database_) database_ = std::make_unique<Database>(store.path_);
  }
  ~Reader() {
    const std::lock_guard guard(store_.readers_lock_);
    store_.readers_.push_back(std::move(database_));
  }
  operator Database&() { return *database_; }

 private:
  EventStore& store_;
  std::unique_ptr<Database> database_;
};

EventStore::EventStore(const std::string& path) : EventStore(path, Settings()) {}

EventStore::EventStore(const std::string& path, Settings settings)
    : path_(path),
      settings_(std::move(settings)),
      mark_(path),
      writer_(path, {.after_commit =
                         [this](Database& database) {
                           // Not before the mark was believed or found to be ahead.
                           if (!checked_) return;
                           mark_.write(database.number("SELECT coalesce(max(position), 0) FROM events"));
                         },
                     .broken = settings_.broken}) {
  make_tables();
  refuse_gaps();
  checked_ = true;
}

void EventStore::make_tables() {
  const auto error = writer_.run([](Database& database) {
    database.run(R"(
      CREATE TABLE IF NOT EXISTS events(
        position INTEGER PRIMARY KEY, aggregate TEXT NOT NULL, version INTEGER NOT NULL,
        type TEXT NOT NULL, schema INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL);
      CREATE UNIQUE INDEX IF NOT EXISTS events_of_aggregate ON events(aggregate, version);
      CREATE TABLE IF NOT EXISTS snapshots(
        aggregate TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS outbox(position INTEGER PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS subscribers(
        name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS inbox(
        scope TEXT NOT NULL, key TEXT NOT NULL, payload BLOB NOT NULL, aggregate TEXT NOT NULL,
        at INTEGER NOT NULL, PRIMARY KEY(scope, key)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS inbox_by_age ON inbox(at);
      CREATE TABLE IF NOT EXISTS leases(
        owner TEXT PRIMARY KEY, fence INTEGER NOT NULL, beat INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS claims(
        aggregate TEXT PRIMARY KEY, owner TEXT NOT NULL, fence INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS claims_of_owner ON claims(owner);
      CREATE TABLE IF NOT EXISTS fences(last INTEGER NOT NULL);
      INSERT INTO fences SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM fences);)");
    const std::int64_t found = database.number("PRAGMA user_version");
    if (found > schema_version) {
      throw DatabaseError("the database was written by a later version of this program (schema " +
                          std::to_string(found) + "); run that one");
    }
    database.run("PRAGMA user_version = 1");
    return true;
  });
  if (error) throw DatabaseError(path_ + ": " + *error);
}

void EventStore::refuse_gaps() {
  Reader database(*this);
  const auto refuse = [this](const std::string& what) {
    throw DatabaseError(path_ + ": " + what +
                        "; it will not be used as it is. Restore it from a backup, and remove " +
                        mark_.path() + " if the backup is older on purpose");
  };
  // Another process may be writing: the mark is read first, and what is written after that look only adds to
  // what is found; each question is one statement, so one state of the file.
  Database& open = database;
  const std::int64_t witnessed = mark_.position();
  const std::int64_t missing = open.number("SELECT coalesce(max(position), 0) - count(*) FROM events");
  const std::int64_t last = open.number("SELECT coalesce(max(position), 0) FROM events");
  if (missing != 0) {
    refuse(std::to_string(missing) + " events are missing below position " + std::to_string(last));
  }
  if (witnessed > last) {
    refuse("events " + std::to_string(last + 1) + " to " + std::to_string(witnessed) +
           " were on the disk and are gone");
  }
  Statement broken(open,
                   "SELECT aggregate FROM events GROUP BY aggregate "
                   "HAVING count(*) <> max(version) OR min(version) <> 1 LIMIT 1");
  if (broken.step()) refuse("the versions of " + broken.text_at(0) + " have a gap");
}

std::optional<CommitError> EventStore::write(Database& database, const Commit& commit,
                                             std::int64_t& position) {
  const std::int64_t now = microseconds(settings_.now());
  if (commit.key) {
    const auto& key = *commit.key;
    const std::int64_t oldest = now - std::chrono::microseconds(settings_.keys_kept).count();
    Statement(database, "DELETE FROM inbox WHERE at < ?").number(oldest).step();
    Statement select(database, "SELECT payload, aggregate FROM inbox WHERE scope = ? AND key = ?");
    if (select.text(key.scope).text(key.key).step()) {
      return CommitError{KeyUsed, "the key was used before", {select.text_at(0), select.text_at(1)}};
    }
    Statement(database, "INSERT INTO inbox(scope, key, payload, aggregate, at) VALUES(?, ?, ?, ?, ?)")
        .text(key.scope)
        .text(key.key)
        .blob(key.use.payload)
        .text(key.use.aggregate)
        .number(now)
        .step();
  }
  if (commit.claim) {
    if (auto error = change_claim(database, *commit.claim)) return error;
  }
  for (const auto& stream : commit.streams) {
    const std::int64_t version = version_of(database, stream.aggregate);
    if (version != stream.expected_version) {
      return CommitError{Conflict, stream.aggregate + " is at version " + std::to_string(version) +
                                       ", not " + std::to_string(stream.expected_version)};
    }
    std::int64_t next = version;
    for (const auto& event : stream.events) {
      Statement(database,
                "INSERT INTO events(aggregate, version, type, schema, at, body) VALUES(?, ?, ?, ?, ?, ?)")
          .text(stream.aggregate)
          .number(++next)
          .text(event.type)
          .number(event.schema)
          .number(now)
          .blob(event.body)
          .step();
      position = sqlite3_last_insert_rowid(database.handle());
      if (event.published) {
        Statement(database, "INSERT INTO outbox(position) VALUES(?)").number(position).step();
      }
    }
  }
  if (commit.snapshot) {
    Statement(database, "INSERT OR REPLACE INTO snapshots(aggregate, version, body) VALUES(?, ?, ?)")
        .text(commit.snapshot->aggregate)
        .number(commit.snapshot->version)
        .blob(commit.snapshot->body)
        .step();
  }
  return std::nullopt;
}

void EventStore::commit(Commit commit, std::function<void(CommitResult)> done) {
  struct Work {
    Commit commit;
    std::function<void(CommitResult)> done;
    std::optional<CommitError> refused;
    std::int64_t position = 0;
  };
  auto work = std::make_shared<Work>(std::move(commit), std::move(done));
  writer_.submit({[this, work](Database& database) {
                    work->refused = write(database, work->commit, work->position);
                    return !work->refused;
                  },
                  [work](const std::optional<std::string>& error) {
                    if (error) return work->done(std::unexpected(CommitError{Unavailable, *error}));
                    if (work->refused) return work->done(std::unexpected(std::move(*work->refused)));
                    work->done(work->position);
                  },
                  work->commit.name});
}

CommitResult EventStore::commit(Commit commit) {
  std::promise<CommitResult> promise;
  this->commit(std::move(commit), [&promise](CommitResult result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

std::vector<Event> EventStore::load(const std::string& aggregate, std::int64_t after_version) {
  Reader database(*this);
  Statement select(database,
                   "SELECT position, aggregate, version, type, schema, at, body FROM events "
                   "WHERE aggregate = ? AND version > ? ORDER BY version");
  select.text(aggregate).number(after_version);
  return all_of(select);
}

std::optional<Commit::Snapshot> EventStore::snapshot(const std::string& aggregate) {
  Reader database(*this);
  Statement select(database, "SELECT version, body FROM snapshots WHERE aggregate = ?");
  if (!select.text(aggregate).step()) return std::nullopt;
  return Commit::Snapshot{aggregate, select.number_at(0), select.text_at(1)};
}

std::vector<Event> EventStore::read(std::int64_t after_position, int limit) {
  Reader database(*this);
  Statement select(database,
                   "SELECT position, aggregate, version, type, schema, at, body FROM events "
                   "WHERE position > ? ORDER BY position LIMIT ?");
  select.number(after_position).number(limit);
  return all_of(select);
}

std::int64_t EventStore::last_position() {
  Reader database(*this);
  Statement select(database, "SELECT coalesce(max(position), 0) FROM events");
  select.step();
  return select.number_at(0);
}

std::optional<UsedKey> EventStore::used_key(const std::string& scope, const std::string& key) {
  Reader database(*this);
  Statement select(database, "SELECT payload, aggregate FROM inbox WHERE scope = ? AND key = ?");
  if (!select.text(scope).text(key).step()) return std::nullopt;
  return UsedKey{select.text_at(0), select.text_at(1)};
}

std::vector<Event> EventStore::outbox(std::int64_t after_position, int limit) {
  Reader database(*this);
  Statement select(database,
                   "SELECT e.position, e.aggregate, e.version, e.type, e.schema, e.at, e.body "
                   "FROM outbox o JOIN events e ON e.position = o.position "
                   "WHERE o.position > ? ORDER BY o.position LIMIT ?");
  select.number(after_position).number(limit);
  return all_of(select);
}

std::optional<std::string> EventStore::acknowledge(const std::string& subscriber,
                                                   std::int64_t position) {
  return writer_.run([&](Database& database) {
    Statement(database,
              "INSERT INTO subscribers(name, position) VALUES(?1, ?2) "
              "ON CONFLICT(name) DO UPDATE SET position = max(position, ?2)")
        .text(subscriber)
        .number(position)
        .step();
    return true;
  });
}

std::int64_t EventStore::acknowledged(const std::string& subscriber) {
  Reader database(*this);
  Statement select(database, "SELECT position FROM subscribers WHERE name = ?");
  return select.text(subscriber).step() ? select.number_at(0) : 0;
}

std::int64_t EventStore::outbox_depth() {
  Reader database(*this);
  Statement select(database,
                   "SELECT count(*) FROM outbox "
                   "WHERE position > coalesce((SELECT min(position) FROM subscribers), 0)");
  select.step();
  return select.number_at(0);
}

std::expected<Lease, std::string> EventStore::take_lease(const std::string& owner) {
  Lease lease{owner, 0, 0};
  const auto error = writer_.run([&](Database& database) {
    lease.fence = next_fence(database);
    Statement(database, "INSERT OR REPLACE INTO leases(owner, fence, beat) VALUES(?, ?, 0)")
        .text(owner)
        .number(lease.fence)
        .step();
    move_claims(database, owner, lease);
    return true;
  });
  if (error) return std::unexpected(*error);
  return lease;
}

std::expected<bool, std::string> EventStore::beat(const Lease& lease) {
  bool held = false;
  const auto error = writer_.run([&](Database& database) {
    Statement(database, "UPDATE leases SET beat = beat + 1 WHERE owner = ? AND fence = ?")
        .text(lease.owner)
        .number(lease.fence)
        .step();
    return held = database.changes() == 1;
  });
  if (error) return std::unexpected(*error);
  return held;
}

std::expected<bool, std::string> EventStore::give_up(const Lease& lease) {
  bool held = false;
  const auto error = writer_.run([&](Database& database) {
    // Without a claim nobody has to wait for it to run out.
    Statement(database,
              "DELETE FROM leases WHERE owner = ?1 AND fence = ?2 "
              "AND NOT EXISTS (SELECT 1 FROM claims WHERE owner = ?1)")
        .text(lease.owner)
        .number(lease.fence)
        .step();
    return held = database.changes() == 1;
  });
  if (error) return std::unexpected(*error);
  return held;
}

std::vector<Lease> EventStore::leases() {
  Reader database(*this);
  Statement select(database, "SELECT owner, fence, beat FROM leases ORDER BY owner");
  std::vector<Lease> leases;
  while (select.step()) leases.push_back({select.text_at(0), select.number_at(1), select.number_at(2)});
  return leases;
}

std::expected<std::vector<Claim>, std::string> EventStore::take_over(const Lease& seen,
                                                                     const Lease& mine) {
  std::vector<Claim> taken;
  const auto error = writer_.run([&](Database& database) {
    Statement(database, "DELETE FROM leases WHERE owner = ? AND fence = ? AND beat = ?")
        .text(seen.owner)
        .number(seen.fence)
        .number(seen.beat)
        .step();
    if (database.changes() != 1 || !has_lease(database, mine.owner, mine.fence)) return false;
    std::vector<Claim> before = claims_of(database, seen.owner);
    const Lease under{mine.owner, next_fence(database), 0};
    move_claims(database, seen.owner, under);
    for (auto& claim : before) taken.push_back({claim.aggregate, under.owner, under.fence});
    return true;
  });
  if (error) return std::unexpected(*error);
  return taken;
}

std::vector<Claim> EventStore::claims(const std::string& owner) {
  Reader database(*this);
  return claims_of(database, owner);
}

}  // namespace shop
