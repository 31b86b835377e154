#include "load/runner.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace shop {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

SteadyTime::duration ticks(double seconds) {
  return std::chrono::duration_cast<SteadyTime::duration>(Seconds(seconds));
}

}  // namespace

Runner::Runner(RunPlan plan, const volatile std::sig_atomic_t& stop)
    : plan_(std::move(plan)), stop_(stop), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (std::int64_t i = 0; i < plan_.connections; ++i) {
    connections_.emplace_back(plan_.peer, epoll_, plan_.request, plan_.is_head, plan_.count_header);
  }
}

Runner::~Runner() {
  connections_.clear();
  ::close(epoll_);
}

std::string Runner::run() {
  began_ = std::chrono::steady_clock::now();
  SteadyTime now = began_;
  std::array<epoll_event, 256> events;
  while (!ended(now) || busy_ > 0) {
    start_what_is_due(now);
    const int ready =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms(now));
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      take(connection, connection.on_ready());
    }
    now = std::chrono::steady_clock::now();
    give_up_what_is_late(now);
  }
  return tally_.text(Seconds(now - began_).count());
}

bool Runner::ended(SteadyTime now) {
  if (ended_) return true;
  if (stop_ != 0) ended_ = true;
  if (plan_.requests != 0 && started_ >= plan_.requests) ended_ = true;
  if (plan_.seconds > 0 && now - began_ >= ticks(plan_.seconds)) ended_ = true;
  if (!plan_.until_file.empty() && now - looked_at_file_ >= 20ms) {
    looked_at_file_ = now;
    if (::access(plan_.until_file.c_str(), F_OK) == 0) ended_ = true;
  }
  return ended_;
}

SteadyTime Runner::next_due(SteadyTime now) const {
  if (plan_.rps <= 0) return std::max(now, paused_until_);
  return std::max(began_ + ticks(static_cast<double>(started_) / plan_.rps), paused_until_);
}

void Runner::start_what_is_due(SteadyTime now) {
  for (std::size_t looked = 0; looked < connections_.size(); ++looked) {
    if (ended(now)) return;
    const SteadyTime due = next_due(now);
    if (due > now) return;
    auto& connection = connections_[turn_++ % connections_.size()];
    if (connection.state() == Connection::State::Busy) continue;
    ++started_;
    ++busy_;
    take(connection, connection.begin(due));
  }
}

void Runner::give_up_what_is_late(SteadyTime now) {
  for (auto& connection : connections_) {
    const bool late = now - connection.due() > ticks(plan_.timeout);
    if (late && connection.state() == Connection::State::Busy)
      take(connection, connection.give_up());
  }
}

void Runner::take(Connection& connection, Connection::Event event) {
  const auto now = std::chrono::steady_clock::now();
  switch (event) {
    case Connection::Event::Nothing: return;
    case Connection::Event::Answered: {
      --busy_;
      const auto took =
          std::chrono::duration_cast<std::chrono::microseconds>(now - connection.due());
      tally_.answered(connection.response().status(), static_cast<std::uint32_t>(took.count()));
      if (!plan_.count_header.empty())
        tally_.counted(connection.response().kept().value_or("absent"));
      break;
    }
    case Connection::Event::Failed:
      --busy_;
      tally_.failed(connection.failure());
      if (connection.failure() == "connect") paused_until_ = now + 10ms;
      break;
    case Connection::Event::ClosedWhileIdle: break;
  }
  if (connection.closed_by_peer()) tally_.closed_by_peer();
}

int Runner::wait_ms(SteadyTime now) const {
  constexpr int longest = 20;
  if (ended_ || busy_ == connections_.size()) return longest;
  const auto until = std::chrono::ceil<std::chrono::milliseconds>(next_due(now) - now).count();
  return static_cast<int>(std::clamp<long>(until, 0, longest));
}

}  // namespace shop
