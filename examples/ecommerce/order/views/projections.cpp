#include "order/views/projections.hpp"

#include <algorithm>

namespace shop {
namespace {

constexpr int read_at_once = 2048;

}  // namespace

Projections::Projections(EventStore& store, const std::string& path, std::vector<View*> views)
    : store_(store), database_(path, Database::Sync::Normal), views_(std::move(views)) {
  read_positions();
}

Projections::~Projections() {
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
  }
  woken_.notify_all();
  follower_.reset();
}

void Projections::read_positions() {
  Transaction transaction(database_);
  database_.run(
      "CREATE TABLE IF NOT EXISTS views(name TEXT PRIMARY KEY, version INTEGER NOT NULL, "
      "position INTEGER NOT NULL) WITHOUT ROWID");
  for (View* view : views_) {
    std::int64_t position = 0;
    bool known = false;
    {
      Statement select(database_, "SELECT version, position FROM views WHERE name = ?");
      // A view ahead of the store is of another store.
      known = select.text(view->name()).step() && select.number_at(0) == view->version() &&
              select.number_at(1) <= store_.last_position();
      if (known) position = select.number_at(1);
    }
    if (!known) view->drop_tables(database_);
    view->make_tables(database_);
    Statement(database_, "INSERT OR REPLACE INTO views(name, version, position) VALUES(?, ?, ?)")
        .text(view->name())
        .number(view->version())
        .number(position)
        .step();
    positions_.push_back(position);
  }
  transaction.commit();
  position_ = *std::min_element(positions_.begin(), positions_.end());
}

void Projections::start(std::chrono::milliseconds held_back) {
  held_back_ = held_back;
  follower_ = std::make_unique<Follower>(store_, position_,
                                         [this](const std::vector<Event>& events) { take(events); });
}

void Projections::catch_up() {
  for (auto events = store_.read(position_, read_at_once); !events.empty();
       events = store_.read(position_, read_at_once)) {
    take(events);
  }
}

bool Projections::hold_back(const Event& event) {
  using namespace std::chrono;
  if (held_back_.count() == 0) return true;
  const auto since = microseconds(event.at_us) + held_back_ - system_clock::now().time_since_epoch();
  std::unique_lock guard(lock_);
  return !woken_.wait_for(guard, since, [this] { return stopped_; });
}

void Projections::take(const std::vector<Event>& events) {
  auto event = events.begin();
  while (event != events.end()) {
    if (!hold_back(*event)) return;
    // Held back, each event is a transaction of its own; else the whole batch is one.
    const auto end = held_back_.count() == 0 ? events.end() : event + 1;
    Transaction transaction(database_);
    auto positions = positions_;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const auto seen = [&](const Event& one) { return one.position <= positions[i]; };
      const auto next = std::find_if_not(event, end, seen);
      if (next == end) continue;
      views_[i]->apply(database_, {next, end});
      positions[i] = (end - 1)->position;
      Statement(database_, "UPDATE views SET position = ? WHERE name = ?")
          .number(positions[i])
          .text(views_[i]->name())
          .step();
    }
    transaction.commit();
    event = end;
    positions_ = positions;
    position_ = *std::min_element(positions_.begin(), positions_.end());
  }
}

}  // namespace shop
