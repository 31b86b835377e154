#include "core/net/listener.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

#include "core/base/log.hpp"
#include "core/net/loop.hpp"
#include "core/net/socket_name.hpp"

namespace outrider::net {
namespace {

constexpr int accepts_a_turn = 64;

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::string explain(int error, const SocketAddress& address) {
  const std::string where = address.text();
  switch (error) {
    case EADDRINUSE:
      return fmt::format("cannot listen on {}: the port is in use (see `ss -ltnp 'sport = :{}'`)",
                         where, address.port);
    case EACCES:
      return fmt::format("cannot listen on {}: not permitted (ports below 1024 need privileges)", where);
    case EADDRNOTAVAIL:
      return fmt::format("cannot listen on {}: no interface of this machine has that address", where);
    default:
      return fmt::format("cannot listen on {}: {}", where, std::strerror(error));
  }
}

}  // namespace

struct Listener::Node {
  uv_poll_t handle;
  Listener* owner;
};

Listener::Listener(Loop& loop, SocketAddress address, std::function<void(int)> on_accept,
                   std::function<void()> on_refused)
    : loop_(loop),
      address_(std::move(address)),
      on_accept_(std::move(on_accept)),
      on_refused_(std::move(on_refused)),
      spare_(open_spare()) {}

Result<std::unique_ptr<Listener>> Listener::listen(Loop& loop, const SocketAddress& address,
                                                   std::function<void(int)> on_accept,
                                                   std::function<void()> on_refused) {
  const auto native = to_native(address);
  if (!native) return fail(fmt::format("{} is not an address to listen on", address.text()));
  std::unique_ptr<Listener> listener(new Listener(loop, address, std::move(on_accept), std::move(on_refused)));
  const int descriptor =
      ::socket(native->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(explain(errno, address));
  listener->descriptor_ = descriptor;
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&*native), native_size(*native)) != 0 ||
      ::listen(descriptor, 1024) != 0) {
    return fail(explain(errno, address));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size);
  listener->address_ = from_native(bound);
  listener->node_ = new Node{{}, listener.get()};
  uv_poll_init(loop.native(), &listener->node_->handle, descriptor);
  listener->node_->handle.data = listener->node_;
  listener->watch(true);
  return listener;
}

Listener::~Listener() {
  if (node_) {
    node_->owner = nullptr;
    uv_poll_stop(&node_->handle);
    uv_close(reinterpret_cast<uv_handle_t*>(&node_->handle),
             [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); });
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  if (spare_ >= 0) ::close(spare_);
}

void Listener::watch(bool on) {
  if (!on) {
    uv_poll_stop(&node_->handle);
    return;
  }
  uv_poll_start(&node_->handle, UV_READABLE, [](uv_poll_t* handle, int, int) {
    Listener* owner = static_cast<Node*>(handle->data)->owner;
    if (owner) owner->accept_some();
  });
}

void Listener::accept_some() {
  Node* const node = node_;
  for (int i = 0; i < accepts_a_turn; ++i) {
    const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      on_accept_(descriptor);
      if (!node->owner) return;  // closed by what it accepted
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    const bool none_left = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (!none_left || !accept_with_spare() || !node->owner) return;
  }
}

// False when there is nothing more to take now.
bool Listener::accept_with_spare() {
  if (spare_ < 0) spare_ = open_spare();
  if (spare_ < 0) {
    pause();
    return false;
  }
  ::close(spare_);
  spare_ = -1;
  const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0 && !on_refused_) {
    on_accept_(descriptor);
    return true;
  }
  if (descriptor >= 0) ::close(descriptor);
  spare_ = open_spare();
  if (descriptor >= 0) on_refused_();
  return descriptor >= 0;
}

void Listener::pause() {
  log::warn("{}: no descriptors left (ulimit -n), accepting again in 100 ms", address_.text());
  watch(false);
  pause_.start(loop_, std::chrono::milliseconds(100), [this] { watch(true); });
}

}  // namespace outrider::net
