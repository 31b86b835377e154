#pragma once
// The event store: what happened, in order, and nothing else is state. One SQLite file that several
// processes may share; no SQL of it is anywhere else, so that another database can take its place. Owned
// by main(). commit() by any thread, answered on the writer's; reads by any thread, at once.
//
// One commit is one transaction: events of several aggregates, each at the version its author saw; which
// of them are published (the outbox); the key under which it was asked for (the inbox); and the claim on
// the work that it begins, goes on with or ends.
//
// A process works under a lease: a name and a fencing number, larger than any before, and a beat that it
// keeps up. No clock is compared: who sees another's beat stand still for long enough, by his own clock,
// takes over its claims under a number of their own, and from then on its commits are refused.
#include <chrono>
#include <expected>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/mark.hpp"
#include "store/writer.hpp"

namespace shop {

struct NewEvent {
  std::string type;
  int schema = 1;
  std::string body;
  bool published = false;
};

struct Event {
  std::int64_t position = 0;  // in the whole store, 1, 2, 3, ...
  std::string aggregate;
  std::int64_t version = 0;  // in the aggregate, 1, 2, 3, ...
  std::string type;
  int schema = 1;
  std::int64_t at_us = 0;  // since 1970, for people: nothing is decided by it
  std::string body;
};

struct Claim {
  std::string aggregate;
  std::string owner;
  std::int64_t fence = 0;
};

struct Lease {
  std::string owner;
  std::int64_t fence = 0;
  std::int64_t beat = 0;
  friend bool operator==(const Lease&, const Lease&) = default;
};

struct UsedKey {
  std::string payload;
  std::string aggregate;  // what it made
};

struct Commit {
  struct Stream {
    std::string aggregate;
    std::int64_t expected_version = 0;
    std::vector<NewEvent> events;
  };
  struct Key {
    std::string scope;
    std::string key;
    UsedKey use;
  };
  struct ClaimChange {
    enum class What { Open, Hold, Close };
    What what = What::Hold;
    Claim claim;  // Open: under the lease with this owner and fence
  };
  struct Snapshot {
    std::string aggregate;
    std::int64_t version = 0;
    std::string body;
  };

  std::vector<Stream> streams;
  std::optional<Key> key = std::nullopt;
  std::optional<ClaimChange> claim = std::nullopt;
  std::optional<Snapshot> snapshot = std::nullopt;
  std::string name = {};  // see Writer::Job
};

struct CommitError {
  enum class Kind { Conflict, KeyUsed, Fenced, Unavailable };
  Kind kind = Kind::Unavailable;
  std::string message;
  UsedKey used = {};  // of KeyUsed
};
// The position of its last event.
using CommitResult = std::expected<std::int64_t, CommitError>;

class EventStore {
 public:
  using Now = std::function<std::chrono::system_clock::time_point()>;
  struct Settings {
    Now now = std::chrono::system_clock::now;
    std::chrono::hours keys_kept{24};
    std::function<void(const std::string& why)> broken = {};
  };

  // Throws DatabaseError when the file cannot be had, or when events are missing from it.
  EventStore(const std::string& path, Settings settings);
  explicit EventStore(const std::string& path);

  void commit(Commit commit, std::function<void(CommitResult)> done);
  [[nodiscard]] CommitResult commit(Commit commit);

  [[nodiscard]] std::vector<Event> load(const std::string& aggregate, std::int64_t after_version = 0);
  [[nodiscard]] std::optional<Commit::Snapshot> snapshot(const std::string& aggregate);
  [[nodiscard]] std::vector<Event> read(std::int64_t after_position, int limit);
  // At a position or before it; 0 when nothing was ever committed.
  [[nodiscard]] std::int64_t last_position();
  [[nodiscard]] std::optional<UsedKey> used_key(const std::string& scope, const std::string& key);

  // The outbox: published events, in order. A subscriber is known by name from its first acknowledgement.
  [[nodiscard]] std::vector<Event> outbox(std::int64_t after_position, int limit);
  [[nodiscard]] std::optional<std::string> acknowledge(const std::string& subscriber,
                                                       std::int64_t position);
  [[nodiscard]] std::int64_t acknowledged(const std::string& subscriber);
  [[nodiscard]] std::int64_t outbox_depth();  // not acknowledged by the slowest subscriber

  // A number of one's own; the claims under the same name come along.
  [[nodiscard]] std::expected<Lease, std::string> take_lease(const std::string& owner);
  // False when the lease was taken away.
  [[nodiscard]] std::expected<bool, std::string> beat(const Lease& lease);
  [[nodiscard]] std::expected<bool, std::string> give_up(const Lease& lease);
  [[nodiscard]] std::vector<Lease> leases();
  // The claims of a lease that is as it was seen; none when it is not.
  [[nodiscard]] std::expected<std::vector<Claim>, std::string> take_over(const Lease& seen,
                                                                        const Lease& mine);
  [[nodiscard]] std::vector<Claim> claims(const std::string& owner);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  class Reader;
  void make_tables();
  void refuse_gaps();
  std::optional<CommitError> write(Database& database, const Commit& commit, std::int64_t& position);

  std::string path_;
  Settings settings_;
  Mark mark_;
  bool checked_ = false;  // set before the first commit is submitted
  Writer writer_;
  std::mutex readers_lock_;
  std::vector<std::unique_ptr<Database>> readers_;  // not in use
};

}  // namespace shop
