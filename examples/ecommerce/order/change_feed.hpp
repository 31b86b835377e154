#pragma once
// Tells watchers that their order has changed, whichever process changed it: one thread looks at
// the database's version (a cheap question) a few times a second, and only while somebody watches.
// It carries no data: a watcher reads the history from where it is, so a slow one holds no queue.
// Owned by main(). subscribe and unsubscribe: any thread; changed() is called on the feed's thread.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "service/database.hpp"

namespace shop {

class Watcher {
 public:
  virtual void changed() = 0;
  virtual void feed_closed() = 0;

 protected:
  ~Watcher() = default;
};

class ChangeFeed {
 public:
  // The database has its tables already.
  explicit ChangeFeed(const std::string& database_path);
  ~ChangeFeed();

  // False when the feed is closed.
  [[nodiscard]] bool subscribe(const std::string& order_id, Watcher& watcher);
  // After it returns, the watcher is not called again.
  void unsubscribe(const std::string& order_id, Watcher& watcher);
  void close();

 private:
  void run();
  void tell_changed();

  Database database_;  // the feed's thread only
  std::int64_t version_ = 0;
  std::int64_t last_sequence_ = 0;
  std::mutex lock_;
  std::condition_variable woken_;
  bool closed_ = false;
  std::unordered_multimap<std::string, Watcher*> watchers_;
  std::jthread thread_;
};

}  // namespace shop
