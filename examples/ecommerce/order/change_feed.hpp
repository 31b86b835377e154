#pragma once
// Tells watchers that their order has changed, whichever process changed it: one follower of the store,
// asleep while nothing happens however many watch. It carries no data: a watcher reads on from where it
// is, so a slow one holds no queue. Owned by main(). subscribe and unsubscribe: any thread; changed() is
// called on the feed's thread.
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include "store/follower.hpp"

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
  // A saga was asked to be tried at once.
  explicit ChangeFeed(EventStore& store, std::function<void(const std::string& order_id)> retry_asked);
  ~ChangeFeed();

  // An order's id, or any_order for whoever wants to hear of each. False when the feed is closed.
  static constexpr const char* any_order = "";
  [[nodiscard]] bool subscribe(const std::string& order_id, Watcher& watcher);
  // After it returns, the watcher is not called again.
  void unsubscribe(const std::string& order_id, Watcher& watcher);
  void close();

 private:
  void tell(const std::vector<Event>& events);

  std::function<void(const std::string&)> retry_asked_;
  std::mutex lock_;
  bool closed_ = false;
  std::unordered_multimap<std::string, Watcher*> watchers_;
  Follower follower_;
};

}  // namespace shop
