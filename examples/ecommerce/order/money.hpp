#pragma once
// Amounts of money in minor units: never negative, never of two currencies in one sum, never
// wrapped around. Pure functions.
#include "order/order_error.hpp"
#include "order_service.pb.h"

namespace shop {

using OrderItems = google::protobuf::RepeatedPtrField<ecommerce::orders::OrderItem>;

// The sum of quantity x price.
[[nodiscard]] OrderResult<ecommerce::orders::Money> order_total(const OrderItems& items);

}  // namespace shop
