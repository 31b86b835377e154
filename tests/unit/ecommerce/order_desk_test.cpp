#include <doctest/doctest.h>

#include <thread>

#include "desk.hpp"
#include "order/change_feed.hpp"
#include "order/saga/saga_story.hpp"
#include "orders.hpp"

using namespace ecommerce::orders;
using namespace shop;
using Kind = OrderError::Kind;
using enum StepOutcome;

namespace {

UpdateOrderRequest update_to(const std::string& id, OrderStatus status) {
  UpdateOrderRequest request;
  request.set_order_id(id);
  request.set_status(status);
  return request;
}

ListOrdersRequest orders_of(const std::string& user, int page_size = 0, const std::string& token = "") {
  ListOrdersRequest request;
  request.set_user_id(user);
  request.set_page_size(page_size);
  request.set_page_token(token);
  return request;
}

std::optional<StepResult> declines(const StepCommand& command) {
  if (command.step == Step::Pay && !command.undo) return StepResult{Refused, "declined"};
  return StepResult{};
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an order whose saga completes comes back confirmed") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  const auto made = shop.create(an_order()).value();
  CHECK(made.order.order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(made.order.order.total().amount() == 3000);
  CHECK(made.order.reason.empty());
  CHECK(shop.what_was_asked() == Texts{"reserve-inventory/do", "process-payment/do"});
}

TEST_CASE("an order whose payment is declined comes back cancelled, with the reason, and is kept so") {
  const ScratchFile file;
  Process shop(file.path(), "v1", declines);
  const auto made = shop.create(an_order()).value();
  CHECK(made.order.order.status() == ORDER_STATUS_CANCELLED);
  CHECK(made.order.reason == "declined");
  CHECK(shop.what_was_asked().back() == "reserve-inventory/undo");
  CHECK(load_order(shop.store, "o1").reason == "declined");
}

TEST_CASE(
    "the same key and payload get the first answer again; another payload, or a saga under way, none") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  shop.create(an_order("u1", "k")).value();
  shop.desk.update(update_to("o1", ORDER_STATUS_PROCESSING), {}).value();
  const auto again = shop.create(an_order("u1", "k")).value();
  CHECK(again.replayed);
  CHECK(again.order.order.id() == "o1");
  CHECK(again.order.order.status() == ORDER_STATUS_CONFIRMED);  // as it was answered then
  CHECK(shop.what_was_asked().size() == 2);

  auto other = an_order("u1", "k");
  other.mutable_items(0)->set_quantity(3);
  CHECK(shop.create(other).error().kind == Kind::KeyReused);
  CHECK(!shop.create(an_order("u2", "k")).value().replayed);  // a key belongs to its user
  CHECK(shop.create(an_order("u1", "k"), {.idempotency_key = "another"}).error().kind == Kind::Invalid);
}

TEST_CASE("a key whose saga is under way is answered by nothing but: ask again") {
  const ScratchFile file;
  std::optional<StepResult> none;
  Process shop(file.path(), "v1", [](const StepCommand&) { return std::optional<StepResult>(); });
  std::promise<void> first;
  shop.desk.create(an_order("u1", "k"), {}, [](auto) {});
  // The first is committed before the second: one writer, one queue.
  CHECK(shop.create(an_order("u1", "k")).error().kind == Kind::InFlight);
}

TEST_CASE("an invalid order reaches neither the store nor a service") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  CHECK(shop.create(CreateOrderRequest{}).error().kind == Kind::Invalid);
  CHECK(shop.what_was_asked().empty());
  CHECK(shop.store.last_position() == 0);
}

TEST_CASE("cancelling a confirmed order gives back the money, then the stock; asking twice does so once") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  shop.create(an_order()).value();
  for (int times = 0; times < 2; ++times) {
    CHECK(shop.desk.update(update_to("o1", ORDER_STATUS_CANCELLED), {}).value().order.order.status() ==
          ORDER_STATUS_CANCELLED);
  }
  while (load_saga(shop.store, "o1").phase != SagaPhase::Compensated) std::this_thread::yield();
  CHECK(shop.what_was_asked() == Texts{"reserve-inventory/do", "process-payment/do", "process-payment/undo",
                                       "reserve-inventory/undo"});
}

TEST_CASE("an order cannot jump, and one that moved on is not changed by who saw it before") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  const auto made = shop.create(an_order()).value();
  CHECK(shop.desk.update(update_to("o1", ORDER_STATUS_DELIVERED), {}).error().kind == Kind::Conflict);
  CHECK(shop.desk.update(update_to("o9", ORDER_STATUS_SHIPPED), {}).error().kind == Kind::NotFound);
  CHECK(shop.desk.update(update_to("o1", ORDER_STATUS_UNSPECIFIED), {}).error().kind == Kind::Invalid);
  CHECK(shop.desk.update(update_to("o1", static_cast<OrderStatus>(99)), {}).error().kind == Kind::Invalid);
  const std::int64_t seen = made.order.revision;
  shop.desk.note_inventory("o1", "shelf 4", {}).value();
  CHECK(shop.desk.update(update_to("o1", ORDER_STATUS_PROCESSING), {.expected_revision = seen})
            .error()
            .kind == Kind::Stale);
  CHECK(shop.desk.update(update_to("o1", ORDER_STATUS_PROCESSING), {.expected_revision = seen + 1}));
}

TEST_CASE("a note with a key is written once, and another under the same key is refused") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  shop.create(an_order()).value();
  const Beside keyed{.idempotency_key = "n1"};
  CHECK(!shop.desk.note_inventory("o1", "sold", keyed).value().replayed);
  CHECK(shop.desk.note_inventory("o1", "sold", keyed).value().replayed);
  CHECK(shop.desk.note_inventory("o1", "given back", keyed).error().kind == Kind::KeyReused);
  CHECK(load_order(shop.store, "o1").revision == 3);
  CHECK(shop.desk.note_inventory("o9", "", {}).error().kind == Kind::NotFound);
}

TEST_CASE("a list is one user's, in pages that neither repeat nor leave out while orders come in") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {});
  for (int i = 0; i < 3; ++i) shop.create(an_order("u1")).value();
  shop.create(an_order("u2")).value();
  const std::string token = shop.desk.consistency_token();
  const auto first = shop.desk.list(orders_of("u1", 2), token).value();
  REQUIRE(first.orders.size() == 2);
  CHECK(first.orders[0].id() == "o1");
  shop.create(an_order("u1")).value();  // o5, while the reader is between two pages
  const auto second =
      shop.desk.list(orders_of("u1", 2, first.next_token), shop.desk.consistency_token()).value();
  REQUIRE(second.orders.size() == 2);
  CHECK(second.orders[0].id() == "o3");
  CHECK(second.orders[1].id() == "o5");
  CHECK(second.next_token.empty());
  auto cancelled = orders_of("u1");
  cancelled.set_status_filter(ORDER_STATUS_CANCELLED);
  CHECK(shop.desk.list(cancelled, token).value().orders.empty());
  CHECK(shop.desk.list(orders_of("u1", 2, "x"), "").error().kind == Kind::Invalid);
  CHECK(shop.desk.list(orders_of("u1"), "c1.zz").error().kind == Kind::Invalid);
  CHECK(shop.desk.list(orders_of("u1"), "c1.7fffffff").error().kind == Kind::Invalid);
}

TEST_CASE("with the view held back, a read with the token of a write sees it, by id and in a list") {
  const ScratchFile file;
  Process shop(file.path(), "v1", {}, std::chrono::hours(1));
  shop.create(an_order()).value();
  const std::string token = shop.desk.consistency_token();
  CHECK(shop.desk.list(orders_of("u1"), "").value().orders.empty());
  const auto seen = shop.desk.list(orders_of("u1"), token).value();
  REQUIRE(seen.orders.size() == 1);
  CHECK(seen.orders[0].status() == ORDER_STATUS_CONFIRMED);
  CHECK(shop.desk.get("o1", token).value().order.status() == ORDER_STATUS_CONFIRMED);
}

TEST_CASE(
    "what a process left open is gone on with by the one that comes after it, with the same commands") {
  const ScratchFile file;
  {
    Process before(file.path(), "v1", [](const StepCommand& command) -> std::optional<StepResult> {
      if (command.step == Step::Pay) return std::nullopt;
      return StepResult{};
    });
    before.desk.create(an_order(), {}, [](auto) {});
    while (before.what_was_asked().size() < 2) std::this_thread::yield();
  }
  Process after(file.path(), "v1", {});
  after.until_over("o1");
  CHECK(after.what_was_asked() == Texts{"process-payment/do"});
  CHECK(load_order(after.store, "o1").order.status() == ORDER_STATUS_CONFIRMED);
}

TEST_CASE("the sagas of a process that is gone are taken over when its lease has run out") {
  const ScratchFile file;
  std::int64_t fence_before = 0, fence_after = 0;
  {
    Process gone(file.path(), "v1", [&](const StepCommand& command) -> std::optional<StepResult> {
      fence_before = command.fence;
      return std::nullopt;
    });
    gone.desk.create(an_order(), {}, [](auto) {});
    while (gone.what_was_asked().empty()) std::this_thread::yield();
  }
  Process other(file.path(), "v2", [&](const StepCommand& command) -> std::optional<StepResult> {
    fence_after = command.fence;
    return StepResult{};
  });
  other.until_over("o1");
  CHECK(load_order(other.store, "o1").order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(fence_after > fence_before);
}

TEST_CASE(
    "a process that wakes from a pause longer than its lease does no harm, and works on under a new one") {
  const ScratchFile file;
  std::promise<void> wake;
  std::shared_future<void> awake = wake.get_future().share();
  std::atomic<bool> paused = false;
  Process sleeper(file.path(), "v1", [&](const StepCommand&) -> std::optional<StepResult> {
    if (!paused.exchange(true)) awake.wait();  // the scheduler's thread stops: no beat, no commit
    return StepResult{};
  });
  sleeper.desk.create(an_order(), {}, [](auto) {});
  while (!paused) std::this_thread::yield();
  Process other(file.path(), "v2", {});
  other.until_over("o1");
  wake.set_value();
  CHECK(sleeper.create(an_order("u2")).value().order.order.status() == ORDER_STATUS_CONFIRMED);
  CHECK(load_saga(other.store, "o1").phase == SagaPhase::Completed);
  int confirmed = 0;
  for (const auto& event : other.store.load("order/o1")) confirmed += event.type == "OrderConfirmed";
  CHECK(confirmed == 1);
}

TEST_CASE(
    "an undo that does not come through is parked and listed, and a retry that is asked for ends it") {
  const ScratchFile file;
  std::atomic<bool> works = false;
  Process shop(file.path(), "v1", [&](const StepCommand& command) -> std::optional<StepResult> {
    if (command.step == Step::Pay) return StepResult{Refused, "declined"};
    if (command.undo && !works) return StepResult{Unknown, "no answer"};
    return StepResult{};
  });
  ChangeFeed feed(shop.store, [&shop](const std::string& id) { shop.sagas.retried(id); });
  shop.desk.create(an_order(), {}, [](auto) {});
  while (shop.sagas_view.count_by_state()["FAILED"] == 0) std::this_thread::yield();
  const auto listed = shop.sagas_view.list("", 10);
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].order_id() == "o1");
  CHECK(listed[0].step() == "undo reserve-inventory");
  works = true;
  CHECK(ask_retry(shop.store, "o1"));
  shop.until_over("o1");
  CHECK(load_order(shop.store, "o1").order.status() == ORDER_STATUS_CANCELLED);
  CHECK(ask_retry(shop.store, "o1").error().kind == Kind::Conflict);
  CHECK(show_saga(shop.store, "o1").value().summary().state() == "COMPENSATED");
}
