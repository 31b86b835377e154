#pragma once
// The one thread that writes a database: jobs wait in a queue, as many as are there share one
// transaction with one sync of the disk, each in a savepoint of its own, and hear how it ended after
// that sync. Owned by a store; any thread submits.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "service/database.hpp"

namespace shop {

class Writer {
 public:
  struct Job {
    // Reads and writes; false takes back what it wrote, a DatabaseError too. On the writer's thread.
    std::function<bool(Database&)> run;
    // After the sync, or with the reason why it is not on the disk. On the writer's thread.
    std::function<void(const std::optional<std::string>& error)> done;
    std::string name = {};  // failpoints NAME.before-write and NAME.before-fsync
  };
  struct Settings {
    std::function<void(Database&)> after_commit;  // before the jobs hear of it
    // The disk failed under a commit: what is on it is unknown, and asking again would only hide that
    // (a second fsync may succeed without having written). Every job after that is refused.
    std::function<void(const std::string& why)> broken;
  };

  Writer(const std::string& path, Settings settings);
  // Writes what waits, then ends.
  ~Writer();

  void submit(Job job);
  // Waits for the end of it.
  [[nodiscard]] std::optional<std::string> run(std::function<bool(Database&)> work);

 private:
  struct Outcome {
    bool wrote = false;
    std::optional<std::string> error;
  };
  void work();
  void write(std::vector<Job>& jobs);
  Outcome run_in_savepoint(Job& job);

  Settings settings_;
  Database database_;  // the writer's thread only
  std::optional<std::string> broken_;
  std::mutex lock_;
  std::condition_variable woken_;
  std::vector<Job> waiting_;
  bool closed_ = false;
  std::thread thread_;
};

// The names of the jobs whose commit is under way on this thread: where a failpoint at the sync is.
[[nodiscard]] const std::vector<std::string>& commit_under_way();

}  // namespace shop
