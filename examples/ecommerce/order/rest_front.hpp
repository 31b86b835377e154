#pragma once
// The order service's REST door: JSON by the proto3 mapping over HTTP/1.1, errors as JSON with a
// fitting code. Owned by main(); handlers run on the HTTP server's worker threads.
#include <string>

#include "order/http_server.hpp"
#include "order/order_desk.hpp"

namespace shop {

class RestFront {
 public:
  RestFront(OrderDesk& desk, std::string version);
  // Sets the handlers; this object outlives the server's run.
  void serve_on(HttpServer& server);

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;

  void create(const Request& request, Response& response);
  void get(const Request& request, Response& response);
  void list(const Request& request, Response& response);
  void update(const Request& request, Response& response);
  void note_inventory(const Request& request, Response& response);

  OrderDesk& desk_;
  std::string version_;
};

}  // namespace shop
