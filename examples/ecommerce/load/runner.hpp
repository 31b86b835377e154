#pragma once
// One run: so many connections, one request on each at a time, until the end is reached; then what
// is in flight is waited for. One thread, one epoll. Owned by main().
#include <csignal>
#include <cstdint>
#include <deque>
#include <string>

#include "load/connection.hpp"
#include "load/tally.hpp"

namespace shop {

struct RunPlan {
  sockaddr_in peer{};
  std::string request;
  bool is_head = false;
  std::string count_header;  // lower case; empty for none
  // The run ends at whichever comes first; 0 or empty: not by this.
  std::int64_t requests = 0;
  double seconds = 0;
  std::string until_file;
  std::int64_t connections = 1;
  double rps = 0;  // over all connections; 0: as fast as the answers come
  double timeout = 10;
};

class Runner {
 public:
  // `stop` becomes non-zero when a signal asks for the end.
  Runner(RunPlan plan, const volatile std::sig_atomic_t& stop);
  ~Runner();

  [[nodiscard]] std::string run();

 private:
  [[nodiscard]] bool ended(SteadyTime now);
  [[nodiscard]] SteadyTime next_due(SteadyTime now) const;
  void start_what_is_due(SteadyTime now);
  void give_up_what_is_late(SteadyTime now);
  void take(Connection& connection, Connection::Event event);
  [[nodiscard]] int wait_ms(SteadyTime now) const;

  RunPlan plan_;
  const volatile std::sig_atomic_t& stop_;
  int epoll_;
  std::deque<Connection> connections_;
  Tally tally_;
  SteadyTime began_{};
  SteadyTime looked_at_file_{};
  SteadyTime
      paused_until_{};  // after a refused connect, so that a peer that is away is not hammered
  std::int64_t started_ = 0;
  std::size_t busy_ = 0;
  std::size_t turn_ = 0;  // connections take turns, so that all of them are used at any rate
  bool ended_ = false;
};

}  // namespace shop
