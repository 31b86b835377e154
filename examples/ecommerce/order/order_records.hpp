#pragma once
// The rows of the order database: tables, and one order or update in and out of them. Used by
// OrderStore only, under its lock; every function may throw DatabaseError.
#include <chrono>
#include <optional>

#include "order/order_store.hpp"

namespace shop::records {

void make_tables(Database& database);

[[nodiscard]] std::optional<StoredOrder> find(Database& database, const std::string& id);
void insert(Database& database, const ecommerce::orders::Order& order);
void replace(Database& database, const StoredOrder& stored);

void append_update(Database& database, const ecommerce::orders::Order& order,
                   const Details& details, const google::protobuf::Timestamp& at);

void put_saga(Database& database, const SagaNote& note);

struct UsedKey {
  std::string request;  // serialized, as it came
  std::string order_id;
};
[[nodiscard]] std::optional<UsedKey> find_key(Database& database, const std::string& user,
                                              const std::string& key);
void insert_key(Database& database, const std::string& user, const std::string& key,
                const UsedKey& used);

[[nodiscard]] google::protobuf::Timestamp timestamp(std::chrono::system_clock::time_point at);

}  // namespace shop::records
