#include "tests/harness/raw_server.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "core/base/ascii.hpp"
#include "tests/harness/patience.hpp"

namespace outrider::scenario {
namespace {

std::string field(const std::string& head, std::string_view name) {
  const std::string small = ascii::to_lower(head);
  const std::size_t at = small.find("\r\n" + std::string(name) + ":");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 3;
  return std::string(ascii::trim(std::string_view(small).substr(begin, small.find("\r\n", begin) - begin)));
}

bool read_chunks(RawServer::Peer& peer, std::string& body) {
  for (;;) {
    std::string line, end;
    if (!peer.read_until("\r\n", line)) return false;
    const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
    if (size == 0) break;
    if (!peer.read(size, body) || !peer.read_until("\r\n", end)) return false;
  }
  for (std::string line; line != "\r\n";) {
    line.clear();
    if (!peer.read_until("\r\n", line)) return false;
  }
  return true;
}

}  // namespace

bool RawServer::Peer::fill() {
  char bytes[65536];
  const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(got));
  const std::lock_guard lock(server_.mutex_);
  for (Connection& connection : server_.open_) {
    if (connection.socket == socket_) connection.received.append(bytes, static_cast<std::size_t>(got));
  }
  return true;
}

bool RawServer::Peer::read_until(std::string_view text, std::string& into) {
  std::size_t at;
  while ((at = buffer_.find(text)) == std::string::npos) {
    if (!fill()) return false;
  }
  into = buffer_.substr(0, at + text.size());
  buffer_.erase(0, at + text.size());
  return true;
}

bool RawServer::Peer::read(std::size_t size, std::string& into) {
  while (buffer_.size() < size) {
    if (!fill()) return false;
  }
  into.append(buffer_, 0, size);
  buffer_.erase(0, size);
  return true;
}

bool RawServer::Peer::read_some(std::string& into) {
  if (buffer_.empty() && !fill()) return false;
  into += std::exchange(buffer_, {});
  return true;
}

bool RawServer::Peer::ended() {
  char byte;
  return buffer_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
}

bool RawServer::Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawServer::Peer::half_close() { ::shutdown(socket_, SHUT_WR); }

void RawServer::Peer::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(listener_ >= 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), size) == 0);
  REQUIRE(::listen(listener_, 128) == 0);
  REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  address_ = {"127.0.0.1", ntohs(at.sin_port)};
  acceptor_ = std::thread([this] { accept_all(); });
}

void RawServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_ || socket < 0) {
      if (socket >= 0) ::close(socket);
      return;
    }
    const timeval limit{patience.count(), 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection& connection = open_.emplace_back(Connection{socket, {}, {}});
    connection.thread = std::thread([this, socket, &connection, count = connections++] {
      Peer peer(*this, socket, count);
      script_(peer);
      {
        const std::lock_guard done(mutex_);
        ::close(connection.socket);
        connection.socket = -1;
      }
      ++ended;
    });
  }
}

std::vector<std::string> RawServer::received() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const Connection& connection : open_) all.push_back(connection.received);
  return all;
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Connection& connection : open_) {
      if (connection.socket >= 0) ::shutdown(connection.socket, SHUT_RDWR);
    }
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (Connection& connection : open_) connection.thread.join();
}

RawServer::Script answering(std::function<std::string(const RawRequest&)> handle) {
  return [handle = std::move(handle)](RawServer::Peer& peer) {
    for (;;) {
      RawRequest request;
      if (!peer.read_head(request.head)) return;
      request.line = request.head.substr(0, request.head.find("\r\n"));
      if (field(request.head, "transfer-encoding") == "chunked") {
        if (!read_chunks(peer, request.body)) return;
      } else if (const std::string length = field(request.head, "content-length"); !length.empty()) {
        if (!peer.read(std::stoul(length), request.body)) return;
      }
      if (!peer.send(handle(request))) return;
    }
  };
}

}  // namespace outrider::scenario
