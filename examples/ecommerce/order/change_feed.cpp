#include "order/change_feed.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace shop {
namespace {

constexpr std::chrono::milliseconds interval{25};

}  // namespace

ChangeFeed::ChangeFeed(const std::string& database_path)
    : database_(database_path),
      last_sequence_(database_.number("SELECT coalesce(max(sequence), 0) FROM updates")),
      thread_([this] { run(); }) {}

ChangeFeed::~ChangeFeed() { close(); }

bool ChangeFeed::subscribe(const std::string& order_id, Watcher& watcher) {
  const std::lock_guard guard(lock_);
  if (closed_) return false;
  watchers_.emplace(order_id, &watcher);
  woken_.notify_one();
  return true;
}

void ChangeFeed::unsubscribe(const std::string& order_id, Watcher& watcher) {
  const std::lock_guard guard(lock_);
  const auto [begin, end] = watchers_.equal_range(order_id);
  const auto found =
      std::find_if(begin, end, [&](const auto& entry) { return entry.second == &watcher; });
  if (found != end) watchers_.erase(found);
}

void ChangeFeed::close() {
  const std::lock_guard guard(lock_);
  if (closed_) return;
  closed_ = true;
  for (const auto& [id, watcher] : watchers_) watcher->feed_closed();
  woken_.notify_one();
}

void ChangeFeed::run() {
  while (true) {
    {
      std::unique_lock guard(lock_);
      woken_.wait(guard, [this] { return closed_ || !watchers_.empty(); });
      if (woken_.wait_for(guard, interval, [this] { return closed_; })) return;
    }
    try {
      tell_changed();
    } catch (const DatabaseError& error) {
      spdlog::warn("watchers wait: {}", error.what());
    }
  }
}

void ChangeFeed::tell_changed() {
  const std::int64_t version = database_.number("PRAGMA data_version");
  if (version == version_) return;
  std::vector<std::string> changed;
  std::int64_t last = last_sequence_;
  {
    Statement select(
        database_,
        "SELECT order_id, max(sequence) FROM updates WHERE sequence > ? GROUP BY order_id");
    select.number(last_sequence_);
    while (select.step()) {
      changed.push_back(select.text_at(0));
      last = std::max(last, select.number_at(1));
    }
  }
  version_ = version;
  last_sequence_ = last;
  const std::lock_guard guard(lock_);
  for (const auto& id : changed) {
    const auto [begin, end] = watchers_.equal_range(id);
    for (auto entry = begin; entry != end; ++entry) entry->second->changed();
  }
}

}  // namespace shop
