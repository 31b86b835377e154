#pragma once
// Which status may follow which, when a user asks for it. Pure.
//
//   PENDING --(only the saga)--> CONFIRMED --> PROCESSING --> SHIPPED --> DELIVERED
//        \--(only the saga)--> CANCELLED <--------/ (and from CONFIRMED)
#include "order_service.pb.h"

namespace shop {

[[nodiscard]] bool may_follow(ecommerce::orders::OrderStatus from,
                              ecommerce::orders::OrderStatus to);
// Nothing follows: the stream of updates ends here.
[[nodiscard]] bool is_final(ecommerce::orders::OrderStatus status);
// "CONFIRMED" for ORDER_STATUS_CONFIRMED.
[[nodiscard]] std::string short_name(ecommerce::orders::OrderStatus status);

}  // namespace shop
