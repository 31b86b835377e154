#include "order/saga/confirm_order.hpp"

namespace shop {

StepResult ConfirmOrder::run(const ecommerce::orders::Order& order, const std::string&) {
  OrderStore::Change change{
      ecommerce::orders::ORDER_STATUS_CONFIRMED, {}, {}, SagaState::Completed};
  change.details["saga"] = name_of(SagaState::Completed);
  const auto pending = [](ecommerce::orders::OrderStatus from) {
    return from == ecommerce::orders::ORDER_STATUS_PENDING;
  };
  const auto changed = store_.change_status(order.id(), pending, change);
  if (changed) return {};
  const bool unknown = changed.error().kind == OrderError::Kind::Unavailable;
  return {unknown ? StepOutcome::Unknown : StepOutcome::Refused, changed.error().message};
}

StepResult ConfirmOrder::undo(const ecommerce::orders::Order&, const std::string&) { return {}; }

}  // namespace shop
