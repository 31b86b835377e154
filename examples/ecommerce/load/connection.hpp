#pragma once
// One client connection: a non-blocking socket and at most one request on it. It reports what
// happened; the Runner decides what it means. Owned by the Runner, one thread.
//
//   Closed --begin--> Busy --whole answer--> Idle --begin--> Busy;   anything wrong --> Closed
#include <netinet/in.h>

#include <chrono>
#include <optional>
#include <string>

#include "load/response_parser.hpp"

namespace shop {

using SteadyTime = std::chrono::steady_clock::time_point;

class Connection {
 public:
  enum class State { Closed, Busy, Idle };
  enum class Event { Nothing, Answered, Failed, ClosedWhileIdle };

  Connection(const sockaddr_in& peer, int epoll, const std::string& request, bool is_head,
             const std::string& kept_header);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] SteadyTime due() const { return due_; }
  // The response after Answered.
  [[nodiscard]] const ResponseParser& response() const { return *response_; }
  // The reason after Failed, and whether the peer closed the connection.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] bool closed_by_peer() const { return closed_by_peer_; }

  // Sends the request, on a new socket if need be. The answer's time counts from `due`.
  [[nodiscard]] Event begin(SteadyTime due);
  [[nodiscard]] Event on_ready();
  [[nodiscard]] Event give_up();
  void close();

 private:
  [[nodiscard]] bool open();
  [[nodiscard]] Event send_rest();
  [[nodiscard]] Event receive();
  [[nodiscard]] Event fail(std::string why, bool by_peer);
  void wait_for(unsigned events);

  sockaddr_in peer_;
  int epoll_;
  const std::string& request_;
  bool is_head_;
  const std::string& kept_header_;
  int socket_ = -1;
  State state_ = State::Closed;
  bool connected_ = false;
  std::size_t sent_ = 0;
  SteadyTime due_{};
  std::optional<ResponseParser> response_;
  std::string failure_;
  bool closed_by_peer_ = false;
};

}  // namespace shop
