#pragma once
// Orders, their history and the progress of their sagas, in one SQLite file that several processes
// may share. Owned by main(); any thread may call it: one lock for the writing connection, one for
// the reading one.
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "order/order_error.hpp"
#include "order/saga/saga_state.hpp"
#include "order_service.pb.h"
#include "service/database.hpp"

namespace shop {

using Details = google::protobuf::Map<std::string, std::string>;

struct StoredOrder {
  ecommerce::orders::Order order;
  std::string reason;     // why it is CANCELLED; else empty
  bool replayed = false;  // it was there already, under the same idempotency key
};

struct OrderPage {
  std::vector<ecommerce::orders::Order> orders;
  std::string next_token;  // empty on the last page
};

struct NumberedUpdate {
  std::int64_t sequence = 0;
  ecommerce::orders::OrderUpdate update;
};

class OrderStore {
 public:
  using Now = std::function<std::chrono::system_clock::time_point()>;

  explicit OrderStore(const std::string& path, Now now = std::chrono::system_clock::now);

  // A PENDING order with this id; or the one that the same user's same key made before. The same
  // key with another payload is KeyReused.
  [[nodiscard]] OrderResult<StoredOrder> create(
      const ecommerce::orders::CreateOrderRequest& request, const ecommerce::orders::Money& total,
      const std::string& id);
  [[nodiscard]] OrderResult<StoredOrder> get(const std::string& id);
  [[nodiscard]] OrderResult<OrderPage> list(const ecommerce::orders::ListOrdersRequest& request,
                                            int page_size);

  using MayChange = std::function<bool(ecommerce::orders::OrderStatus from)>;
  struct Change {
    ecommerce::orders::OrderStatus to;
    std::string reason;                            // kept with the order
    Details details;                               // told to who watches
    std::optional<SagaState> saga = std::nullopt;  // where the saga is from then on
  };
  // Conflict when the present status does not allow it; the question and the change are one
  // transaction.
  [[nodiscard]] OrderResult<StoredOrder> change_status(const std::string& id,
                                                       const MayChange& may_change,
                                                       const Change& change);
  // Adds to the history; the status stays.
  [[nodiscard]] OrderResult<StoredOrder> annotate(const std::string& id, const Details& details);
  [[nodiscard]] OrderResult<void> record_saga(const SagaNote& note);

  // The history of one order after a sequence number, oldest first.
  [[nodiscard]] OrderResult<std::vector<NumberedUpdate>> updates_after(const std::string& id,
                                                                       std::int64_t sequence,
                                                                       int limit);

 private:
  std::mutex writing_;
  Database writer_;
  std::mutex reading_;
  Database reader_;
  Now now_;
};

}  // namespace shop
