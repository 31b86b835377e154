#include "order/rest_front.hpp"

#include <fmt/format.h>

#include <charconv>

#include "order/json.hpp"

namespace shop {
namespace {

constexpr const char* json = "application/json";

struct RestError {
  int code;
  const char* status;
};

RestError rest_error(OrderError::Kind kind) {
  switch (kind) {
    case OrderError::Kind::Invalid: return {400, "INVALID_ARGUMENT"};
    case OrderError::Kind::NotFound: return {404, "NOT_FOUND"};
    case OrderError::Kind::Conflict: return {409, "FAILED_PRECONDITION"};
    case OrderError::Kind::KeyReused: return {422, "ALREADY_EXISTS"};
    case OrderError::Kind::Unavailable: return {503, "UNAVAILABLE"};
  }
  return {500, "INTERNAL"};
}

void say(httplib::Response& response, RestError error, std::string_view message) {
  response.status = error.code;
  response.set_content(fmt::format(R"({{"error":{{"code":{},"status":"{}","message":{}}}}})",
                                   error.code, error.status, json_string(message)),
                       json);
}

void say(httplib::Response& response, const OrderError& error) {
  say(response, rest_error(error.kind), error.message);
}

// A header value is one line.
std::string header_text(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

void give(httplib::Response& response, const OrderResult<StoredOrder>& result, int code) {
  if (!result) return say(response, result.error());
  response.status = code;
  if (!result->reason.empty()) response.set_header("x-order-reason", header_text(result->reason));
  response.set_content(to_json(result->order), json);
}

// An absent parameter leaves the value as it is.
bool read_number(const httplib::Request& request, const char* name, int& value) {
  if (!request.has_param(name)) return true;
  const std::string text = request.get_param_value(name);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

RestFront::RestFront(OrderDesk& desk, std::string version)
    : desk_(desk), version_(std::move(version)) {}

void RestFront::serve_on(HttpServer& server) {
  const auto handler = [this](void (RestFront::*door)(const Request&, Response&)) {
    return [this, door](const Request& request, Response& response) {
      (this->*door)(request, response);
    };
  };
  const char* orders = "/api/v1/orders";
  const char* order = "/api/v1/orders/([^/]+)";
  server.set_default_headers({{"x-order-version", version_}});
  server.Post(orders, handler(&RestFront::create));
  server.Get(orders, handler(&RestFront::list));
  server.Get(order, handler(&RestFront::get));
  server.Put(order, handler(&RestFront::update));
  server.Patch(order, handler(&RestFront::update));
  server.Put("/api/v1/orders/([^/]+)/inventory", handler(&RestFront::note_inventory));
  server.set_error_handler([](const Request&, Response& response) {
    if (!response.body.empty()) return;
    if (response.status == 404)
      return say(response, {404, "NOT_FOUND"}, "there is nothing at this path");
    say(response, {response.status, "REFUSED"}, "the request could not be read");
  });
  server.set_exception_handler([](const Request&, Response& response, std::exception_ptr) {
    say(response, {500, "INTERNAL"}, "the service failed");
  });
}

void RestFront::create(const Request& request, Response& response) {
  ecommerce::orders::CreateOrderRequest message;
  if (auto ok = from_json(request.body, message); !ok) return say(response, ok.error());
  if (request.has_header("idempotency-key")) {
    const std::string key = request.get_header_value("idempotency-key");
    if (!message.idempotency_key().empty() && message.idempotency_key() != key) {
      return say(response, {OrderError::Kind::Invalid,
                            "idempotencyKey and the Idempotency-Key header differ"});
    }
    message.set_idempotency_key(key);
  }
  const auto made = desk_.create(message);
  if (made && made->replayed) response.set_header("idempotency-replayed", "true");
  const bool running = made && made->order.status() == ecommerce::orders::ORDER_STATUS_PENDING;
  give(response, made, running ? 202 : 201);
  if (made) response.set_header("location", "/api/v1/orders/" + made->order.id());
}

void RestFront::get(const Request& request, Response& response) {
  give(response, desk_.get(request.matches[1]), 200);
}

void RestFront::list(const Request& request, Response& response) {
  ecommerce::orders::ListOrdersRequest message;
  message.set_user_id(request.get_param_value("user_id"));
  message.set_page_token(request.get_param_value("page_token"));
  int page_size = 0;
  if (!read_number(request, "page_size", page_size)) {
    return say(response, {OrderError::Kind::Invalid, "page_size is not a number"});
  }
  message.set_page_size(page_size);
  if (request.has_param("status")) {
    ecommerce::orders::OrderStatus status;
    if (!ecommerce::orders::OrderStatus_Parse(request.get_param_value("status"), &status)) {
      return say(response, {OrderError::Kind::Invalid, "status is not one of ORDER_STATUS_..."});
    }
    message.set_status_filter(status);
  }
  const auto page = desk_.list(message);
  if (!page) return say(response, page.error());
  std::string body = R"({"orders":[)";
  for (const auto& order : page->orders) {
    if (body.back() == '}') body += ',';
    body += to_json(order);
  }
  body += ']';
  if (!page->next_token.empty()) body += R"(,"nextPageToken":)" + json_string(page->next_token);
  response.set_content(body + '}', json);
}

void RestFront::update(const Request& request, Response& response) {
  const std::string id = request.matches[1];
  ecommerce::orders::UpdateOrderRequest message;
  if (auto ok = from_json(request.body, message); !ok) return say(response, ok.error());
  if (!message.order_id().empty() && message.order_id() != id) {
    return say(response, {OrderError::Kind::Invalid, "orderId is not the one in the path"});
  }
  message.set_order_id(id);
  give(response, desk_.update(message), 200);
}

void RestFront::note_inventory(const Request& request, Response& response) {
  give(response, desk_.note_inventory(request.matches[1], request.body), 200);
}

}  // namespace shop
