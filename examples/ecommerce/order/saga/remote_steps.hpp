#pragma once
// The two steps that other services do: hold back the stock, charge the money. Owned by the Saga;
// stubs may be called from any thread.
#include <grpcpp/grpcpp.h>

#include <memory>

#include "inventory_service.grpc.pb.h"
#include "order/saga/saga_step.hpp"
#include "payment_service.grpc.pb.h"

namespace shop {

class ReserveInventory final : public SagaStep {
 public:
  explicit ReserveInventory(const std::shared_ptr<grpc::Channel>& channel);
  [[nodiscard]] std::string_view name() const override { return "reserve-inventory"; }
  [[nodiscard]] StepResult run(const ecommerce::orders::Order& order,
                               const std::string& command_id) override;
  [[nodiscard]] StepResult undo(const ecommerce::orders::Order& order,
                                const std::string& command_id) override;

 private:
  std::unique_ptr<ecommerce::inventory::InventoryService::Stub> inventory_;
};

class ProcessPayment final : public SagaStep {
 public:
  explicit ProcessPayment(const std::shared_ptr<grpc::Channel>& channel);
  [[nodiscard]] std::string_view name() const override { return "process-payment"; }
  [[nodiscard]] StepResult run(const ecommerce::orders::Order& order,
                               const std::string& command_id) override;
  [[nodiscard]] StepResult undo(const ecommerce::orders::Order& order,
                                const std::string& command_id) override;

 private:
  std::unique_ptr<ecommerce::payment::PaymentService::Stub> payment_;
};

}  // namespace shop
