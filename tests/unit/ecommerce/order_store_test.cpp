#include <doctest/doctest.h>

#include "order/order_store.hpp"
#include "orders.hpp"
#include "scratch_file.hpp"

using namespace ecommerce::orders;
using shop::OrderError;
using shop::OrderStore;

namespace {

const auto anything = [](OrderStatus) { return true; };

ListOrdersRequest orders_of(const std::string& user, const std::string& token = "") {
  ListOrdersRequest request;
  request.set_user_id(user);
  request.set_page_token(token);
  return request;
}

}  // namespace

TEST_CASE("an order is kept over the life of the process") {
  const ScratchFile file;
  OrderStore(file.path()).create(an_order(), euros(3000), "o1").value();
  const auto order = OrderStore(file.path()).get("o1").value().order;
  CHECK(order.status() == ORDER_STATUS_PENDING);
  CHECK(order.total().amount() == 3000);
  CHECK(order.items(0).product_id() == "sku-1");
}

TEST_CASE("times are those of the clock it was given") {
  const ScratchFile file;
  OrderStore store(file.path(), [] {
    return std::chrono::system_clock::time_point(std::chrono::microseconds(1'500'000));
  });
  const auto order = store.create(an_order(), euros(1), "o1").value().order;
  CHECK(order.created_at().seconds() == 1);
  CHECK(order.created_at().nanos() == 500'000'000);
}

TEST_CASE("the same key and payload give the same order, in another process too") {
  const ScratchFile file;
  OrderStore v1(file.path());
  OrderStore v2(file.path());
  CHECK(!v1.create(an_order("u1", "k"), euros(3000), "o1").value().replayed);
  const auto again = v2.create(an_order("u1", "k"), euros(3000), "o2").value();
  CHECK(again.replayed);
  CHECK(again.order.id() == "o1");
  CHECK(v1.get("o2").error().kind == OrderError::Kind::NotFound);
}

TEST_CASE("the same key with another payload is refused") {
  const ScratchFile file;
  OrderStore store(file.path());
  store.create(an_order("u1", "k"), euros(3000), "o1").value();
  auto other = an_order("u1", "k");
  other.mutable_items(0)->set_quantity(3);
  CHECK(store.create(other, euros(4500), "o2").error().kind == OrderError::Kind::KeyReused);
}

TEST_CASE("a key belongs to its user, and no key is no replay") {
  const ScratchFile file;
  OrderStore store(file.path());
  store.create(an_order("u1", "k"), euros(3000), "o1").value();
  CHECK(!store.create(an_order("u2", "k"), euros(3000), "o2").value().replayed);
  CHECK(!store.create(an_order("u1", ""), euros(3000), "o3").value().replayed);
  CHECK(!store.create(an_order("u1", ""), euros(3000), "o4").value().replayed);
}

TEST_CASE("a status changes only from where it may") {
  const ScratchFile file;
  OrderStore store(file.path());
  store.create(an_order(), euros(3000), "o1").value();
  const auto never = [](OrderStatus) { return false; };
  const auto refused = store.change_status("o1", never, {ORDER_STATUS_SHIPPED, "", {}});
  CHECK(refused.error().kind == OrderError::Kind::Conflict);
  CHECK(refused.error().message == "an order that is PENDING cannot become SHIPPED");
  CHECK(store.get("o1")->order.status() == ORDER_STATUS_PENDING);
  CHECK(store.change_status("o1", anything, {ORDER_STATUS_CANCELLED, "no stock", {}}));
  CHECK(store.get("o1")->reason == "no stock");
  CHECK(store.change_status("o9", anything, {ORDER_STATUS_SHIPPED, "", {}}).error().kind ==
        OrderError::Kind::NotFound);
}

TEST_CASE("a list is one user's, in pages that neither repeat nor leave out") {
  const ScratchFile file;
  OrderStore store(file.path());
  for (const char* id : {"o1", "o2", "o3"}) store.create(an_order("u1"), euros(1), id).value();
  store.create(an_order("u2"), euros(1), "o4").value();
  const auto first = store.list(orders_of("u1"), 2).value();
  REQUIRE(first.orders.size() == 2);
  CHECK(first.orders[1].id() == "o2");
  const auto second = store.list(orders_of("u1", first.next_token), 2).value();
  REQUIRE(second.orders.size() == 1);
  CHECK(second.orders[0].id() == "o3");
  CHECK(second.next_token.empty());
  CHECK(store.list(orders_of("u1"), 3).value().next_token.empty());
  CHECK(store.list(orders_of("u1", "x"), 2).error().kind == OrderError::Kind::Invalid);
}

TEST_CASE("a list can be of one status") {
  const ScratchFile file;
  OrderStore store(file.path());
  for (const char* id : {"o1", "o2"}) store.create(an_order("u1"), euros(1), id).value();
  CHECK(store.change_status("o2", anything, {ORDER_STATUS_CONFIRMED, "", {}}));
  auto request = orders_of("u1");
  request.set_status_filter(ORDER_STATUS_CONFIRMED);
  const auto page = store.list(request, 10).value();
  REQUIRE(page.orders.size() == 1);
  CHECK(page.orders[0].id() == "o2");
}

TEST_CASE(
    "the history holds every change, whichever process made it, and is read on from anywhere") {
  const ScratchFile file;
  OrderStore v1(file.path());
  OrderStore v2(file.path());
  v1.create(an_order(), euros(3000), "o1").value();
  CHECK(v2.record_saga({"o1", shop::SagaState::Running, "reserve-inventory", "", ""}));
  shop::Details note;
  note["inventory"] = "on its way";
  CHECK(v1.annotate("o1", note));
  CHECK(v2.change_status("o1", anything, {ORDER_STATUS_CONFIRMED, "", {}}));

  const auto all = v1.updates_after("o1", 0, 10).value();
  REQUIRE(all.size() == 4);
  CHECK(all[0].update.status() == ORDER_STATUS_PENDING);
  CHECK(all[1].update.details().at("step") == "reserve-inventory");
  CHECK(all[2].update.details().at("inventory") == "on its way");
  CHECK(all[3].update.status() == ORDER_STATUS_CONFIRMED);
  CHECK(v2.updates_after("o1", all[1].sequence, 1).value().front().sequence == all[2].sequence);
  CHECK(v1.updates_after("o2", 0, 10).value().empty());
}
