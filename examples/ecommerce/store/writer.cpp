#include "store/writer.hpp"

#include <chrono>
#include <future>
#include <thread>

#include "faults/failpoint.hpp"

namespace shop {
namespace {

thread_local std::vector<std::string> names_under_way;

// SQLite's lock knows no queue: who commits one batch after the other starves another process, which only
// asks every millisecond. When somebody else has written since our last batch, he is left a gap.
void leave_room(Database& database, std::int64_t& seen_version) {
  constexpr std::chrono::milliseconds gap{2};
  try {
    const std::int64_t version = database.number("PRAGMA data_version");
    if (version == seen_version) return;
    seen_version = version;
    std::this_thread::sleep_for(gap);
  } catch (const DatabaseError&) {  // the batch will say so, to whom it concerns
  }
}

}  // namespace

const std::vector<std::string>& commit_under_way() { return names_under_way; }

Writer::Writer(const std::string& path, Settings settings)
    : settings_(std::move(settings)), database_(path), thread_([this] { work(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard guard(lock_);
    closed_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void Writer::submit(Job job) {
  if (!job.name.empty()) failpoint(job.name + ".before-write");
  {
    const std::lock_guard guard(lock_);
    waiting_.push_back(std::move(job));
  }
  woken_.notify_one();
}

std::optional<std::string> Writer::run(std::function<bool(Database&)> work) {
  std::promise<std::optional<std::string>> promise;
  submit({std::move(work), [&promise](const auto& error) { promise.set_value(error); }});
  return promise.get_future().get();
}

void Writer::work() {
  std::vector<Job> jobs;
  std::int64_t seen_version = 0;
  while (true) {
    {
      std::unique_lock guard(lock_);
      woken_.wait(guard, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      jobs.swap(waiting_);
    }
    leave_room(database_, seen_version);
    write(jobs);
    jobs.clear();
  }
}

void Writer::write(std::vector<Job>& jobs) {
  std::vector<Outcome> outcomes(jobs.size());
  std::optional<std::string> failed = broken_;
  if (!failed) {
    try {
      Transaction transaction(database_);
      bool wrote = false;
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        outcomes[i] = run_in_savepoint(jobs[i]);
        wrote = wrote || outcomes[i].wrote;
        if (outcomes[i].wrote && !jobs[i].name.empty()) names_under_way.push_back(jobs[i].name);
      }
      if (wrote) transaction.commit();
      names_under_way.clear();
      if (wrote && settings_.after_commit) settings_.after_commit(database_);
    } catch (const DatabaseError& error) {
      names_under_way.clear();
      failed = error.what();
      if (error.disk_failed()) {
        broken_ = "the disk failed under a commit: " + *failed;
        if (settings_.broken) settings_.broken(*broken_);
      }
    }
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].done(failed ? failed : outcomes[i].error);
}

Writer::Outcome Writer::run_in_savepoint(Job& job) {
  database_.run("SAVEPOINT job");
  Outcome outcome;
  try {
    outcome.wrote = job.run(database_);
  } catch (const DatabaseError& error) {
    // A full disk or a failing one ends the whole transaction by itself: there is no savepoint left.
    if (error.disk_failed() || sqlite3_get_autocommit(database_.handle()) != 0) throw;
    outcome.error = error.what();
  }
  if (!outcome.wrote) database_.run("ROLLBACK TO job");
  database_.run("RELEASE job");
  return outcome;
}

}  // namespace shop
