#include "tests/harness/frame_peer.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tests/harness/patience.hpp"

namespace outrider::scenario {
namespace {

constexpr int units_a_ping = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void prepare(int socket) {
  const timeval limit{patience.count(), 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

FramePeer::FramePeer(const SocketAddress& to, std::string_view settings)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  prepare(socket_);
  const sockaddr_in address = loopback(to.port);
  REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  send(std::string(raw::preface) + raw::frame(raw::Settings, 0, 0, settings) +
       raw::frame(raw::Settings, raw::ack, 0));
}

FramePeer::FramePeer(int accepted, std::string_view settings)
    : socket_(accepted), preface_left_(raw::preface.size()) {
  prepare(socket_);
  send(raw::frame(raw::Settings, 0, 0, settings) + raw::frame(raw::Settings, raw::ack, 0));
}

FramePeer::~FramePeer() { ::close(socket_); }

bool FramePeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool FramePeer::fill() {
  char bytes[65536];
  const ssize_t got = end_ ? 0 : ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) {
    silent_ = silent_ || (got < 0 && errno == EAGAIN);
    end_ = true;
    return false;
  }
  unread_.append(bytes, static_cast<std::size_t>(got));
  const std::size_t skipped = std::min(preface_left_, unread_.size());
  unread_.erase(0, skipped);
  preface_left_ -= skipped;
  std::size_t whole = 0;
  while (unread_.size() - whole >= 9) {
    const auto at = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(unread_[whole + i]));
    };
    const std::size_t size = 9 + (at(0) << 16 | at(1) << 8 | at(2));
    if (unread_.size() - whole < size) break;
    whole += size;
  }
  const raw::Answers more = raw::answers(std::string_view(unread_).substr(0, whole));
  unread_.erase(0, whole);
  heard_.resets.insert(heard_.resets.end(), more.resets.begin(), more.resets.end());
  heard_.goaways.insert(heard_.goaways.end(), more.goaways.begin(), more.goaways.end());
  heard_.headers += more.headers;
  heard_.pongs += more.pongs;
  heard_.data += more.data;
  return true;
}

bool FramePeer::await(const std::function<bool(const raw::Answers&)>& condition) {
  while (!condition(heard_)) {
    if (!fill()) return false;
  }
  return true;
}

bool FramePeer::ping() {
  const std::size_t before = heard_.pongs;
  return send(raw::frame(raw::Ping, 0, 0, "outrider")) &&
         await([&](const auto& heard) { return heard.pongs > before; });
}

bool FramePeer::ended() {
  while (fill()) {
  }
  return !silent_;
}

int FramePeer::units_until_end(const std::function<std::string(std::uint32_t)>& unit, int most) {
  for (int sent = 1; sent <= most; ++sent) {
    const bool taken = send(unit(static_cast<std::uint32_t>(sent - 1)));
    if (!taken || (sent % units_a_ping == 0 && !ping())) return sent;
  }
  return ping() ? most + 1 : most;
}

FrameServer::FrameServer(Script script, std::string settings)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(socket_, 128) == 0);
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  address_ = {"127.0.0.1", ntohs(address.sin_port)};
  thread_ = std::thread([this, script = std::move(script), settings = std::move(settings)] {
    for (;;) {
      const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      ++connections;
      FramePeer peer(accepted, settings);
      if (peer.await([](const auto& heard) { return heard.headers > 0; })) script(peer);
      (void)peer.ended();
    }
  });
}

FrameServer::~FrameServer() {
  ::shutdown(socket_, SHUT_RDWR);
  thread_.join();
  ::close(socket_);
}

}  // namespace outrider::scenario
