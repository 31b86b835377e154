#pragma once
// A request to the API and its answer, whole, without a connection. Values; any thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace outrider::control {

struct ApiRequest {
  std::string method;
  std::string target;  // path and query as sent
  std::string host;
  std::optional<std::string> origin;  // browsers alone send it
  std::string content_type;
  std::string body;
};

struct ApiResponse {
  int status = 200;
  std::string body;  // JSON
};

struct Target {
  std::vector<std::string> path;  // decoded segments
  std::map<std::string, std::string, std::less<>> query;

  [[nodiscard]] bool flag(std::string_view name) const;  // present, and not "false" or "0"
};

// Fails on a bad escape, a segment of dots, or anything that is not printable text.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

// Why a request is not served whoever sent it, or nothing. A page in the operator's browser can
// send requests to loopback too: such a request names a foreign Host or carries an Origin.
[[nodiscard]] std::optional<ApiResponse> refuse_foreign(const ApiRequest& request,
                                                        std::string_view own_address);

[[nodiscard]] ApiResponse error_response(int status, std::string_view message);

}  // namespace outrider::control
