#pragma once
// What can be done with orders, the same for both doors (gRPC and REST). Calls may wait for the
// disk and for other services: they are made on worker threads. Owned by main().
#include <functional>
#include <string>

#include "order/order_store.hpp"
#include "order/saga/saga.hpp"

namespace shop {

class OrderDesk {
 public:
  using NewId = std::function<std::string()>;

  OrderDesk(OrderStore& store, Saga& saga, NewId new_id);

  // Runs the saga to its end. The order comes back CONFIRMED, or CANCELLED with a reason; a replay
  // of a key whose saga is still running comes back PENDING.
  [[nodiscard]] OrderResult<StoredOrder> create(
      const ecommerce::orders::CreateOrderRequest& request);
  [[nodiscard]] OrderResult<StoredOrder> get(const std::string& id);
  [[nodiscard]] OrderResult<OrderPage> list(const ecommerce::orders::ListOrdersRequest& request);
  // Status UNSPECIFIED changes nothing but adds the metadata to the history. CANCELLED undoes the
  // saga.
  [[nodiscard]] OrderResult<StoredOrder> update(
      const ecommerce::orders::UpdateOrderRequest& request);
  [[nodiscard]] OrderResult<StoredOrder> note_inventory(const std::string& id,
                                                        const std::string& note);

 private:
  OrderResult<StoredOrder> cancelled(const ecommerce::orders::Order& order,
                                     const SagaReport& report);

  OrderStore& store_;
  Saga& saga_;
  NewId new_id_;
};

// 128 random bits in hex.
[[nodiscard]] std::string random_order_id();

}  // namespace shop
