#include "service/http_server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "service/http_stream.hpp"

namespace shop {
namespace {

constexpr int backlog = 1024;
constexpr std::size_t body_limit = 1024 * 1024;
constexpr int idle_limit_ms = 3600 * 1000;
constexpr int requests_limit = 1'000'000;

// A request that names no length has no body (RFC 9112, 6.3); httplib would read on until the
// connection ends.
void settle_length(httplib::Request& request) {
  if (request.has_header("content-length") || request.has_header("transfer-encoding")) return;
  request.set_header("Content-Length", "0");
}

}  // namespace

HttpServer::HttpServer(std::size_t worker_threads) : stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  new_task_queue = [worker_threads] { return new httplib::ThreadPool(worker_threads); };
  set_payload_max_length(body_limit);
  set_keep_alive_max_count(requests_limit);  // both are also what the Keep-Alive header promises
  set_keep_alive_timeout(idle_limit_ms / 1000);
  set_tcp_nodelay(true);
  set_socket_options([](socket_t sock) {
    const int yes = 1;
    ::setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

HttpServer::~HttpServer() {
  begin_stop();
  join();
  ::close(stop_event_);
}

std::expected<HostPort, std::string> HttpServer::start(const HostPort& address) {
  errno = 0;
  if (!bind_to_port(address.host, address.port)) {
    return std::unexpected(
        fmt::format("cannot listen on {}: {}", address.text(), std::strerror(errno)));
  }
  ::listen(svr_sock_,
           backlog);  // once more: httplib's own is 5, which a proxy's first burst overflows
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(svr_sock_, reinterpret_cast<sockaddr*>(&bound), &size);
  acceptor_ = std::thread([this] { listen_after_bind(); });
  return HostPort{address.host, ntohs(bound.sin_port)};
}

void HttpServer::begin_stop() {
  stopping_ = true;
  ::eventfd_write(stop_event_, 1);
  if (!acceptor_.joinable()) return;
  while (!is_running()) std::this_thread::yield();  // stop() is lost on a server that has not begun
  stop();
}

void HttpServer::join() {
  if (acceptor_.joinable()) acceptor_.join();
}

bool HttpServer::process_and_close_socket(socket_t sock) {
  const int yes = 1;
  ::setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  HttpStream stream(sock, stop_event_);
  for (int left = requests_limit; left > 0 && stream.wait_for_request(idle_limit_ms); --left) {
    bool closed = false;
    const bool fine = process_request(stream, left == 1, closed, settle_length);
    if (!stream.flush() || !fine || closed) return fine;
  }
  return true;
}

}  // namespace shop
