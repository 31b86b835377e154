#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "order/status_rules.hpp"
#include "order/validation.hpp"
#include "orders.hpp"

using ecommerce::orders::CreateOrderRequest;

TEST_CASE("an order that makes no sense is refused before anything happens") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  struct Row {
    const char* why;
    std::function<void(CreateOrderRequest&)> spoil;
    const char* message;
  };
  const Row rows[] = {
      {"no user", [](auto& r) { r.clear_user_id(); }, "userId is empty"},
      {"a user with a line break", [](auto& r) { r.set_user_id("a\nb"); },
       "userId has control characters"},
      {"a very long user", [](auto& r) { r.set_user_id(std::string(257, 'u')); },
       "userId is longer than 256 bytes"},
      {"a very long key", [](auto& r) { r.set_idempotency_key(std::string(257, 'k')); },
       "idempotencyKey is longer than 256 bytes"},
      {"no items", [](auto& r) { r.clear_items(); }, "items is empty"},
      {"no product", [](auto& r) { r.mutable_items(0)->clear_product_id(); },
       "items[0].productId is empty"},
      {"no quantity", [](auto& r) { r.mutable_items(0)->set_quantity(0); },
       "items[0].quantity is not positive"},
      {"a negative quantity", [](auto& r) { r.mutable_items(0)->set_quantity(-1); },
       "items[0].quantity is not positive"},
      {"a negative price", [](auto& r) { add_item(r, "sku-2", 1, -1); },
       "items[1].price.amount is negative"},
      {"no currency", [](auto& r) { add_item(r, "sku-2", 1, 1, ""); },
       "items[1].price.currency is not three capital letters"},
      {"two currencies", [](auto& r) { add_item(r, "sku-2", 1, 1, "USD"); },
       "items[1].price.currency is USD, but items[0] is in EUR"},
      {"one line overflows", [](auto& r) { add_item(r, "sku-2", 2, most / 2 + 1); },
       "the total is too large"},
      {"the sum overflows", [](auto& r) { add_item(r, "sku-2", 1, most - 2999); },
       "the total is too large"},
      {"too many items",
       [](auto& r) {
         for (int i = 0; i < 1000; ++i) add_item(r, "sku", 1, 1);
       },
       "items has more than 1000 entries"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    CreateOrderRequest request = an_order();
    row.spoil(request);
    const auto result = shop::validate_create(request);
    REQUIRE(!result);
    CHECK(result.error().kind == shop::OrderError::Kind::Invalid);
    CHECK(result.error().message == row.message);
  }
}

TEST_CASE("the total is the sum of quantity times price, up to the largest amount there is") {
  CreateOrderRequest request = an_order();
  add_item(request, "free", 3, 0);
  add_item(request, "sku-2", 1, std::numeric_limits<std::int64_t>::max() - 3000);
  const auto total = shop::validate_create(request);
  REQUIRE(total);
  CHECK(total->amount() == std::numeric_limits<std::int64_t>::max());
  CHECK(total->currency() == "EUR");
}

TEST_CASE("the page size has a default and a largest value") {
  struct Row {
    int asked;
    int given;
  };
  for (const Row row : {Row{0, 50}, Row{1, 1}, Row{500, 500}, Row{501, 500}}) {
    ecommerce::orders::ListOrdersRequest request;
    request.set_user_id("u1");
    request.set_page_size(row.asked);
    CHECK(shop::validate_list(request).value() == row.given);
  }
  ecommerce::orders::ListOrdersRequest negative;
  negative.set_user_id("u1");
  negative.set_page_size(-1);
  CHECK(!shop::validate_list(negative));
}

TEST_CASE(
    "a user moves an order forward, or cancels it until it is shipped; the saga's own moves are "
    "not theirs") {
  using namespace ecommerce::orders;
  int allowed = 0;
  for (int from = OrderStatus_MIN; from <= OrderStatus_MAX; ++from) {
    for (int to = OrderStatus_MIN; to <= OrderStatus_MAX; ++to) {
      allowed += shop::may_follow(static_cast<OrderStatus>(from), static_cast<OrderStatus>(to));
    }
  }
  CHECK(allowed == 5);
  CHECK(shop::may_follow(ORDER_STATUS_CONFIRMED, ORDER_STATUS_PROCESSING));
  CHECK(shop::may_follow(ORDER_STATUS_CONFIRMED, ORDER_STATUS_CANCELLED));
  CHECK(shop::may_follow(ORDER_STATUS_PROCESSING, ORDER_STATUS_SHIPPED));
  CHECK(shop::may_follow(ORDER_STATUS_PROCESSING, ORDER_STATUS_CANCELLED));
  CHECK(shop::may_follow(ORDER_STATUS_SHIPPED, ORDER_STATUS_DELIVERED));
}
