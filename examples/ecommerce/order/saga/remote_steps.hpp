#pragma once
// The steps that other services do, as gRPC calls through this instance's own sidecar. Owned by main();
// send() from any thread, the answer comes on one of gRPC's.
#include <grpcpp/grpcpp.h>

#include <memory>

#include "inventory_service.grpc.pb.h"
#include "order/saga/saga_runner.hpp"
#include "payment_service.grpc.pb.h"

namespace shop {

class RemoteSteps {
 public:
  RemoteSteps(const std::shared_ptr<grpc::Channel>& inventory,
              const std::shared_ptr<grpc::Channel>& payment, std::chrono::milliseconds deadline);
  void send(const StepCommand& command, SagaRunner::Answer answer);

 private:
  std::unique_ptr<ecommerce::inventory::InventoryService::Stub> inventory_;
  std::unique_ptr<ecommerce::payment::PaymentService::Stub> payment_;
  std::chrono::milliseconds deadline_;
};

}  // namespace shop
