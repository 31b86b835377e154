#include "load/request_text.hpp"

#include <fmt/format.h>

namespace shop {

std::string request_text(const RequestParts& parts) {
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\n", parts.method, parts.path, parts.host);
  for (const auto& header : parts.headers) text += header + "\r\n";
  if (!parts.body.empty()) {
    text +=
        fmt::format("content-type: application/json\r\ncontent-length: {}\r\n", parts.body.size());
  } else if (parts.method != "GET" && parts.method != "HEAD") {
    text += "content-length: 0\r\n";
  }
  return text + "\r\n" + parts.body;
}

}  // namespace shop
