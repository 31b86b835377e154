#include "core/net/tcp.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "core/net/loop.hpp"
#include "core/net/socket_name.hpp"

namespace outrider::net {

struct TcpStream::Node {
  uv_tcp_t handle;
  Owner* owner;
  Loop* loop;
  uv_connect_t connect;
  uv_write_t write;
  std::vector<std::uint8_t> queued;
  bool writing = false;
  bool broken = false;  // nothing can be written any more; what the peer sent can still be read
};

namespace {

// A hang-up behind a short read is the end of input to libuv, which does not ask why: a reset right
// behind data would pass for a proper end. 0: it was one.
int hidden_error(uv_stream_t& handle) {
  uv_os_fd_t descriptor = -1;
  int error = 0;
  socklen_t size = sizeof error;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&handle), &descriptor) != 0) return 0;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return 0;
  return uv_translate_sys_error(error);
}

}  // namespace

TcpStream::TcpStream(Loop& loop, Owner& owner) : loop_(loop), node_(new Node{}) {
  node_->owner = &owner;
  node_->loop = &loop;
  uv_tcp_init(loop.native(), &node_->handle);
  node_->handle.data = node_;
}

TcpStream::~TcpStream() {
  node_->owner = nullptr;  // late callbacks find no owner
  uv_close(reinterpret_cast<uv_handle_t*>(&node_->handle),
           [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); });
}

Result<void> TcpStream::adopt(int descriptor) {
  if (const int rc = uv_tcp_open(&node_->handle, descriptor); rc != 0) {
    ::close(descriptor);
    return fail(uv_strerror(rc));
  }
  uv_tcp_nodelay(&node_->handle, 1);
  return {};
}

Result<void> TcpStream::connect(const SocketAddress& to, const std::optional<SocketAddress>& from) {
  const auto target = to_native(to);
  if (!target) return fail(fmt::format("{} is not an address", to.text()));
  // The handle got no socket yet: make one, so that options can be set before it is bound.
  const int family = target->ss_family;
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail("no socket: too many open files");
  if (from) {
    // The port is chosen when the peer is known, so that source ports do not run out.
    const int on = 1;
    ::setsockopt(descriptor, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const auto source = to_native(*from);
    if (!source || source->ss_family != family ||
        ::bind(descriptor, reinterpret_cast<const sockaddr*>(&*source), native_size(*source)) != 0) {
      ::close(descriptor);
      return fail(fmt::format("cannot bind to {}", from->text()));
    }
  }
  if (auto adopted = adopt(descriptor); !adopted) return adopted;
  const int rc = uv_tcp_connect(&node_->connect, &node_->handle,
                                reinterpret_cast<const sockaddr*>(&*target),
                                [](uv_connect_t* request, int status) {
                                  auto* node = static_cast<Node*>(request->handle->data);
                                  node->loop->begin_turn();
                                  if (!node->owner) return;
                                  if (status == 0) {
                                    node->owner->on_connected();
                                  } else {
                                    node->owner->on_input_end(uv_strerror(status));
                                  }
                                });
  if (rc != 0) return fail(uv_strerror(rc));
  return {};
}

void TcpStream::read(bool on) {
  if (on == reading_) return;
  reading_ = on;
  auto* stream = reinterpret_cast<uv_stream_t*>(&node_->handle);
  if (!on) {
    uv_read_stop(stream);
    return;
  }
  uv_read_start(
      stream,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        Loop& woken = *static_cast<Node*>(handle->data)->loop;
        woken.begin_turn();
        const auto span = woken.read_buffer();
        *buffer = uv_buf_init(reinterpret_cast<char*>(span.data()),
                              static_cast<unsigned int>(span.size()));
      },
      [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
        auto* node = static_cast<Node*>(handle->data);
        if (!node->owner || size == 0) return;
        if (size > 0) {
          node->owner->on_bytes({reinterpret_cast<const std::uint8_t*>(buffer->base),
                                 static_cast<std::size_t>(size)});
          return;
        }
        uv_read_stop(handle);
        const int error = size == UV_EOF ? hidden_error(*handle) : static_cast<int>(size);
        node->owner->on_input_end(error == 0 ? nullptr : uv_strerror(error));
      });
}

std::size_t TcpStream::try_write(ByteView bytes) {
  if (node_->broken || node_->writing) return 0;
  uv_buf_t buffer =
      uv_buf_init(reinterpret_cast<char*>(const_cast<std::uint8_t*>(bytes.data())),
                  static_cast<unsigned int>(bytes.size()));
  const int rc = uv_try_write(reinterpret_cast<uv_stream_t*>(&node_->handle), &buffer, 1);
  if (rc >= 0) return static_cast<std::size_t>(rc);
  if (rc != UV_EAGAIN) node_->broken = true;  // the read side will tell
  return 0;
}

void TcpStream::queue(ByteView bytes) {
  if (node_->broken || bytes.empty()) return;
  Node& node = *node_;
  node.queued.assign(bytes.begin(), bytes.end());
  node.writing = true;
  uv_buf_t buffer = uv_buf_init(reinterpret_cast<char*>(node.queued.data()),
                                static_cast<unsigned int>(node.queued.size()));
  const int rc = uv_write(&node.write, reinterpret_cast<uv_stream_t*>(&node.handle), &buffer, 1,
                          [](uv_write_t* request, int status) {
                            auto* n = static_cast<Node*>(request->handle->data);
                            n->loop->begin_turn();
                            n->writing = false;
                            n->queued.clear();
                            if (!n->owner) return;
                            if (status == UV_ECANCELED) return;
                            if (status != 0) n->broken = true;  // the read side will tell why
                            n->owner->on_writable();
                          });
  if (rc != 0) {
    node.writing = false;
    node_->broken = true;
  }
}

bool TcpStream::blocked() const { return node_->writing; }

bool TcpStream::broken() const { return node_->broken; }

void TcpStream::finish_output() {
  uv_os_fd_t descriptor = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&node_->handle), &descriptor) == 0) {
    ::shutdown(descriptor, SHUT_WR);
  }
}

SocketAddress TcpStream::local() const {
  sockaddr_storage storage{};
  int size = sizeof storage;
  if (uv_tcp_getsockname(&node_->handle, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from_native(storage);
}

SocketAddress TcpStream::remote() const {
  sockaddr_storage storage{};
  int size = sizeof storage;
  if (uv_tcp_getpeername(&node_->handle, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from_native(storage);
}

}  // namespace outrider::net
