#pragma once
// The inventory service's gRPC door. Owned by main(); called on gRPC's threads, which never wait:
// the disk is left to the pool. In failing mode every call answers UNAVAILABLE at once.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>

#include "inventory/stock_store.hpp"
#include "inventory_service.grpc.pb.h"
#include "service/work_pool.hpp"

namespace shop {

class InventoryFront final : public ecommerce::inventory::InventoryService::CallbackService {
 public:
  InventoryFront(StockStore& store, WorkPool& pool) : store_(store), pool_(pool) {}
  // True when it fails from now on.
  bool toggle_failing() { return failing_ = !failing_; }

 private:
  using Context = grpc::CallbackServerContext;

  grpc::ServerUnaryReactor* Reserve(Context* context,
                                    const ecommerce::inventory::ReserveRequest* request,
                                    ecommerce::inventory::Reservation* reply) override;
  grpc::ServerUnaryReactor* Release(Context* context,
                                    const ecommerce::inventory::ReleaseRequest* request,
                                    ecommerce::inventory::Reservation* reply) override;
  grpc::ServerUnaryReactor* GetStock(Context* context,
                                     const ecommerce::inventory::GetStockRequest* request,
                                     ecommerce::inventory::Stock* reply) override;

  grpc::ServerUnaryReactor* answer(Context* context, std::function<grpc::Status()> work);

  StockStore& store_;
  WorkPool& pool_;
  std::atomic<bool> failing_ = false;
};

}  // namespace shop
