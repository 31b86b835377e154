#include "order/update_cursor.hpp"

#include "order/status_rules.hpp"

namespace shop {

UpdateCursor::UpdateCursor(EventStore& store, std::string order_id,
                           std::optional<std::int64_t> seen_revision)
    : store_(store), order_id_(std::move(order_id)), seen_(seen_revision) {}

OrderResult<void> UpdateCursor::begin() {
  try {
    const auto events = store_.load(order_aggregate(order_id_));
    if (events.empty()) return refused(OrderError::Kind::NotFound, "there is no order " + order_id_);
    const std::int64_t last = events.back().version;
    if (seen_ && (*seen_ < 0 || *seen_ > last)) {
      return refused(OrderError::Kind::Invalid,
                     "the order has not been at revision " + std::to_string(*seen_));
    }
    for (const auto& event : events) {
      apply(state_, event);
      const bool told = seen_ ? event.version > *seen_ : event.version == last;
      if (told) read_.push_back(update_of(state_, event));
    }
    return {};
  } catch (const DatabaseError& error) {
    return refused(OrderError::Kind::Unavailable, error.what());
  }
}

OrderResult<std::optional<ecommerce::orders::OrderUpdate>> UpdateCursor::next() {
  try {
    if (read_.empty()) {
      for (const auto& event : store_.load(order_aggregate(order_id_), state_.revision)) {
        apply(state_, event);
        read_.push_back(update_of(state_, event));
      }
    }
  } catch (const DatabaseError& error) {
    return refused(OrderError::Kind::Unavailable, error.what());
  }
  if (read_.empty()) return std::nullopt;
  std::optional<ecommerce::orders::OrderUpdate> update(std::move(read_.front()));
  read_.pop_front();
  return update;
}

bool UpdateCursor::at_end() const { return read_.empty() && is_final(state_.order.status()); }

}  // namespace shop
