#include "load/connection.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace shop {

Connection::Connection(const sockaddr_in& peer, int epoll, const std::string& request, bool is_head,
                       const std::string& kept_header)
    : peer_(peer), epoll_(epoll), request_(request), is_head_(is_head), kept_header_(kept_header) {}

Connection::~Connection() { close(); }

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  connected_ = false;
  state_ = State::Closed;
}

bool Connection::open() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return false;
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_, &event);
  const int code = ::connect(socket_, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_);
  return code == 0 || errno == EINPROGRESS;
}

void Connection::wait_for(unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_, &event);
}

Connection::Event Connection::begin(SteadyTime due) {
  due_ = due;
  sent_ = 0;
  response_.emplace(is_head_, kept_header_);
  const bool fresh = socket_ < 0;
  if (fresh && !open()) return fail("connect", false);
  state_ = State::Busy;
  return fresh ? Event::Nothing : send_rest();
}

Connection::Event Connection::on_ready() {
  if (state_ == State::Closed) return Event::Nothing;
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail("connect", false);
    connected_ = true;
  }
  if (state_ == State::Busy && sent_ < request_.size()) {
    if (const Event event = send_rest(); event != Event::Nothing) return event;
  }
  return receive();
}

Connection::Event Connection::send_rest() {
  connected_ = true;
  const ssize_t wrote =
      ::send(socket_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
  if (wrote < 0 && errno != EAGAIN) return fail("closed", true);
  if (wrote > 0) sent_ += static_cast<std::size_t>(wrote);
  wait_for(sent_ < request_.size() ? EPOLLIN | EPOLLOUT : EPOLLIN);
  return Event::Nothing;
}

Connection::Event Connection::receive() {
  std::array<char, 64 * 1024> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got < 0 && errno == EAGAIN) return Event::Nothing;
  if (state_ == State::Idle) {
    closed_by_peer_ = got <= 0;
    close();
    return Event::ClosedWhileIdle;
  }
  if (got <= 0) return fail("closed", true);
  const auto rest = response_->feed({buffer.data(), static_cast<std::size_t>(got)});
  if (response_->state() == ResponseParser::State::Broken) return fail("framing", false);
  if (response_->state() != ResponseParser::State::Done) return Event::Nothing;
  if (!rest.empty() || sent_ < request_.size()) return fail("framing", false);
  closed_by_peer_ = response_->closes();
  if (closed_by_peer_) {
    close();
  } else {
    state_ = State::Idle;
  }
  return Event::Answered;
}

Connection::Event Connection::give_up() { return fail("timeout", false); }

Connection::Event Connection::fail(std::string why, bool by_peer) {
  failure_ = std::move(why);
  closed_by_peer_ = by_peer;
  close();
  return Event::Failed;
}

}  // namespace shop
