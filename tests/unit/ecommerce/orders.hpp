#pragma once
// Requests as the tests of the shop write them.
#include "order_service.pb.h"

inline void add_item(ecommerce::orders::CreateOrderRequest& request, const std::string& product,
                     std::int32_t quantity, std::int64_t amount,
                     const std::string& currency = "EUR") {
  auto* item = request.add_items();
  item->set_product_id(product);
  item->set_quantity(quantity);
  item->mutable_price()->set_amount(amount);
  item->mutable_price()->set_currency(currency);
}

inline ecommerce::orders::CreateOrderRequest an_order(const std::string& user = "u1",
                                                      const std::string& key = "") {
  ecommerce::orders::CreateOrderRequest request;
  request.set_user_id(user);
  request.set_idempotency_key(key);
  add_item(request, "sku-1", 2, 1500);
  return request;
}

inline ecommerce::orders::Money euros(std::int64_t amount) {
  ecommerce::orders::Money money;
  money.set_amount(amount);
  money.set_currency("EUR");
  return money;
}
