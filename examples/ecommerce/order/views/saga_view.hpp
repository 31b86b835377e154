#pragma once
// Where every saga is: for orderctl and for the metrics. Changed on the follower's thread, asked on any.
#include <map>
#include <mutex>

#include "order/saga/saga_record.hpp"
#include "order/views/projections.hpp"
#include "saga_admin.pb.h"

namespace shop {

[[nodiscard]] ecommerce::admin::SagaSummary summary_of(const SagaRecord& record);

class SagaView final : public View {
 public:
  explicit SagaView(const std::string& path) : reader_(path, Database::Sync::Normal) {}

  [[nodiscard]] const char* name() const override { return "sagas"; }
  [[nodiscard]] int version() const override { return 1; }
  void make_tables(Database& database) override;
  void drop_tables(Database& database) override;
  void apply(Database& database, std::span<const Event> events) override;

  // In this state; an empty one: those that are not over.
  [[nodiscard]] std::vector<ecommerce::admin::SagaSummary> list(const std::string& state, int limit);
  [[nodiscard]] std::map<std::string, std::int64_t> count_by_state();

 private:
  std::mutex lock_;
  Database reader_;
};

}  // namespace shop
