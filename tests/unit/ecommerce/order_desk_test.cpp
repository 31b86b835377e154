#include <doctest/doctest.h>

#include "fake_steps.hpp"
#include "order/order_desk.hpp"
#include "order/saga/confirm_order.hpp"
#include "orders.hpp"
#include "scratch_file.hpp"

using namespace ecommerce::orders;
using shop::OrderError;
using enum shop::StepOutcome;

namespace {

// A desk whose saga reserves and pays as the test says, and confirms for real.
struct Desk {
  ScratchFile file;
  shop::OrderStore store{file.path()};
  std::vector<std::string> asked;
  shop::Saga saga;
  int made = 0;
  shop::OrderDesk desk{store, saga, [this] { return "o" + std::to_string(++made); }};

  explicit Desk(const Script& reserve = {"reserve"}, const Script& pay = {"pay"})
      : saga(steps(reserve, pay),
             {.wait_before_retry = [](int) { return true; },
              .journal = [this](const shop::SagaNote& note) { CHECK(store.record_saga(note)); }}) {}

  std::vector<std::unique_ptr<shop::SagaStep>> steps(const Script& reserve, const Script& pay) {
    auto all = fake_steps({reserve, pay}, asked);
    all.push_back(std::make_unique<shop::ConfirmOrder>(store));
    return all;
  }
};

UpdateOrderRequest update_to(const std::string& id, OrderStatus status) {
  UpdateOrderRequest request;
  request.set_order_id(id);
  request.set_status(status);
  return request;
}

}  // namespace

TEST_CASE("an order whose saga completes comes back confirmed") {
  Desk desk;
  const auto made = desk.desk.create(an_order()).value();
  CHECK(made.order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(made.order.total().amount() == 3000);
  CHECK(made.reason.empty());
}

TEST_CASE(
    "an order whose payment is declined comes back cancelled, with the reason, and is stored so") {
  Desk desk({"reserve"}, {"pay", Refused});
  const auto made = desk.desk.create(an_order()).value();
  CHECK(made.order.status() == ORDER_STATUS_CANCELLED);
  CHECK(made.reason == "pay failed");
  CHECK(desk.desk.get("o1").value().reason == "pay failed");
  CHECK(desk.asked.back() == "o1/reserve/undo");
  const auto history = desk.store.updates_after("o1", 0, 100).value();
  CHECK(history.back().update.details().at("reason") == "pay failed");
  CHECK(history.back().update.details().at("saga") == "COMPENSATED");
}

TEST_CASE("a step that could not be undone is named in the order's history") {
  Desk desk({"reserve", Done, {Unknown, Unknown, Unknown}}, {"pay", Refused});
  CHECK(desk.desk.create(an_order()).value().order.status() == ORDER_STATUS_CANCELLED);
  const auto history = desk.store.updates_after("o1", 0, 100).value();
  CHECK(history.back().update.details().at("saga") == "FAILED");
  CHECK(history.back().update.details().count("not undone: reserve") == 1);
}

TEST_CASE("a replayed request runs no second saga") {
  Desk desk;
  desk.desk.create(an_order("u1", "k")).value();
  const auto asked = desk.asked.size();
  const auto again = desk.desk.create(an_order("u1", "k")).value();
  CHECK(again.replayed);
  CHECK(again.order.id() == "o1");
  CHECK(again.order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(desk.asked.size() == asked);
}

TEST_CASE("an invalid order reaches neither the store nor a step") {
  Desk desk;
  CHECK(desk.desk.create(CreateOrderRequest{}).error().kind == OrderError::Kind::Invalid);
  CHECK(desk.asked.empty());
  CHECK(desk.made == 0);
}

TEST_CASE(
    "cancelling a confirmed order gives back the money, then the stock; asking twice does so "
    "once") {
  Desk desk;
  desk.desk.create(an_order()).value();
  desk.asked.clear();
  CHECK(desk.desk.update(update_to("o1", ORDER_STATUS_CANCELLED)).value().order.status() ==
        ORDER_STATUS_CANCELLED);
  CHECK(desk.desk.update(update_to("o1", ORDER_STATUS_CANCELLED)).value().order.status() ==
        ORDER_STATUS_CANCELLED);
  CHECK(desk.asked == std::vector<std::string>{"o1/pay/undo", "o1/reserve/undo"});
}

TEST_CASE("an order cannot jump") {
  Desk desk;
  desk.desk.create(an_order()).value();
  CHECK(desk.desk.update(update_to("o1", ORDER_STATUS_DELIVERED)).error().kind ==
        OrderError::Kind::Conflict);
  CHECK(desk.desk.update(update_to("o9", ORDER_STATUS_SHIPPED)).error().kind ==
        OrderError::Kind::NotFound);
  CHECK(desk.desk.update(update_to("o1", ORDER_STATUS_UNSPECIFIED)).error().kind ==
        OrderError::Kind::Invalid);
  CHECK(desk.desk.update(update_to("o1", static_cast<OrderStatus>(99))).error().kind ==
        OrderError::Kind::Invalid);
}

TEST_CASE("a note of the inventory is in the order's history") {
  Desk desk;
  desk.desk.create(an_order()).value();
  CHECK(desk.desk.note_inventory("o1", "shelf 4").value().order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(desk.store.updates_after("o1", 0, 100).value().back().update.details().at("inventory") ==
        "shelf 4");
  CHECK(desk.desk.note_inventory("o9", "").error().kind == OrderError::Kind::NotFound);
}
