#include <doctest/doctest.h>

#include "inventory/stock_store.hpp"
#include "payment/ledger.hpp"
#include "scratch_file.hpp"

using shop::Ledger;
using shop::LedgerError;
using shop::StockError;
using shop::StockStore;

namespace {

ecommerce::inventory::ReserveRequest reserve(const std::string& id, std::int32_t quantity,
                                             const std::string& product = "sku-1") {
  ecommerce::inventory::ReserveRequest request;
  request.set_command_id(id + "/do");
  request.set_reservation_id(id);
  auto* line = request.add_lines();
  line->set_product_id(product);
  line->set_quantity(quantity);
  return request;
}

ecommerce::inventory::ReleaseRequest release(const std::string& id) {
  ecommerce::inventory::ReleaseRequest request;
  request.set_command_id(id + "/undo");
  request.set_reservation_id(id);
  return request;
}

ecommerce::payment::ChargeRequest charge(const std::string& id, std::int64_t amount,
                                         const std::string& user = "u1") {
  ecommerce::payment::ChargeRequest request;
  request.set_command_id(id + "/do");
  request.set_payment_id(id);
  request.set_user_id(user);
  request.set_amount(amount);
  request.set_currency("EUR");
  return request;
}

ecommerce::payment::RefundRequest refund(const std::string& id) {
  ecommerce::payment::RefundRequest request;
  request.set_command_id(id + "/undo");
  request.set_payment_id(id);
  return request;
}

}  // namespace

TEST_CASE("a reservation that arrives twice, at two replicas, holds back once") {
  const ScratchFile file;
  StockStore first(file.path(), {{"sku-1", 10}});
  StockStore second(file.path(), {{"sku-1", 10}});
  CHECK(first.reserve(reserve("o1", 4)));
  CHECK(second.reserve(reserve("o1", 4)));
  CHECK(first.stock("sku-1").value().available() == 6);
  CHECK(first.stock("sku-1").value().reserved() == 4);
}

TEST_CASE("a release puts the stock back to where it was, once") {
  const ScratchFile file;
  StockStore store(file.path(), {{"sku-1", 10}});
  CHECK(store.reserve(reserve("o1", 4)));
  CHECK(store.release(release("o1")));
  CHECK(store.release(release("o1")));
  CHECK(store.stock("sku-1").value().available() == 10);
  CHECK(store.stock("sku-1").value().reserved() == 0);
}

TEST_CASE(
    "too little stock refuses the whole reservation, and refuses it again when stock is back") {
  const ScratchFile file;
  StockStore store(file.path(), {{"sku-1", 5}, {"sku-2", 5}});
  CHECK(store.reserve(reserve("o1", 3)));
  auto both = reserve("o2", 1, "sku-2");
  *both.add_lines() = reserve("o2", 3).lines(0);
  CHECK(store.reserve(both).error().message == "3 of sku-1 wanted, 2 in stock");
  CHECK(store.stock("sku-2").value().available() == 5);
  CHECK(store.release(release("o1")));
  CHECK(store.reserve(both).error().kind == StockError::Kind::Refused);
}

TEST_CASE("two lines of one product count together") {
  const ScratchFile file;
  StockStore store(file.path(), {{"sku-1", 5}});
  auto twice = reserve("o1", 3);
  *twice.add_lines() = twice.lines(0);
  CHECK(store.reserve(twice).error().kind == StockError::Kind::Refused);
}

TEST_CASE("a release that overtakes its reservation wins") {
  const ScratchFile file;
  StockStore store(file.path(), {{"sku-1", 5}});
  CHECK(store.release(release("o1")));
  CHECK(store.reserve(reserve("o1", 1)).error().kind == StockError::Kind::Refused);
  CHECK(store.stock("sku-1").value().available() == 5);
}

TEST_CASE("a reservation id is not for two commands") {
  const ScratchFile file;
  StockStore store(file.path(), {{"sku-1", 5}});
  CHECK(store.reserve(reserve("o1", 1)));
  CHECK(store.reserve(reserve("o1", 2)).error().kind == StockError::Kind::CommandReused);
}

TEST_CASE("a restart keeps the stock that is left") {
  const ScratchFile file;
  CHECK(StockStore(file.path(), {{"sku-1", 5}}).reserve(reserve("o1", 5)));
  CHECK(StockStore(file.path(), {{"sku-1", 5}}).stock("sku-1").value().available() == 0);
}

TEST_CASE("what is declined: above the limit, or a declined user; and it stays declined") {
  struct Row {
    const char* user;
    std::int64_t amount;
    bool declined;
  };
  const ScratchFile file;
  Ledger ledger(file.path(), 1000);
  int id = 0;
  for (const Row& row : {Row{"u1", 1000, false}, Row{"u1", 1001, true}, Row{"declined@x", 1, true},
                         Row{"u1", 0, false}}) {
    CAPTURE(row.user);
    CAPTURE(row.amount);
    const auto request = charge("p" + std::to_string(++id), row.amount, row.user);
    for (int times = 0; times < 2; ++times) {
      const auto result = ledger.charge(request);
      CHECK(result.has_value() == !row.declined);
      if (row.declined) CHECK(result.error().kind == LedgerError::Kind::Declined);
    }
  }
}

TEST_CASE("a charge is refunded once, and a refund that overtakes its charge wins") {
  const ScratchFile file;
  Ledger ledger(file.path(), 1000);
  CHECK(ledger.charge(charge("p1", 10)));
  CHECK(ledger.refund(refund("p1")));
  CHECK(ledger.refund(refund("p1")).value().state() == ecommerce::payment::PAYMENT_STATE_REFUNDED);
  CHECK(ledger.charge(charge("p1", 10)).error().kind == LedgerError::Kind::Declined);
  CHECK(ledger.refund(refund("p2")));
  CHECK(ledger.charge(charge("p2", 10)).error().kind == LedgerError::Kind::Declined);
  CHECK(ledger.get("p9").error().kind == LedgerError::Kind::NotFound);
}

TEST_CASE("a payment id is not for two charges") {
  const ScratchFile file;
  Ledger ledger(file.path(), 1000);
  CHECK(ledger.charge(charge("p1", 10)));
  CHECK(ledger.charge(charge("p1", 11)).error().kind == LedgerError::Kind::CommandReused);
}
