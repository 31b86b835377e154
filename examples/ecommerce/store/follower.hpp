#pragma once
// Reads the store's events in order, as they come, whichever process wrote them, on a thread of its own
// that sleeps while nothing happens. Owned by whoever needs the events; the store outlives it.
#include <functional>
#include <thread>
#include <vector>

#include "store/event_store.hpp"

namespace shop {

class Follower {
 public:
  using Sink = std::function<void(const std::vector<Event>&)>;

  // The sink hears of everything after the position, at least once; what it throws is told again later.
  Follower(EventStore& store, std::int64_t after_position, Sink sink);
  ~Follower();

 private:
  void run();

  EventStore& store_;
  std::int64_t position_;
  Sink sink_;
  Bell bell_;
  std::thread thread_;
};

}  // namespace shop
