#pragma once
// The last step: the order is CONFIRMED in the store. Owned by the Saga.
#include "order/order_store.hpp"
#include "order/saga/saga_step.hpp"

namespace shop {

class ConfirmOrder final : public SagaStep {
 public:
  explicit ConfirmOrder(OrderStore& store) : store_(store) {}
  [[nodiscard]] std::string_view name() const override { return "confirm"; }
  [[nodiscard]] StepResult run(const ecommerce::orders::Order& order,
                               const std::string& command_id) override;
  // Nothing: whoever undoes a saga sets the order's status.
  [[nodiscard]] StepResult undo(const ecommerce::orders::Order& order,
                                const std::string& command_id) override;

 private:
  OrderStore& store_;
};

}  // namespace shop
