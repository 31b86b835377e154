#include "service/http_stream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace shop {
namespace {

constexpr int io_timeout_ms = 30'000;
constexpr std::size_t read_at_once = 16 * 1024;
constexpr std::size_t write_at_once = 64 * 1024;

void describe(const sockaddr_in& address, std::string& ip, int& port) {
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  ip = text;
  port = ntohs(address.sin_port);
}

}  // namespace

HttpStream::HttpStream(int socket, int stop_event) : socket_(socket), stop_event_(stop_event) {}

HttpStream::~HttpStream() {
  flush();
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

bool HttpStream::wait_for_request(int timeout_ms) {
  if (in_read_ < in_.size()) return true;
  pollfd events[2] = {{socket_, POLLIN, 0}, {stop_event_, POLLIN, 0}};
  if (::poll(events, 2, timeout_ms) <= 0 || events[1].revents != 0) return false;
  // The end of a connection is no request: without this look httplib would answer it with 400.
  char byte;
  return ::recv(socket_, &byte, 1, MSG_PEEK) == 1;
}

bool HttpStream::wait_for(short events) const {
  pollfd wanted{socket_, events, 0};
  return ::poll(&wanted, 1, io_timeout_ms) > 0;
}

bool HttpStream::is_readable() const { return in_read_ < in_.size() || wait_for(POLLIN); }

// httplib asks before each piece of a streamed answer: what is there of it goes out first.
bool HttpStream::is_writable() const { return flush() && wait_for(POLLOUT); }

ssize_t HttpStream::read(char* into, size_t size) {
  if (in_read_ == in_.size()) {
    if (!flush()) return -1;  // "100 Continue" goes out before its body is awaited
    in_read_ = 0;
    in_.resize(read_at_once);
    const ssize_t got = wait_for(POLLIN) ? ::recv(socket_, in_.data(), in_.size(), 0) : -1;
    in_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got <= 0) return got;
  }
  const std::size_t taken = in_.copy(into, size, in_read_);
  in_read_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t HttpStream::write(const char* from, size_t size) {
  out_.append(from, size);
  if (out_.size() > write_at_once && !flush()) return -1;
  return static_cast<ssize_t>(size);
}

bool HttpStream::flush() const {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    if (!wait_for(POLLOUT)) return false;
    const ssize_t wrote =
        ::send(socket_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (wrote < 0) {
      out_.clear();
      return false;
    }
    sent += static_cast<std::size_t>(wrote);
  }
  out_.clear();
  return true;
}

void HttpStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    describe(address, ip, port);
}

void HttpStream::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    describe(address, ip, port);
}

}  // namespace shop
