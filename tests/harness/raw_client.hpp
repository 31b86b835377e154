#pragma once
// A blocking HTTP/1.1 client on a bare socket: says exactly what it is told to, and reads an answer
// as a client would, strictly enough to notice a cut body.

#include <map>
#include <string>
#include <string_view>

#include "core/base/address.hpp"

namespace outrider::scenario {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields;    // names in lower case, values joined by ", "
  std::map<std::string, std::string> trailers;
  std::string body;
  bool whole = false;  // ended as its framing says; false: the connection ended first, or time was up

  [[nodiscard]] std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }
};

class RawClient {
 public:
  explicit RawClient(const SocketAddress& to, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the peer takes nothing more.
  bool send(std::string_view bytes);
  // The next final answer, or the head of a 101; others with 1xx are counted and skipped.
  [[nodiscard]] Answer read(bool to_head = false);
  // send() and read() of one request; `more` is further header lines, each with its CRLF.
  [[nodiscard]] Answer ask(std::string_view method, std::string_view path, std::string_view more = {},
                           std::string_view body = {});
  // The same, with the body in chunks of `chunk` bytes and perhaps trailers.
  [[nodiscard]] Answer ask_chunked(std::string_view path, std::string_view body, std::size_t chunk,
                                   std::string_view more = {}, std::string_view trailers = {});
  // The next `size` bytes, whatever they are; fewer at the end.
  [[nodiscard]] std::string read_bytes(std::size_t size);
  // Everything until the end of the connection.
  [[nodiscard]] std::string read_to_end();
  // The connection has ended, and nothing but its end was to be read.
  [[nodiscard]] bool ended();
  void half_close();  // our direction; theirs goes on
  void close();       // both directions
  void reset();       // a TCP reset
  [[nodiscard]] int descriptor() const { return socket_; }

  int informational = 0;
  std::string host = "app";

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] bool line(std::string& into);
  [[nodiscard]] bool take(std::size_t size, std::string& into);
  [[nodiscard]] bool fields(std::map<std::string, std::string>& into);

  int socket_ = -1;
  std::string buffer_;
  bool end_ = false;
};

// Whether anybody listens there.
[[nodiscard]] bool reachable(const SocketAddress& at);

[[nodiscard]] std::string request_text(std::string_view method, std::string_view path,
                                       std::string_view host, std::string_view more = {},
                                       std::string_view body = {});

}  // namespace outrider::scenario
