#include "order/views/order_view.hpp"

#include <map>

namespace shop {
namespace {

OrderState state_at(Statement& row, int first) {
  ecommerce::events::OrderSnapshot body;
  if (!body.ParseFromString(row.text_at(first + 1)))
    throw DatabaseError("an order of the view is unreadable");
  return {std::move(*body.mutable_order()), row.number_at(first), body.reason(), body.cancel_requested()};
}

void write(Database& database, const std::string& id, std::int64_t position, OrderState state) {
  ecommerce::events::OrderSnapshot body;
  body.set_reason(state.reason);
  body.set_cancel_requested(state.cancel_requested);
  *body.mutable_order() = std::move(state.order);
  Statement(database,
            "INSERT OR REPLACE INTO orders(id, position, user_id, status, revision, body) "
            "VALUES(?, ?, ?, ?, ?, ?)")
      .text(id)
      .number(position)
      .text(body.order().user_id())
      .number(body.order().status())
      .number(state.revision)
      .blob(body.SerializeAsString())
      .step();
}

}  // namespace

void OrderView::make_tables(Database& database) {
  database.run(R"(
    CREATE TABLE IF NOT EXISTS orders(
      id TEXT PRIMARY KEY, position INTEGER NOT NULL, user_id TEXT NOT NULL, status INTEGER NOT NULL,
      revision INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS orders_of_user ON orders(user_id, position);)");
}

void OrderView::drop_tables(Database& database) { database.run("DROP TABLE IF EXISTS orders"); }

void OrderView::apply(Database& database, std::span<const Event> events) {
  std::map<std::string, ListedOrder> changed;
  for (const Event& event : events) {
    const std::string id = order_of(event.aggregate);
    if (id.empty()) continue;
    const auto [order, is_new] = changed.try_emplace(id);
    auto& [position, state] = order->second;  // the state is made by its first event, or read
    if (is_new && event.version == 1) {
      position = event.position;
    } else if (is_new) {
      Statement select(database, "SELECT revision, body, position FROM orders WHERE id = ?");
      if (!select.text(id).step()) throw DatabaseError("the view misses order " + id);
      state = state_at(select, 0);
      position = select.number_at(2);
    }
    shop::apply(state, event);
  }
  for (auto& [id, order] : changed) write(database, id, order.created_at_position, std::move(order.order));
}

std::optional<OrderState> OrderView::find(const std::string& id) {
  const std::lock_guard guard(lock_);
  Statement select(reader_, "SELECT revision, body FROM orders WHERE id = ?");
  if (!select.text(id).step()) return std::nullopt;
  return state_at(select, 0);
}

std::vector<ListedOrder> OrderView::list(const std::string& user, std::int64_t after,
                                         ecommerce::orders::OrderStatus status, int limit) {
  const std::lock_guard guard(lock_);
  Statement select(reader_,
                   "SELECT position, revision, body FROM orders WHERE user_id = ?1 AND position > ?2 "
                   "AND (?3 = 0 OR status = ?3) ORDER BY position LIMIT ?4");
  select.text(user).number(after).number(status).number(limit);
  std::vector<ListedOrder> orders;
  while (select.step()) orders.push_back({select.number_at(0), state_at(select, 1)});
  return orders;
}

}  // namespace shop
