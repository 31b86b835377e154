#pragma once
// What a request has to look like before anything is stored or called. Pure functions.
#include "order/order_error.hpp"
#include "order_service.pb.h"

namespace shop {

inline constexpr int max_items = 1000;
inline constexpr int max_quantity = 10'000;
inline constexpr int default_page_size = 50;
inline constexpr int max_page_size = 500;

// The order's total when the request is sound.
[[nodiscard]] OrderResult<ecommerce::orders::Money> validate_create(
    const ecommerce::orders::CreateOrderRequest& request);

// The page size to use when the request is sound.
[[nodiscard]] OrderResult<int> validate_list(const ecommerce::orders::ListOrdersRequest& request);

[[nodiscard]] OrderResult<void> validate_update(
    const ecommerce::orders::UpdateOrderRequest& request);

}  // namespace shop
