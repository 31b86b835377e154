#pragma once
// An order is what its events make of it. Pure functions: new events out of decisions, the order out of
// events, old schemas read as today's.
#include <expected>
#include <string>
#include <vector>

#include "order/order_error.hpp"
#include "order_events.pb.h"
#include "store/event_store.hpp"

namespace shop {

inline constexpr int order_created_schema = 2;
inline constexpr std::int64_t snapshot_every = 32;

using Details = google::protobuf::Map<std::string, std::string>;

struct OrderState {
  ecommerce::orders::Order order;
  std::int64_t revision = 0;      // how many events made it
  std::string reason;             // why it is, or will be, CANCELLED
  bool cancel_requested = false;  // while its saga runs
};

struct OrderAnswer {
  OrderState order;
  bool replayed = false;  // it was there already, under the same idempotency key
};

[[nodiscard]] std::string order_aggregate(const std::string& order_id);
// The id of the order of an aggregate "order/ID"; empty for others.
[[nodiscard]] std::string order_of(const std::string& aggregate);

template <class Message>
[[nodiscard]] NewEvent order_event(const Message& message) {
  NewEvent event;
  event.type = Message::descriptor()->name();
  if (event.type == "OrderCreated") event.schema = order_created_schema;
  event.body = message.SerializeAsString();
  event.published = true;
  return event;
}

// Throws DatabaseError for an event that this program cannot read: going on would make another order of it.
void apply(OrderState& state, const Event& event);
// What a watcher is told of it.
[[nodiscard]] ecommerce::orders::OrderUpdate update_of(const OrderState& after, const Event& event);

// From the snapshot and the events after it; revision 0 when there is no such order.
[[nodiscard]] OrderState load_order(EventStore& store, const std::string& id);
// At a revision of the past.
[[nodiscard]] OrderState load_order_at(EventStore& store, const std::string& id, std::int64_t revision);
// The stream of a commit that follows the state, and a snapshot when one is due.
void append(Commit& commit, const OrderState& state, std::vector<NewEvent> events);

[[nodiscard]] google::protobuf::Timestamp timestamp_of(std::int64_t us);

}  // namespace shop
