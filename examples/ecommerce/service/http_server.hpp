#pragma once
// cpp-httplib's server, made fit to stand behind a proxy that keeps its connections: they live for
// hours, the backlog is not 5, there is no SO_REUSEPORT, and a stop does not wait for idle
// connections. Owned by main(); handlers run on its worker threads, one for each open connection.
#include <httplib.h>

#include <atomic>
#include <expected>
#include <memory>
#include <string>
#include <thread>

#include "service/host_port.hpp"

namespace shop {

class HttpServer final : private httplib::Server {
 public:
  // One worker thread for each connection that is open at the same time.
  explicit HttpServer(std::size_t worker_threads);
  ~HttpServer() override;

  using httplib::Server::Get;
  using httplib::Server::Patch;
  using httplib::Server::Post;
  using httplib::Server::Put;
  using httplib::Server::set_default_headers;
  using httplib::Server::set_error_handler;
  using httplib::Server::set_exception_handler;

  // After the handlers are set. The error is one line that names the address.
  [[nodiscard]] std::expected<HostPort, std::string> start(const HostPort& address);
  // Takes no new connection and no new request on those that are open.
  void begin_stop();
  [[nodiscard]] bool stopping() const { return stopping_; }
  // Until the last request in flight has its answer.
  void join();

 private:
  bool process_and_close_socket(socket_t sock) override;

  int stop_event_;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
};

}  // namespace shop
