#pragma once
// The command line's HTTP/1.1 client: one request, one answer, one connection; blocking, with one
// deadline over all of it. Strict: what is not a plain answer with a length is refused.

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace outrider::control {

struct ControlAddress {
  std::string host;
  std::string port;

  [[nodiscard]] std::string text() const;
};

// "127.0.0.1:15080", "localhost:15080", "[::1]:15080".
[[nodiscard]] Result<ControlAddress> parse_control_address(std::string_view text);

struct HttpAnswer {
  int status = 0;
  std::string body;
};

struct HttpCall {
  std::string_view method;
  std::string target;
  std::string body;  // sent as application/json when there is one
  std::chrono::milliseconds timeout{10'000};
};

[[nodiscard]] Result<HttpAnswer> http_call(const ControlAddress& address, const HttpCall& call);

// The answer inside the bytes of a whole response. Pure: for http_call() and tests.
[[nodiscard]] Result<HttpAnswer> parse_answer(std::string_view response);

}  // namespace outrider::control
