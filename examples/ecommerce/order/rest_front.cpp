#include "order/rest_front.hpp"

#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <future>

#include "order/json.hpp"
#include "order/metadata_keys.hpp"
#include "order/status_rules.hpp"
#include "order/update_cursor.hpp"
#include "service/trace.hpp"

namespace shop {
namespace {

constexpr const char* json = "application/json";
constexpr int most_watchers = 32;

struct Problem {
  int code;
  const char* title;
};

Problem problem_of(OrderError::Kind kind) {
  switch (kind) {
    case OrderError::Kind::Invalid: return {400, "INVALID_ARGUMENT"};
    case OrderError::Kind::NotFound: return {404, "NOT_FOUND"};
    case OrderError::Kind::Conflict: return {409, "FAILED_PRECONDITION"};
    case OrderError::Kind::Stale: return {412, "ABORTED"};
    case OrderError::Kind::KeyReused: return {422, "ALREADY_EXISTS"};
    case OrderError::Kind::InFlight: return {409, "ABORTED"};
    case OrderError::Kind::Unavailable: return {503, "UNAVAILABLE"};
  }
  return {500, "INTERNAL"};
}

void say(httplib::Response& response, Problem problem, std::string_view detail) {
  response.status = problem.code;
  response.set_content(fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":{}}})",
                                   problem.title, problem.code, json_string(detail)),
                       "application/problem+json");
}

void say(httplib::Response& response, const OrderError& error) {
  say(response, problem_of(error.kind), error.message);
}

// A header value is one line.
std::string header_text(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

// -1 for what is no revision: no order is ever at that one.
std::optional<std::int64_t> revision(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : -1;
}

Beside beside(const httplib::Request& request) {
  return {request.get_header_value(keys::idempotency_key),
          request.get_header_value(keys::consistency_token),
          revision(request.get_header_value(keys::expected_revision)),
          child_of(request.get_header_value(keys::traceparent))};
}

// One stream of updates over REST, waited for by the thread that writes it.
class Waiter final : public Watcher {
 public:
  Waiter(EventStore& store, ChangeFeed& feed, const std::string& id, std::optional<std::int64_t> seen)
      : cursor(store, id, seen), feed_(feed), id_(id), subscribed_(feed.subscribe(id, *this)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { feed_.unsubscribe(id_, *this); }

  // False when the service stops.
  bool wait() {
    std::unique_lock guard(lock_);
    woken_.wait_for(guard, std::chrono::seconds(15), [this] { return changed_ || closed_; });
    changed_ = false;
    return subscribed_ && !closed_;
  }

  UpdateCursor cursor;

 private:
  void changed() override {
    const std::lock_guard guard(lock_);
    changed_ = true;
    woken_.notify_one();
  }
  void feed_closed() override {
    const std::lock_guard guard(lock_);
    closed_ = true;
    woken_.notify_one();
  }

  ChangeFeed& feed_;
  const std::string id_;
  std::mutex lock_;
  std::condition_variable woken_;
  bool changed_ = false, closed_ = false;
  const bool subscribed_;
};

// An absent parameter leaves the value as it is.
bool read_number(const httplib::Request& request, const char* name, int& value) {
  if (!request.has_param(name)) return true;
  const std::string text = request.get_param_value(name);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

RestFront::RestFront(OrderDesk& desk, EventStore& store, ChangeFeed& feed, std::string version)
    : desk_(desk), store_(store), feed_(feed), version_(std::move(version)) {}

void RestFront::serve_on(HttpServer& server) {
  const auto handler = [this](void (RestFront::*door)(const Request&, Response&)) {
    return [this, door](const Request& request, Response& response) { (this->*door)(request, response); };
  };
  const char* orders = "/api/v1/orders";
  const char* order = "/api/v1/orders/([^/]+)";
  server.set_default_headers({{keys::order_version, version_}});
  server.Post(orders, handler(&RestFront::create));
  server.Get(orders, handler(&RestFront::list));
  server.Get(order, handler(&RestFront::get));
  server.Put(order, handler(&RestFront::update));
  server.Patch(order, handler(&RestFront::update));
  server.Get("/api/v1/orders/([^/]+)/updates", handler(&RestFront::watch));
  server.Put("/api/v1/orders/([^/]+)/inventory", handler(&RestFront::note_inventory));
  server.Get("/healthz",
             [](const Request&, Response& response) { response.set_content("ok\n", "text/plain"); });
  server.set_error_handler([](const Request&, Response& response) {
    if (!response.body.empty()) return;
    if (response.status == 404) return say(response, {404, "NOT_FOUND"}, "there is nothing at this path");
    if (response.status == 413)
      return say(response, {413, "OUT_OF_RANGE"}, "the body is larger than 1 MiB");
    say(response, {response.status, "REFUSED"}, "the request could not be read");
  });
  server.set_exception_handler([](const Request&, Response& response, std::exception_ptr) {
    say(response, {500, "INTERNAL"}, "the service failed");
  });
}

void RestFront::give(Response& response, const OrderResult<OrderAnswer>& result, int code) {
  if (!result) return say(response, result.error());
  const OrderState& state = result->order;
  response.status = code;
  if (result->replayed) response.set_header(keys::replayed, "true");
  if (!state.reason.empty()) response.set_header(keys::order_reason, header_text(state.reason));
  response.set_header(keys::order_revision, std::to_string(state.revision));
  response.set_header(keys::consistency_token, desk_.consistency_token());
  response.set_content(to_json(state.order), json);
}

void RestFront::create(const Request& request, Response& response) {
  ecommerce::orders::CreateOrderRequest message;
  if (auto ok = from_json(request.body, message); !ok) return say(response, ok.error());
  std::promise<OrderResult<OrderAnswer>> promise;
  desk_.create(std::move(message), beside(request),
               [&promise](OrderResult<OrderAnswer> result) { promise.set_value(std::move(result)); });
  const auto made = promise.get_future().get();
  const bool running = made && made->order.order.status() == ecommerce::orders::ORDER_STATUS_PENDING;
  give(response, made, running ? 202 : 201);
  if (made) response.set_header("location", "/api/v1/orders/" + made->order.order.id());
}

void RestFront::get(const Request& request, Response& response) {
  auto found = desk_.get(request.matches[1], request.get_header_value(keys::consistency_token));
  if (!found) return say(response, found.error());
  give(response, OrderAnswer{std::move(*found), false}, 200);
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
  const auto page = desk_.list(message, request.get_header_value(keys::consistency_token));
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
  give(response, desk_.update(message, beside(request)), 200);
}

// Server-sent events (WHATWG HTML, 9.2): the id is the revision, so that a browser that comes back says by
// itself, in Last-Event-ID, what it saw.
void RestFront::watch(const Request& request, Response& response) {
  std::string seen = request.get_header_value(keys::seen_revision);
  if (seen.empty()) seen = request.get_header_value("last-event-id");
  if (++watchers_ > most_watchers) {
    --watchers_;
    return say(response, {503, "RESOURCE_EXHAUSTED"},
               fmt::format("{} watch over REST already; StreamOrderUpdates over gRPC has no such limit",
                           most_watchers));
  }
  auto waiter = std::make_shared<Waiter>(store_, feed_, request.matches[1], revision(seen));
  if (auto begun = waiter->cursor.begin(); !begun) {
    --watchers_;
    return say(response, begun.error());
  }
  response.set_chunked_content_provider(
      "text/event-stream",
      [waiter](std::size_t, httplib::DataSink& sink) {
        const auto update = waiter->cursor.next();
        if (!update) return false;
        if (*update) {
          const std::string event =
              fmt::format("id: {}\ndata: {}\n\n", (*update)->details().at("revision"), to_json(**update));
          return sink.write(event.data(), event.size());
        }
        if (waiter->cursor.at_end() || !waiter->wait()) {
          sink.done();
          return true;
        }
        // Also after a quiet while: a client that is gone is noticed when something is written.
        constexpr std::string_view still_here = ":\n\n";
        return sink.write(still_here.data(), still_here.size());
      },
      [this](bool) { --watchers_; });
}

void RestFront::note_inventory(const Request& request, Response& response) {
  give(response, desk_.note_inventory(request.matches[1], request.body, beside(request)), 200);
}

}  // namespace shop
