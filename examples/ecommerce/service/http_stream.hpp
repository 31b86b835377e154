#pragma once
// One accepted HTTP connection as cpp-httplib wants to see it. Its own waits for the next request
// by polling every few milliseconds and writes head and body apart; this one waits in poll(2), and
// writes a response at once. Owned by the server's worker thread that serves the connection, for
// the connection's life.
#include <httplib.h>

#include <string>

namespace shop {

class HttpStream final : public httplib::Stream {
 public:
  HttpStream(int socket, int stop_event);
  ~HttpStream() override;

  // False when the peer is gone, nothing came in time, or the server stops.
  [[nodiscard]] bool wait_for_request(int timeout_ms);
  bool flush() const;

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* into, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  [[nodiscard]] bool wait_for(short events) const;

  int socket_;
  int stop_event_;
  std::string in_;
  std::size_t in_read_ = 0;
  mutable std::string out_;  // asking whether more can be written sends what is there
};

}  // namespace shop
