#include "order/order_desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <random>

#include "order/status_rules.hpp"
#include "order/validation.hpp"

namespace shop {
namespace {

using enum OrderError::Kind;
using ecommerce::orders::OrderStatus;

constexpr std::size_t max_note = 4096;

bool is_pending(OrderStatus from) { return from == ecommerce::orders::ORDER_STATUS_PENDING; }

}  // namespace

std::string random_order_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", device());
  return id;
}

OrderDesk::OrderDesk(OrderStore& store, Saga& saga, NewId new_id)
    : store_(store), saga_(saga), new_id_(std::move(new_id)) {}

OrderResult<StoredOrder> OrderDesk::create(const ecommerce::orders::CreateOrderRequest& request) {
  const auto total = validate_create(request);
  if (!total) return std::unexpected(total.error());
  auto made = store_.create(request, *total, new_id_());
  if (!made || made->replayed) return made;

  // The last step of the saga confirms the order, so there is nothing left to do when it completes.
  const SagaReport report = saga_.run(made->order);
  if (report.state == SagaState::Completed) return store_.get(made->order.id());
  return cancelled(made->order, report);
}

OrderResult<StoredOrder> OrderDesk::cancelled(const ecommerce::orders::Order& order,
                                              const SagaReport& report) {
  OrderStore::Change change{
      ecommerce::orders::ORDER_STATUS_CANCELLED, report.reason, {}, report.state};
  change.details["reason"] = report.reason;
  change.details["saga"] = name_of(report.state);
  for (const auto& step : report.stuck) {
    spdlog::error("order {}: {} could not be undone; it has to be looked at", order.id(), step);
    change.details["not undone: " + step] = "true";
  }
  spdlog::info("order {} cancelled: {}", order.id(), report.reason);
  const auto may_cancel = [](OrderStatus from) {
    return is_pending(from) || from == ecommerce::orders::ORDER_STATUS_CONFIRMED;
  };
  return store_.change_status(order.id(), may_cancel, change);
}

OrderResult<StoredOrder> OrderDesk::get(const std::string& id) { return store_.get(id); }

OrderResult<OrderPage> OrderDesk::list(const ecommerce::orders::ListOrdersRequest& request) {
  const auto page_size = validate_list(request);
  if (!page_size) return std::unexpected(page_size.error());
  return store_.list(request, *page_size);
}

OrderResult<StoredOrder> OrderDesk::update(const ecommerce::orders::UpdateOrderRequest& request) {
  if (auto ok = validate_update(request); !ok) return std::unexpected(ok.error());
  const OrderStatus to = request.status();
  if (to == ecommerce::orders::ORDER_STATUS_UNSPECIFIED) {
    if (request.metadata().empty())
      return refused(Invalid, "there is neither a status nor metadata");
    return store_.annotate(request.order_id(), request.metadata());
  }
  const auto present = store_.get(request.order_id());
  if (!present) return present;
  if (present->order.status() == to) return present;  // asked twice

  OrderStore::Change change{to, {}, request.metadata(), {}};
  const bool cancels = to == ecommerce::orders::ORDER_STATUS_CANCELLED;
  if (cancels) change.reason = "cancelled on request";
  auto changed = store_.change_status(
      request.order_id(), [to](OrderStatus from) { return may_follow(from, to); }, change);
  if (changed && cancels) {
    const SagaReport report = saga_.undo_all(changed->order, change.reason);
    for (const auto& step : report.stuck) {
      spdlog::error("order {}: {} could not be undone; it has to be looked at", request.order_id(),
                    step);
    }
  }
  return changed;
}

OrderResult<StoredOrder> OrderDesk::note_inventory(const std::string& id, const std::string& note) {
  if (note.size() > max_note)
    return refused(Invalid, fmt::format("the note is longer than {} bytes", max_note));
  Details details;
  details["inventory"] = note;
  return store_.annotate(id, details);
}

}  // namespace shop
