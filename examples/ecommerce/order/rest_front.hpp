#pragma once
// The order service's REST door: JSON by the proto3 mapping over HTTP/1.1, refusals as
// application/problem+json (RFC 9457). Owned by main(); handlers run on the HTTP server's worker threads.
#include <atomic>
#include <string>

#include "order/change_feed.hpp"
#include "order/order_desk.hpp"
#include "service/http_server.hpp"

namespace shop {

class RestFront {
 public:
  RestFront(OrderDesk& desk, EventStore& store, ChangeFeed& feed, std::string version);
  // Sets the handlers; this object outlives the server's run.
  void serve_on(HttpServer& server);

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;

  void create(const Request& request, Response& response);
  void get(const Request& request, Response& response);
  void list(const Request& request, Response& response);
  void update(const Request& request, Response& response);
  void watch(const Request& request, Response& response);
  void note_inventory(const Request& request, Response& response);
  void give(Response& response, const OrderResult<OrderAnswer>& result, int code);

  OrderDesk& desk_;
  EventStore& store_;
  ChangeFeed& feed_;
  std::string version_;
  std::atomic<int> watchers_ = 0;  // each holds a thread of the server: gRPC's do not
};

}  // namespace shop
