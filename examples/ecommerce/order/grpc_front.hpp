#pragma once
// The order service's gRPC door: translates calls to the desk and errors to statuses. Owned by
// main(); called on gRPC's threads, which never wait: what touches the disk or another service runs
// in the pool.
#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>

#include "order/change_feed.hpp"
#include "order/order_desk.hpp"
#include "order_service.grpc.pb.h"
#include "service/work_pool.hpp"

namespace shop {

[[nodiscard]] grpc::Status to_grpc(const OrderError& error);

class GrpcFront final : public ecommerce::orders::OrderService::CallbackService {
 public:
  struct Parts {
    OrderDesk& desk;
    EventStore& store;
    ChangeFeed& feed;
    WorkPool& pool;
  };
  GrpcFront(Parts parts, std::string version);

 private:
  using Context = grpc::CallbackServerContext;
  using Order = ecommerce::orders::Order;

  grpc::ServerUnaryReactor* CreateOrder(Context* context,
                                        const ecommerce::orders::CreateOrderRequest* request,
                                        Order* reply) override;
  grpc::ServerUnaryReactor* GetOrder(Context* context,
                                     const ecommerce::orders::GetOrderRequest* request,
                                     Order* reply) override;
  grpc::ServerUnaryReactor* UpdateOrder(Context* context,
                                        const ecommerce::orders::UpdateOrderRequest* request,
                                        Order* reply) override;
  grpc::ServerWriteReactor<Order>* ListOrders(
      Context* context, const ecommerce::orders::ListOrdersRequest* request) override;
  grpc::ServerWriteReactor<ecommerce::orders::OrderUpdate>* StreamOrderUpdates(
      Context* context, const ecommerce::orders::StreamOrderRequest* request) override;

  // Runs in the pool; `reactor` is finished with RESOURCE_EXHAUSTED when it is full.
  void in_pool(grpc::ServerUnaryReactor* reactor, std::function<void()> work);
  void answer(Context* context, grpc::ServerUnaryReactor* reactor, Order* reply,
              OrderResult<OrderAnswer> result);

  Parts parts_;
  std::string version_;
};

}  // namespace shop
