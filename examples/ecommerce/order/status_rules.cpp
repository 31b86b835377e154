#include "order/status_rules.hpp"

namespace shop {

using ecommerce::orders::OrderStatus;

bool may_follow(OrderStatus from, OrderStatus to) {
  switch (from) {
    case ecommerce::orders::ORDER_STATUS_CONFIRMED:
      return to == ecommerce::orders::ORDER_STATUS_PROCESSING ||
             to == ecommerce::orders::ORDER_STATUS_CANCELLED;
    case ecommerce::orders::ORDER_STATUS_PROCESSING:
      return to == ecommerce::orders::ORDER_STATUS_SHIPPED ||
             to == ecommerce::orders::ORDER_STATUS_CANCELLED;
    case ecommerce::orders::ORDER_STATUS_SHIPPED:
      return to == ecommerce::orders::ORDER_STATUS_DELIVERED;
    default:  // protobuf adds sentinels to its enums; nothing follows the others
      return false;
  }
}

bool is_final(OrderStatus status) {
  return status == ecommerce::orders::ORDER_STATUS_CANCELLED ||
         status == ecommerce::orders::ORDER_STATUS_DELIVERED;
}

std::string short_name(OrderStatus status) {
  constexpr std::string_view prefix = "ORDER_STATUS_";
  const std::string name = ecommerce::orders::OrderStatus_Name(status);
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace shop
