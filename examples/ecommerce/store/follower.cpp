#include "store/follower.hpp"

#include <spdlog/spdlog.h>

namespace shop {
namespace {

constexpr int read_at_once = 512;

}  // namespace

Follower::Follower(EventStore& store, std::int64_t after_position, Sink sink)
    : store_(store),
      position_(after_position),
      sink_(std::move(sink)),
      bell_(store.path()),
      thread_([this] { run(); }) {}

Follower::~Follower() {
  bell_.stop();
  thread_.join();
}

void Follower::run() {
  do {
    try {
      for (auto events = store_.read(position_, read_at_once); !events.empty();
           events = store_.read(position_, read_at_once)) {
        sink_(events);
        position_ = events.back().position;
      }
    } catch (const DatabaseError& error) {
      spdlog::warn("events wait at position {}: {}", position_, error.what());
    }
  } while (bell_.wait());
}

}  // namespace shop
