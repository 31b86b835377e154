#pragma once
// What can be done with orders, the same for both doors (gRPC and REST). Calls may wait for the disk:
// they are made on worker threads. Owned by main().
#include <functional>
#include <optional>
#include <string>

#include "order/order_error.hpp"
#include "order/saga/saga_runner.hpp"
#include "order/views/order_view.hpp"

namespace shop {

struct OrderPage {
  std::vector<ecommerce::orders::Order> orders;
  std::string next_token;  // empty on the last page
};

// What came beside the message (order/metadata_keys.hpp); empty or absent when it did not.
struct Beside {
  std::string idempotency_key = {};
  std::string consistency_token = {};
  std::optional<std::int64_t> expected_revision = {};
  std::string trace = {};
};

class OrderDesk {
 public:
  using NewId = std::function<std::string()>;
  struct Parts {
    EventStore& store;
    SagaRunner& sagas;
    OrderView& orders;
    Projections& projections;
    Scheduler& scheduler;
  };

  OrderDesk(Parts parts, NewId new_id, std::chrono::milliseconds patience);

  // Answers when the saga is over, CONFIRMED or CANCELLED with a reason; or, when that takes longer than the
  // patience, with the order as it is: PENDING.
  void create(ecommerce::orders::CreateOrderRequest request, const Beside& beside, SagaRunner::Done done);
  // From the view; from the events when the token says that the view is behind.
  [[nodiscard]] OrderResult<OrderState> get(const std::string& id, const std::string& consistency_token);
  [[nodiscard]] OrderResult<OrderPage> list(const ecommerce::orders::ListOrdersRequest& request,
                                            const std::string& consistency_token);
  // Status UNSPECIFIED adds the metadata to the history. CANCELLED undoes the saga; a saga that runs is told.
  [[nodiscard]] OrderResult<OrderAnswer> update(const ecommerce::orders::UpdateOrderRequest& request,
                                                const Beside& beside);
  // PUT .../inventory: what the inventory service has to say.
  [[nodiscard]] OrderResult<OrderAnswer> note_inventory(const std::string& id, const std::string& note,
                                                        const Beside& beside);
  // A read that comes with it sees everything that was written until now.
  [[nodiscard]] std::string consistency_token();

 private:
  OrderResult<OrderAnswer> change(const ecommerce::orders::UpdateOrderRequest& request, const Beside& beside,
                                  const OrderState& order);
  OrderResult<OrderAnswer> append_one(const OrderState& order, NewEvent event,
                                      const ecommerce::orders::UpdateOrderRequest& request,
                                      const Beside& beside);
  OrderResult<std::int64_t> position_of(const std::string& consistency_token);
  std::vector<ListedOrder> fresher_than_view(const std::string& user);

  Parts parts_;
  NewId new_id_;
  std::chrono::milliseconds patience_;
};

// 128 random bits in hex.
[[nodiscard]] std::string random_order_id();

}  // namespace shop
