#pragma once
// The orders as they are, by id and by user. Changed on the follower's thread, asked on any: the reading
// connection has a lock.
#include <mutex>
#include <optional>

#include "order/order_events.hpp"
#include "order/views/projections.hpp"

namespace shop {

struct ListedOrder {
  std::int64_t created_at_position = 0;  // the order of a list: nothing is ever inserted before its end
  OrderState order;
};

class OrderView final : public View {
 public:
  explicit OrderView(const std::string& path) : reader_(path, Database::Sync::Normal) {}

  [[nodiscard]] const char* name() const override { return "orders"; }
  [[nodiscard]] int version() const override { return 1; }
  void make_tables(Database& database) override;
  void drop_tables(Database& database) override;
  void apply(Database& database, std::span<const Event> events) override;

  [[nodiscard]] std::optional<OrderState> find(const std::string& id);
  // After a position, oldest first; status UNSPECIFIED is any.
  [[nodiscard]] std::vector<ListedOrder> list(const std::string& user, std::int64_t after,
                                              ecommerce::orders::OrderStatus status, int limit);

 private:
  std::mutex lock_;
  Database reader_;
};

}  // namespace shop
