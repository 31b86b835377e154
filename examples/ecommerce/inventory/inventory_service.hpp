#pragma once
// The inventory service's gRPC door. Owned by main(); called on gRPC's threads, which never wait:
// answers come from the store's writer. In failing mode every call answers UNAVAILABLE at once.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>

#include "inventory/stock_store.hpp"
#include "inventory_service.grpc.pb.h"

namespace shop {

class InventoryFront final : public ecommerce::inventory::InventoryService::CallbackService {
 public:
  explicit InventoryFront(StockStore& store) : store_(store) {}
  // True when it fails from now on.
  bool toggle_failing() { return failing_ = !failing_; }

 private:
  using Context = grpc::CallbackServerContext;
  using Reservation = ecommerce::inventory::Reservation;

  grpc::ServerUnaryReactor* Reserve(Context* context,
                                    const ecommerce::inventory::ReserveRequest* request,
                                    Reservation* reply) override;
  grpc::ServerUnaryReactor* Release(Context* context,
                                    const ecommerce::inventory::ReleaseRequest* request,
                                    Reservation* reply) override;
  grpc::ServerUnaryReactor* Commit(Context* context, const ecommerce::inventory::CommitRequest* request,
                                   Reservation* reply) override;
  grpc::ServerUnaryReactor* GetStock(Context* context,
                                     const ecommerce::inventory::GetStockRequest* request,
                                     ecommerce::inventory::Stock* reply) override;

  // `name` is the step's, for failpoints and the log.
  StockStore::Done answer(Context* context, grpc::ServerUnaryReactor* reactor, Reservation* reply,
                          std::string name);
  bool refused_by_mode(grpc::ServerUnaryReactor* reactor);

  StockStore& store_;
  std::atomic<bool> failing_ = false;
};

}  // namespace shop
