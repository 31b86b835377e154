#include "order/order_events.hpp"

#include "order/money.hpp"

namespace shop {
namespace {

using namespace ecommerce::events;
namespace orders = ecommerce::orders;
constexpr std::string_view prefix = "order/";

template <class Message>
Message read(const Event& event) {
  Message message;
  if (!message.ParseFromString(event.body)) {
    throw DatabaseError("event " + std::to_string(event.position) + " (" + event.type + ") is unreadable");
  }
  return message;
}

OrderCreated read_created(const Event& event) {
  auto created = read<OrderCreated>(event);
  if (event.schema > order_created_schema) {
    throw DatabaseError("event " + std::to_string(event.position) + " has schema " +
                        std::to_string(event.schema) + ", which a later version of this program writes");
  }
  if (event.schema == 1) {
    const auto total = order_total(created.items());
    if (!total) throw DatabaseError("event " + std::to_string(event.position) + ": " + total.error().message);
    *created.mutable_total() = *total;
  }
  return created;
}

}  // namespace

std::string order_aggregate(const std::string& order_id) { return std::string(prefix) + order_id; }

std::string order_of(const std::string& aggregate) {
  return aggregate.starts_with(prefix) ? aggregate.substr(prefix.size()) : std::string();
}

google::protobuf::Timestamp timestamp_of(std::int64_t us) {
  google::protobuf::Timestamp at;
  at.set_seconds(us / 1'000'000);
  at.set_nanos(static_cast<std::int32_t>(us % 1'000'000 * 1000));
  return at;
}

void apply(OrderState& state, const Event& event) {
  auto& order = state.order;
  if (event.type == "OrderCreated") {
    const auto created = read_created(event);
    order.set_id(created.order_id());
    order.set_user_id(created.user_id());
    *order.mutable_items() = created.items();
    *order.mutable_total() = created.total();
    order.set_status(orders::ORDER_STATUS_PENDING);
    *order.mutable_created_at() = timestamp_of(event.at_us);
  } else if (event.type == "OrderConfirmed") {
    order.set_status(orders::ORDER_STATUS_CONFIRMED);
  } else if (event.type == "OrderCancelRequested") {
    state.cancel_requested = true;
    state.reason = read<OrderCancelRequested>(event).reason();
  } else if (event.type == "OrderCancelled") {
    order.set_status(orders::ORDER_STATUS_CANCELLED);
    state.reason = read<OrderCancelled>(event).reason();
  } else if (event.type == "OrderStatusChanged") {
    order.set_status(read<OrderStatusChanged>(event).status());
  } else if (event.type != "OrderNoted") {
    throw DatabaseError("event " + std::to_string(event.position) + " is of an unknown type, " + event.type);
  }
  *order.mutable_updated_at() = timestamp_of(event.at_us);
  state.revision = event.version;
}

orders::OrderUpdate update_of(const OrderState& after, const Event& event) {
  orders::OrderUpdate update;
  if (event.type == "OrderStatusChanged") {
    *update.mutable_details() = read<OrderStatusChanged>(event).metadata();
  } else if (event.type == "OrderNoted") {
    *update.mutable_details() = read<OrderNoted>(event).metadata();
  } else if (event.type == "OrderCancelled") {
    *update.mutable_details() = read<OrderCancelled>(event).metadata();
  }
  update.set_order_id(after.order.id());
  update.set_status(after.order.status());
  *update.mutable_timestamp() = timestamp_of(event.at_us);
  (*update.mutable_details())["event"] = event.type;
  (*update.mutable_details())["revision"] = std::to_string(event.version);
  if (!after.reason.empty()) (*update.mutable_details())["reason"] = after.reason;
  return update;
}

OrderState load_order(EventStore& store, const std::string& id) {
  OrderState state;
  if (const auto kept = store.snapshot(order_aggregate(id))) {
    OrderSnapshot snapshot;
    // One that cannot be read is no loss: the events are all there.
    if (snapshot.ParseFromString(kept->body)) {
      state = {std::move(*snapshot.mutable_order()), kept->version, snapshot.reason(),
               snapshot.cancel_requested()};
    }
  }
  for (const auto& event : store.load(order_aggregate(id), state.revision)) apply(state, event);
  return state;
}

OrderState load_order_at(EventStore& store, const std::string& id, std::int64_t revision) {
  OrderState state;
  for (const auto& event : store.load(order_aggregate(id))) {
    if (event.version <= revision) apply(state, event);
  }
  return state;
}

void append(Commit& commit, const OrderState& state, std::vector<NewEvent> events) {
  const std::int64_t after = state.revision;
  if (after / snapshot_every != (after + static_cast<std::int64_t>(events.size())) / snapshot_every) {
    OrderSnapshot snapshot;
    *snapshot.mutable_order() = state.order;
    snapshot.set_reason(state.reason);
    snapshot.set_cancel_requested(state.cancel_requested);
    commit.snapshot = {order_aggregate(state.order.id()), after, snapshot.SerializeAsString()};
  }
  commit.streams.push_back({order_aggregate(state.order.id()), after, std::move(events)});
}

}  // namespace shop
