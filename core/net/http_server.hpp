#pragma once
// A small HTTP/1.1 and h2c server for the cold paths: admin, readiness, the control plane's API.
// A handler gets whole requests and answers now or later. The loop's thread only.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/net/http_connection.hpp"
#include "core/net/listener.hpp"

namespace outrider::net {

struct HttpRequest {
  std::string method;
  std::string path;   // without the query
  std::string query;  // without the question mark
  std::string authority;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  // The first value, or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  // A query parameter's value (percent-decoded), `fallback` when it is not there.
  [[nodiscard]] std::string parameter(std::string_view name, std::string_view fallback = {}) const;
  [[nodiscard]] bool has_parameter(std::string_view name) const;
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers{};
};

class HttpServer {
 public:
  // Call it once, on the loop's thread; after the client has gone it does nothing.
  using Answer = std::function<void(HttpReply)>;
  using Handler = std::function<void(const HttpRequest&, Answer)>;

  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(Loop& loop,
                                                                  const SocketAddress& address,
                                                                  Handler handler,
                                                                  std::size_t max_body = 1 << 20);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] const SocketAddress& address() const { return listener_->address(); }

 private:
  class Session;
  HttpServer(Loop& loop, Handler handler, std::size_t max_body);

  Loop& loop_;
  Handler handler_;
  std::size_t max_body_;
  std::unique_ptr<Listener> listener_;
  std::list<std::unique_ptr<Session>> sessions_;
};

}  // namespace outrider::net
