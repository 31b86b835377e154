#include "order/order_records.hpp"

namespace shop::records {

void make_tables(Database& database) {
  Transaction transaction(database);
  database.run(R"(
    CREATE TABLE IF NOT EXISTS orders(
      sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL,
      status INTEGER NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS orders_of_user ON orders(user_id, sequence);
    CREATE TABLE IF NOT EXISTS idempotency(
      user_id TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, order_id TEXT NOT NULL,
      PRIMARY KEY(user_id, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS updates(
      sequence INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL, body BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS updates_of_order ON updates(order_id, sequence);
    CREATE TABLE IF NOT EXISTS sagas(
      order_id TEXT PRIMARY KEY, state TEXT NOT NULL, step TEXT NOT NULL, outcome TEXT NOT NULL,
      reason TEXT NOT NULL) WITHOUT ROWID;)");
  transaction.commit();
}

std::optional<StoredOrder> find(Database& database, const std::string& id) {
  Statement select(database, "SELECT body, reason FROM orders WHERE id = ?");
  if (!select.text(id).step()) return std::nullopt;
  StoredOrder stored;
  if (!stored.order.ParseFromString(select.text_at(0)))
    throw DatabaseError("order " + id + " is unreadable");
  stored.reason = select.text_at(1);
  return stored;
}

void insert(Database& database, const ecommerce::orders::Order& order) {
  Statement(database,
            "INSERT INTO orders(id, user_id, status, reason, body) VALUES(?, ?, ?, '', ?)")
      .text(order.id())
      .text(order.user_id())
      .number(order.status())
      .blob(order.SerializeAsString())
      .step();
}

void replace(Database& database, const StoredOrder& stored) {
  Statement(database, "UPDATE orders SET status = ?, reason = ?, body = ? WHERE id = ?")
      .number(stored.order.status())
      .text(stored.reason)
      .blob(stored.order.SerializeAsString())
      .text(stored.order.id())
      .step();
}

void append_update(Database& database, const ecommerce::orders::Order& order,
                   const Details& details, const google::protobuf::Timestamp& at) {
  ecommerce::orders::OrderUpdate update;
  update.set_order_id(order.id());
  update.set_status(order.status());
  *update.mutable_timestamp() = at;
  *update.mutable_details() = details;
  Statement(database, "INSERT INTO updates(order_id, body) VALUES(?, ?)")
      .text(order.id())
      .blob(update.SerializeAsString())
      .step();
}

void put_saga(Database& database, const SagaNote& note) {
  Statement(database, "INSERT OR REPLACE INTO sagas VALUES(?, ?, ?, ?, ?)")
      .text(note.order_id)
      .text(name_of(note.state))
      .text(note.step)
      .text(note.outcome)
      .text(note.reason)
      .step();
}

std::optional<UsedKey> find_key(Database& database, const std::string& user,
                                const std::string& key) {
  Statement select(database,
                   "SELECT request, order_id FROM idempotency WHERE user_id = ? AND key = ?");
  if (!select.text(user).text(key).step()) return std::nullopt;
  return UsedKey{select.text_at(0), select.text_at(1)};
}

void insert_key(Database& database, const std::string& user, const std::string& key,
                const UsedKey& used) {
  Statement(database, "INSERT INTO idempotency(user_id, key, request, order_id) VALUES(?, ?, ?, ?)")
      .text(user)
      .text(key)
      .blob(used.request)
      .text(used.order_id)
      .step();
}

google::protobuf::Timestamp timestamp(std::chrono::system_clock::time_point at) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((since - seconds).count() * 1000));
  return out;
}

}  // namespace shop::records
