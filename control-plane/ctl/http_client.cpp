#include "control-plane/ctl/http_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "core/base/ascii.hpp"
#include "core/base/clock.hpp"
#include "core/base/in_quotes.hpp"

namespace outrider::control {
namespace {

constexpr std::size_t largest_head = 64UL << 10;
constexpr std::size_t largest_answer = 256UL << 20;

std::string last_error() { return std::strerror(errno); }

// The socket and the moment at which patience ends.
class Exchange {
 public:
  explicit Exchange(std::chrono::milliseconds timeout) : deadline_(clock_.now() + timeout) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { close(); }

  Result<void> connect(const ControlAddress& address);
  Result<void> send(std::string_view bytes);
  Result<std::string> receive();

 private:
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  Result<void> wait_for(short events);
  Result<void> connect_to(const addrinfo& target);

  SystemClock clock_;
  TimePoint deadline_;
  int fd_ = -1;
};

Result<void> Exchange::wait_for(short events) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.now()).count();
    if (left <= 0) return fail("it does not answer in time");
    pollfd descriptor{fd_, events, 0};
    const auto patience = static_cast<int>(std::min<std::int64_t>(left, 60'000));
    const int ready = ::poll(&descriptor, 1, patience);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(last_error());
  }
}

Result<void> Exchange::connect_to(const addrinfo& target) {
  close();
  fd_ = ::socket(target.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(last_error());
  if (::connect(fd_, target.ai_addr, target.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return fail(last_error());
  if (auto ok = wait_for(POLLOUT); !ok) return ok;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(std::strerror(error));
  return {};
}

Result<void> Exchange::connect(const ControlAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (code != 0) return fail(::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, ::freeaddrinfo);
  Result<void> connected = fail("the name has no address");
  for (const addrinfo* each = list.get(); each != nullptr && !connected; each = each->ai_next) {
    connected = connect_to(*each);
  }
  return connected;
}

Result<void> Exchange::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto ok = wait_for(POLLOUT); !ok) return ok;
    } else {
      return fail(last_error());
    }
  }
  return {};
}

Result<std::string> Exchange::receive() {
  std::string bytes;
  char block[16 * 1024];
  while (true) {
    const ssize_t got = ::recv(fd_, block, sizeof block, 0);
    if (got == 0) return bytes;
    if (got > 0) {
      bytes.append(block, static_cast<std::size_t>(got));
      if (bytes.size() > largest_answer) return fail("its answer is endless");
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto ok = wait_for(POLLIN); !ok) return std::unexpected(ok.error());
    } else {
      return fail(last_error());
    }
  }
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string ControlAddress::text() const {
  if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
  return fmt::format("{}:{}", host, port);
}

Result<ControlAddress> parse_control_address(std::string_view text) {
  const auto refused = [&] {
    return fail(fmt::format("{} is no address: write HOST:PORT, as 127.0.0.1:15080", in_quotes(text)));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refused();
  }
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return ascii::is_alpha(c) || ascii::is_digit(c) || c == '.' || c == '-' || c == ':' || c == '_';
  });
  const auto port_number = number<std::uint16_t>(port);
  if (host.empty() || !plain || !port_number || *port_number == 0) return refused();
  return ControlAddress{std::string(host), std::string(port)};
}

Result<HttpAnswer> parse_answer(std::string_view response) {
  const auto strange = [](std::string_view why) {
    return fail(fmt::format("what answers there is no control plane ({})", why));
  };
  if (response.empty()) return fail("it closed the connection without an answer");
  const std::size_t head_end = response.find("\r\n\r\n");
  if (head_end == std::string_view::npos || head_end > largest_head) return strange("no HTTP head");
  const auto lines = ascii::split(response.substr(0, head_end), '\n');
  const std::string_view first = lines.front();
  if (!first.starts_with("HTTP/1.1 ") || first.size() < 12) return strange("no HTTP/1.1");
  const auto status = number<int>(first.substr(9, 3));
  if (!status || *status < 200 || *status > 599) return strange("no final status");
  std::optional<std::size_t> length;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return strange("a line of its head has no colon");
    const std::string_view name = line.substr(0, colon);
    if (ascii::equals_ignoring_case(name, "transfer-encoding")) return strange("a coded body");
    if (ascii::equals_ignoring_case(name, "content-length")) {
      if (length) return strange("two lengths");
      length = number<std::size_t>(ascii::trim(line.substr(colon + 1)));
      if (!length) return strange("a bad length");
    }
  }
  const std::string_view body = response.substr(head_end + 4);
  if (!length) return strange("no length");
  if (body.size() < *length) return fail("it broke off in the middle of its answer");
  if (body.size() > *length) return strange("more than it announced");
  return HttpAnswer{*status, std::string(body)};
}

Result<HttpAnswer> http_call(const ControlAddress& address, const HttpCall& call) {
  Exchange exchange(call.timeout);
  if (auto ok = exchange.connect(address); !ok) return std::unexpected(ok.error());
  std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: outriderctl/" OUTRIDER_VERSION
      "\r\nConnection: close\r\n",
      call.method, call.target, address.text());
  if (!call.body.empty()) {
    request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                           call.body.size());
  }
  request += "\r\n" + call.body;
  if (auto ok = exchange.send(request); !ok) return std::unexpected(ok.error());
  auto response = exchange.receive();
  if (!response) return std::unexpected(response.error());
  return parse_answer(*response);
}

}  // namespace outrider::control
