#pragma once
// Read models: what the events make of tables that are quick to ask. Each view has its own position; all of
// them are in one file beside the store, one a process, that may be lost: it is made again from the first
// event. Owned by main(). The views are changed on the follower's thread and asked on any.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "store/follower.hpp"

namespace shop {

class View {
 public:
  virtual ~View() = default;
  [[nodiscard]] virtual const char* name() const = 0;
  // Raised when the tables or what is in them mean something else: the view is then made again.
  [[nodiscard]] virtual int version() const = 0;
  virtual void make_tables(Database& database) = 0;
  virtual void drop_tables(Database& database) = 0;
  // In one transaction; an event that means nothing to the view changes nothing. What several of them change
  // is written once: that is what makes a view of many events quick to make again.
  virtual void apply(Database& database, std::span<const Event> events) = 0;
};

class Projections {
 public:
  Projections(EventStore& store, const std::string& path, std::vector<View*> views);
  ~Projections();
  // Events are held back for so long: how a read model falls behind under load, when it is asked for.
  void start(std::chrono::milliseconds held_back = {});

  // Everything up to here is in the views.
  [[nodiscard]] std::int64_t position() const { return position_; }
  // Brings the views up to date on the caller's thread; for use before start().
  void catch_up();

 private:
  void read_positions();
  void take(const std::vector<Event>& events);
  bool hold_back(const Event& event);

  EventStore& store_;
  Database database_;
  std::vector<View*> views_;
  std::vector<std::int64_t> positions_;
  std::atomic<std::int64_t> position_ = 0;
  std::chrono::milliseconds held_back_{};
  std::mutex lock_;
  std::condition_variable woken_;
  bool stopped_ = false;
  std::unique_ptr<Follower> follower_;
};

}  // namespace shop
