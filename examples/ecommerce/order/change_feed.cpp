#include "order/change_feed.hpp"

#include <algorithm>
#include <set>

#include "order/order_events.hpp"

namespace shop {

ChangeFeed::ChangeFeed(EventStore& store, std::function<void(const std::string&)> retry_asked)
    : retry_asked_(std::move(retry_asked)),
      follower_(store, store.last_position(), [this](const std::vector<Event>& events) { tell(events); }) {}

ChangeFeed::~ChangeFeed() { close(); }

bool ChangeFeed::subscribe(const std::string& order_id, Watcher& watcher) {
  const std::lock_guard guard(lock_);
  if (closed_) return false;
  watchers_.emplace(order_id, &watcher);
  return true;
}

void ChangeFeed::unsubscribe(const std::string& order_id, Watcher& watcher) {
  const std::lock_guard guard(lock_);
  const auto [begin, end] = watchers_.equal_range(order_id);
  const auto found = std::find_if(begin, end, [&](const auto& entry) { return entry.second == &watcher; });
  if (found != end) watchers_.erase(found);
}

void ChangeFeed::close() {
  const std::lock_guard guard(lock_);
  if (closed_) return;
  closed_ = true;
  for (const auto& [id, watcher] : watchers_) watcher->feed_closed();
}

void ChangeFeed::tell(const std::vector<Event>& events) {
  std::set<std::string> changed;
  for (const auto& event : events) {
    if (event.type == "SagaRetryRequested")
      retry_asked_(event.aggregate.substr(event.aggregate.find('/') + 1));
    if (auto id = order_of(event.aggregate); !id.empty()) changed.insert(std::move(id));
  }
  if (changed.empty()) return;
  changed.insert(any_order);
  const std::lock_guard guard(lock_);
  for (const auto& id : changed) {
    const auto [begin, end] = watchers_.equal_range(id);
    for (auto entry = begin; entry != end; ++entry) entry->second->changed();
  }
}

}  // namespace shop
