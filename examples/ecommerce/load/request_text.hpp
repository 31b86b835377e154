#pragma once
// The bytes of the one request that a run sends again and again. Pure.
#include <string>
#include <vector>

namespace shop {

struct RequestParts {
  std::string method = "GET";
  std::string host;
  std::string path = "/";
  std::vector<std::string> headers;  // "name: value"
  std::string body;
};

[[nodiscard]] std::string request_text(const RequestParts& parts);

}  // namespace shop
