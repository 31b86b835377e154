#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>

#include "desk.hpp"
#include "order/update_cursor.hpp"
#include "orders.hpp"
#include "service/trace.hpp"

using namespace shop;
using namespace ecommerce::orders;

namespace {

// What StreamOrderUpdates tells now, as "REVISION STATUS".
std::vector<std::string> told(UpdateCursor& cursor) {
  std::vector<std::string> all;
  for (auto update = cursor.next().value(); update; update = cursor.next().value()) {
    all.push_back(update->details().at("revision") + " " + OrderStatus_Name(update->status()).substr(13));
  }
  return all;
}
using Texts = std::vector<std::string>;

// Made of every event, in order: the same history, the same hash.
std::size_t hash_of(EventStore& store) {
  std::size_t hash = 0;
  for (const auto& event : store.read(0, 1 << 30)) {
    hash = hash * 31 + std::hash<std::string>()(event.aggregate + event.type + event.body);
  }
  return hash;
}

}  // namespace

TEST_CASE("a database of version 1 still loads: its orders had no total") {
  const ScratchFile file;
  std::filesystem::copy(SHOP_TEST_DATA "/orders-v1.db", file.path());
  Process shop(file.path(), "v1", {});
  shop.until_over("old-2");
  const auto done = load_order(shop.store, "old-1");
  CHECK(done.order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(done.order.total().amount() == 3000);
  CHECK(done.order.total().currency() == "EUR");
  // The saga that version 1 left open is gone on with.
  CHECK(load_order(shop.store, "old-2").order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(shop.what_was_asked() == Texts{"process-payment/do"});
}

TEST_CASE("an event of a later program is refused, not half understood") {
  Event event;
  event.type = "OrderCreated";
  event.schema = order_created_schema + 1;
  OrderState state;
  CHECK_THROWS_WITH_AS(apply(state, event), doctest::Contains("a later version of this program"),
                       DatabaseError);
  event.type = "OrderTeleported";
  CHECK_THROWS_WITH_AS(apply(state, event), doctest::Contains("unknown type"), DatabaseError);
}

TEST_CASE("a watcher is told the order as it is, then each change; who comes back is told what it missed") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  shop.create(an_order()).value();
  UpdateCursor fresh(shop.store, "o1", {}), back(shop.store, "o1", 1);
  CHECK(fresh.begin());
  CHECK(told(fresh) == Texts{"2 CONFIRMED"});
  CHECK(!fresh.at_end());
  shop.desk.note_inventory("o1", "shelf 4", {}).value();
  CHECK(told(fresh) == Texts{"3 CONFIRMED"});
  CHECK(back.begin());
  CHECK(told(back) == Texts{"2 CONFIRMED", "3 CONFIRMED"});
  UpdateOrderRequest cancel;
  cancel.set_order_id("o1");
  cancel.set_status(ORDER_STATUS_CANCELLED);
  CHECK(shop.desk.update(cancel, {}));
  CHECK(told(fresh) == Texts{"4 CANCELLED"});
  CHECK(fresh.at_end());
  UpdateCursor nobody(shop.store, "o9", {}), future(shop.store, "o1", 99);
  CHECK(nobody.begin().error().kind == OrderError::Kind::NotFound);
  CHECK(future.begin().error().kind == OrderError::Kind::Invalid);
}

TEST_CASE("a snapshot and the events after it make the same order as all events do") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  shop.create(an_order()).value();
  for (int i = 0; i < 3 * snapshot_every; ++i)
    shop.desk.note_inventory("o1", std::to_string(i), {}).value();
  const auto snapshot = shop.store.snapshot("order/o1");
  REQUIRE(snapshot);
  CHECK(snapshot->version >= 2 * snapshot_every);
  const OrderState quick = load_order(shop.store, "o1");
  const OrderState whole = load_order_at(shop.store, "o1", quick.revision);
  CHECK(quick.revision == whole.revision);
  CHECK(quick.order.SerializeAsString() == whole.order.SerializeAsString());
}

TEST_CASE("a view that was lost is made again from the first event, and is the same") {
  const ScratchFile file;
  std::string before;
  std::size_t hash = 0;
  {
    Process shop(file.path(), "v1", {});
    for (int i = 0; i < 5; ++i) shop.create(an_order()).value();
    hash = hash_of(shop.store);
    ListOrdersRequest request;
    request.set_user_id("u1");
    const auto page = shop.desk.list(request, shop.desk.consistency_token()).value();
    for (const auto& order : page.orders) before += order.SerializeAsString();
  }
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.path() + "-views-v1" + end);
  EventStore store(file.path());
  CHECK(hash_of(store) == hash);
  OrderView orders(file.path() + "-views-v1");
  Projections projections(store, file.path() + "-views-v1", {&orders});
  projections.catch_up();
  std::string after;
  for (const auto& listed : orders.list("u1", 0, ORDER_STATUS_UNSPECIFIED, 100)) {
    after += listed.order.order.SerializeAsString();
  }
  CHECK(after == before);
  CHECK(!after.empty());
}

TEST_CASE("a trace goes on with a span of its own; what is no trace begins one") {
  const std::string given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(trace_id_of(child_of(given)) == "0af7651916cd43dd8448eb211c80319c");
  CHECK(child_of(given) != given);
  for (const char* wrong : {"", "00-x", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"}) {
    CHECK(trace_id_of(wrong).empty());
    CHECK(trace_id_of(child_of(wrong)).size() == 32);
  }
}
