#include <doctest/doctest.h>

#include <future>

#include "inventory/stock_store.hpp"
#include "payment/ledger.hpp"
#include "scratch_file.hpp"

using namespace shop;
using namespace ecommerce::inventory;
using namespace ecommerce::payment;

namespace {

ReserveRequest reserve(const std::string& id, std::int32_t quantity, const std::string& product = "sku-1") {
  ReserveRequest request;
  request.set_command_id(id + "/do");
  request.set_reservation_id(id);
  auto* line = request.add_lines();
  line->set_product_id(product);
  line->set_quantity(quantity);
  return request;
}

ReleaseRequest release(const std::string& id, std::int64_t fence = 0) {
  ReleaseRequest request;
  request.set_command_id(id + "/undo");
  request.set_reservation_id(id);
  request.set_fence(fence);
  return request;
}

// The stores answer on their writer's thread; a test waits for it.
struct Shelves {
  explicit Shelves(const std::string& path, const StockStore::InitialStock& initial = {{"sku-1", 10}})
      : store(path, initial) {}

  StockResult<Reservation> reserve(const ReserveRequest& request) {
    return wait([&](auto done) { store.reserve(request, done); });
  }
  StockResult<Reservation> release(const ReleaseRequest& request) {
    return wait([&](auto done) { store.release(request, done); });
  }
  std::vector<std::int64_t> now(const std::string& product = "sku-1") {
    const auto stock = store.stock(product).value();
    return {stock.available(), stock.reserved(), stock.sold()};
  }
  template <class Call>
  static StockResult<Reservation> wait(Call call) {
    std::promise<StockResult<Reservation>> promise;
    call([&promise](StockResult<Reservation> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  StockStore store;
};
using Counts = std::vector<std::int64_t>;

ChargeRequest charge(const std::string& id, std::int64_t amount, const std::string& user = "u1",
                     std::int64_t fence = 0) {
  ChargeRequest request;
  request.set_command_id(id + "/do");
  request.set_payment_id(id);
  request.set_user_id(user);
  request.set_amount(amount);
  request.set_currency("EUR");
  request.set_fence(fence);
  return request;
}

RefundRequest refund(const std::string& id, std::int64_t fence = 0) {
  RefundRequest request;
  request.set_command_id(id + "/undo");
  request.set_payment_id(id);
  request.set_fence(fence);
  return request;
}

struct Payments {
  explicit Payments(const std::string& path, std::function<void(std::chrono::milliseconds)> wait_late = {})
      : network(path + "-network", {.limit = 1000, .wait = std::move(wait_late)}),
        ledger(path, network, pool) {}

  LedgerResult<Payment> charge(const ChargeRequest& request) {
    return wait([&](auto done) { ledger.charge(request, done); });
  }
  LedgerResult<Payment> refund(const RefundRequest& request) {
    return wait([&](auto done) { ledger.refund(request, done); });
  }
  template <class Call>
  static LedgerResult<Payment> wait(Call call) {
    std::promise<LedgerResult<Payment>> promise;
    call([&promise](LedgerResult<Payment> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  // What the merchant has; the whole is checked to balance.
  std::int64_t merchant(const std::string& path) {
    CHECK(ledger.balance() == 0);
    return Database(path).number("SELECT coalesce(sum(amount), 0) FROM entries WHERE account = 'merchant'");
  }
  CardNetwork network;
  WorkPool pool{4, 100};
  Ledger ledger;
};

std::int64_t at_network(const std::string& path) {
  return Database(path + "-network").number("SELECT coalesce(sum(amount), 0) FROM cards WHERE state = 1");
}

}  // namespace

TEST_CASE("a reservation that arrives twice, at two replicas, holds back once") {
  const ScratchFile file;
  Shelves first(file.path()), second(file.path());
  CHECK(first.reserve(reserve("o1", 4)));
  CHECK(second.reserve(reserve("o1", 4)));
  CHECK(first.now() == Counts{6, 4, 0});
}

TEST_CASE("a release puts the stock back to where it was, once") {
  const ScratchFile file;
  Shelves stock(file.path());
  CHECK(stock.reserve(reserve("o1", 4)));
  CHECK(stock.release(release("o1")));
  CHECK(stock.release(release("o1")));
  CHECK(stock.now() == Counts{10, 0, 0});
}

TEST_CASE("too little stock refuses the whole reservation, and refuses it again when stock is back") {
  const ScratchFile file;
  Shelves stock(file.path(), {{"sku-1", 5}, {"sku-2", 5}});
  CHECK(stock.reserve(reserve("o1", 3)));
  auto both = reserve("o2", 1, "sku-2");
  *both.add_lines() = reserve("o2", 3).lines(0);
  CHECK(stock.reserve(both).error().message == "3 of sku-1 wanted, 2 in stock");
  CHECK(stock.now("sku-2") == Counts{5, 0, 0});
  CHECK(stock.release(release("o1")));
  CHECK(stock.reserve(both).error().kind == StockError::Kind::Refused);
}

TEST_CASE("two lines of one product count together; a line without a quantity, or no line, is invalid") {
  const ScratchFile file;
  Shelves stock(file.path(), {{"sku-1", 5}});
  auto twice = reserve("o1", 3);
  *twice.add_lines() = twice.lines(0);
  CHECK(stock.reserve(twice).error().kind == StockError::Kind::Refused);
  CHECK(stock.reserve(reserve("o2", 0)).error().kind == StockError::Kind::Invalid);
  auto none = reserve("o3", 1);
  none.clear_lines();
  CHECK(stock.reserve(none).error().kind == StockError::Kind::Invalid);
}

TEST_CASE("a release that overtakes its reservation wins") {
  const ScratchFile file;
  Shelves stock(file.path());
  CHECK(stock.release(release("o1")));
  CHECK(stock.reserve(reserve("o1", 1)).error().kind == StockError::Kind::Refused);
  CHECK(stock.now() == Counts{10, 0, 0});
}

TEST_CASE("a reservation id is not for two commands, and a restart keeps the stock that is left") {
  const ScratchFile file;
  {
    Shelves stock(file.path());
    CHECK(stock.reserve(reserve("o1", 1)));
    CHECK(stock.reserve(reserve("o1", 2)).error().kind == StockError::Kind::CommandReused);
  }
  CHECK(Shelves(file.path()).now() == Counts{9, 1, 0});
}

TEST_CASE("a command under a fence older than one that was seen is refused, and does nothing") {
  const ScratchFile file;
  Shelves stock(file.path());
  auto first = reserve("o1", 1);
  first.set_fence(5);
  CHECK(stock.reserve(first));
  CHECK(stock.release(release("o1", 4)).error().kind == StockError::Kind::Fenced);
  CHECK(stock.now() == Counts{9, 1, 0});
  CHECK(stock.release(release("o1", 6)));
  CHECK(stock.reserve(first).error().kind == StockError::Kind::Fenced);
}

TEST_CASE("events of the bus, twice and in the wrong order, settle a reservation once") {
  const ScratchFile file;
  Shelves stock(file.path());
  using Settle = StockStore::Settle;
  CHECK(stock.reserve(reserve("o1", 4)));
  CHECK(stock.store.settle(7, "o1", Settle::Commit));
  CHECK(stock.store.settle(7, "o1", Settle::Commit));
  CHECK(stock.now() == Counts{6, 0, 4});
  CHECK(stock.store.settle(9, "o1", Settle::Release));
  CHECK(stock.store.settle(9, "o1", Settle::Release));
  CHECK(stock.now() == Counts{10, 0, 0});
  CHECK(stock.reserve(reserve("o2", 2)));
  CHECK(stock.store.settle(12, "o2", Settle::Release));
  CHECK(stock.store.settle(11, "o2", Settle::Commit));  // late: the order was cancelled after it
  CHECK(stock.now() == Counts{10, 0, 0});
  CHECK(stock.store.last_settled() == 12);
}

TEST_CASE("what is held for too long is known, and what is settled is not held") {
  const ScratchFile file;
  Shelves stock(file.path());
  CHECK(stock.reserve(reserve("o1", 1)));
  CHECK(stock.reserve(reserve("o2", 1)));
  CHECK(stock.store.settle(1, "o2", StockStore::Settle::Commit));
  constexpr std::int64_t end_of_time = 1LL << 40;
  CHECK(stock.store.held_since_before(end_of_time) == std::vector<std::string>{"o1"});
  CHECK(stock.store.held_since_before(0).empty());
}

TEST_CASE("what is declined: above the limit, or a declined user; and it stays declined") {
  struct Row {
    const char* user;
    std::int64_t amount;
    bool declined;
  };
  const ScratchFile file;
  Payments payments(file.path());
  int id = 0;
  for (const Row& row :
       {Row{"u1", 1000, false}, Row{"u1", 1001, true}, Row{"declined@x", 1, true}, Row{"u1", 0, false}}) {
    CAPTURE(row.user);
    CAPTURE(row.amount);
    const auto request = charge("p" + std::to_string(++id), row.amount, row.user);
    for (int times = 0; times < 2; ++times) {
      const auto result = payments.charge(request);
      CHECK(result.has_value() == !row.declined);
      if (row.declined) CHECK(result.error().kind == LedgerError::Kind::Declined);
    }
  }
  CHECK(payments.merchant(file.path()) == 1000);
  CHECK(at_network(file.path()) == 1000);
}

TEST_CASE("a charge is refunded once, and a refund that overtakes its charge wins") {
  const ScratchFile file;
  Payments payments(file.path());
  CHECK(payments.charge(charge("p1", 10)));
  CHECK(payments.merchant(file.path()) == 10);
  CHECK(payments.refund(refund("p1")));
  CHECK(payments.refund(refund("p1")).value().state() == PAYMENT_STATE_REFUNDED);
  CHECK(payments.charge(charge("p1", 10)).error().kind == LedgerError::Kind::Declined);
  CHECK(payments.refund(refund("p2")));
  CHECK(payments.charge(charge("p2", 10)).error().kind == LedgerError::Kind::Declined);
  CHECK(payments.ledger.get("p9").error().kind == LedgerError::Kind::NotFound);
  CHECK(payments.merchant(file.path()) == 0);
  CHECK(at_network(file.path()) == 0);
}

TEST_CASE("a payment id is not for two charges, and an older fence is refused") {
  const ScratchFile file;
  Payments payments(file.path());
  CHECK(payments.charge(charge("p1", 10, "u1", 5)));
  CHECK(payments.charge(charge("p1", 11, "u1", 5)).error().kind == LedgerError::Kind::CommandReused);
  CHECK(payments.charge(charge("p1", 10, "u1", 4)).error().kind == LedgerError::Kind::Fenced);
  CHECK(payments.refund(refund("p1", 4)).error().kind == LedgerError::Kind::Fenced);
  CHECK(payments.merchant(file.path()) == 10);
}

TEST_CASE("an answer of the card network that is lost is unknown: asked again, the card is charged once") {
  const ScratchFile file;
  Payments payments(file.path());
  const auto request = charge("p1", 10, "lost@x");
  CHECK(payments.charge(request).error().kind == LedgerError::Kind::Unavailable);
  CHECK(payments.ledger.get("p1")->state() == PAYMENT_STATE_PENDING);
  CHECK(payments.charge(request));
  CHECK(payments.merchant(file.path()) == 10);
  CHECK(at_network(file.path()) == 10);
}

TEST_CASE(
    "a charge whose outcome stays unknown is refunded at the network, though the ledger knows of none") {
  const ScratchFile file;
  Payments payments(file.path());
  CHECK(!payments.charge(charge("p1", 10, "dead@x")));
  CHECK(at_network(file.path()) == 10);
  CHECK(payments.refund(refund("p1")));
  CHECK(at_network(file.path()) == 0);
  CHECK(payments.merchant(file.path()) == 0);
}

TEST_CASE("an approval that comes after the refund moves no money") {
  const ScratchFile file;
  std::promise<void> asked, go_on;
  Payments payments(file.path(), [&](auto) {
    asked.set_value();
    go_on.get_future().wait();
  });
  std::promise<LedgerResult<Payment>> late;
  payments.ledger.charge(charge("p1", 10, "late@x"),
                         [&late](auto result) { late.set_value(std::move(result)); });
  asked.get_future().wait();
  CHECK(payments.refund(refund("p1")));
  go_on.set_value();
  CHECK(late.get_future().get().error().kind == LedgerError::Kind::Declined);
  CHECK(payments.merchant(file.path()) == 0);
  CHECK(at_network(file.path()) == 0);
}
