#pragma once
// What one watcher of an order is told, in order: the order as it is, or everything after the revision
// that it saw last, then each change. Owned by the watcher, under its lock.
#include <deque>
#include <optional>

#include "order/order_error.hpp"
#include "order/order_events.hpp"

namespace shop {

class UpdateCursor {
 public:
  UpdateCursor(EventStore& store, std::string order_id, std::optional<std::int64_t> seen_revision);

  // NotFound when there is no such order; Invalid when the revision is none that it had.
  [[nodiscard]] OrderResult<void> begin();
  // Nothing when there is nothing new.
  [[nodiscard]] OrderResult<std::optional<ecommerce::orders::OrderUpdate>> next();
  // Everything was told, and nothing will follow.
  [[nodiscard]] bool at_end() const;

 private:
  EventStore& store_;
  std::string order_id_;
  std::optional<std::int64_t> seen_;
  OrderState state_;
  std::deque<ecommerce::orders::OrderUpdate> read_;
};

}  // namespace shop
