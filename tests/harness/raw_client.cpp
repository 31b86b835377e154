#include "tests/harness/raw_client.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/ascii.hpp"
#include "tests/harness/patience.hpp"

namespace outrider::scenario {

namespace {

sockaddr_in native(const SocketAddress& at) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(at.port);
  REQUIRE(::inet_pton(AF_INET, at.ip.c_str(), &address.sin_addr) == 1);
  return address;
}

}  // namespace

bool reachable(const SocketAddress& at) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = native(at);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

RawClient::RawClient(const SocketAddress& to, int receive_buffer) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket_ >= 0);
  if (receive_buffer > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const timeval limit{patience.count(), 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = native(to);
  REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawClient::~RawClient() { close(); }

void RawClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void RawClient::half_close() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  if (end_) return false;
  char bytes[65536];
  const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) {
    end_ = true;
    return false;
  }
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

bool RawClient::line(std::string& into) {
  std::size_t at;
  while ((at = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  into = buffer_.substr(0, at);
  buffer_.erase(0, at + 2);
  return true;
}

bool RawClient::take(std::size_t size, std::string& into) {
  while (size > 0) {
    if (buffer_.empty() && !fill()) return false;
    const std::size_t some = std::min(size, buffer_.size());
    into.append(buffer_, 0, some);
    buffer_.erase(0, some);
    size -= some;
  }
  return true;
}

bool RawClient::fields(std::map<std::string, std::string>& into) {
  std::string text;
  while (line(text)) {
    if (text.empty()) return true;
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return false;
    std::string& value = into[ascii::to_lower(text.substr(0, colon))];
    if (!value.empty()) value += ", ";
    value += ascii::trim(std::string_view(text).substr(colon + 1));
  }
  return false;
}

Answer RawClient::read(bool to_head) {
  Answer answer;
  std::string text;
  do {
    answer = {};
    if (!line(text) || !text.starts_with("HTTP/1.1 ")) return answer;
    answer.status = std::atoi(text.c_str() + 9);
    if (!fields(answer.fields)) return answer;
    if (answer.status < 200 && answer.status != 101) ++informational;
  } while (answer.status < 200 && answer.status != 101);
  if (to_head || answer.status == 101 || answer.status == 204 || answer.status == 304) {
    answer.whole = true;
  } else if (answer.field("transfer-encoding") == "chunked") {
    for (;;) {
      if (!line(text)) return answer;
      const std::size_t size = std::strtoul(text.c_str(), nullptr, 16);
      if (size == 0) break;
      if (!take(size, answer.body) || !line(text)) return answer;
    }
    answer.whole = fields(answer.trailers);
  } else if (const std::string length = answer.field("content-length"); !length.empty()) {
    answer.whole = take(std::stoul(length), answer.body);
  } else {
    answer.body = read_to_end();
    answer.whole = true;
  }
  return answer;
}

std::string request_text(std::string_view method, std::string_view path, std::string_view host,
                         std::string_view more, std::string_view body) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}", method, path, host, more);
  if (!body.empty() || method == "POST" || method == "PUT") {
    text += fmt::format("Content-Length: {}\r\n", body.size());
  }
  return (text += "\r\n") += body;
}

Answer RawClient::ask(std::string_view method, std::string_view path, std::string_view more,
                      std::string_view body) {
  send(request_text(method, path, host, more, body));
  return read(method == "HEAD");
}

Answer RawClient::ask_chunked(std::string_view path, std::string_view body, std::size_t chunk,
                              std::string_view more, std::string_view trailers) {
  std::string text = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\n{}Transfer-Encoding: chunked\r\n\r\n",
                                 path, host, more);
  while (!body.empty()) {
    const std::string_view part = body.substr(0, chunk);
    text += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
    body.remove_prefix(part.size());
  }
  text += fmt::format("0\r\n{}\r\n", trailers);
  send(text);
  return read();
}

std::string RawClient::read_bytes(std::size_t size) {
  std::string bytes;
  (void)take(size, bytes);
  return bytes;
}

std::string RawClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool RawClient::ended() {
  pollfd wait{socket_, POLLIN, 0};
  const int limit = static_cast<int>(std::chrono::milliseconds(patience).count());
  return buffer_.empty() && (end_ || (::poll(&wait, 1, limit) == 1 && !fill()));
}

}  // namespace outrider::scenario
