#include "auditor.hpp"

#include <map>
#include <set>

#include "order/order_events.hpp"
#include "order/saga/saga_record.hpp"
#include "service/database.hpp"

using namespace shop;

namespace {

// Read-only eyes on one file.
class Eyes {
 public:
  explicit Eyes(const std::string& path) : database_(path, Database::Sync::Normal) {}
  std::int64_t number(const std::string& sql, const std::string& argument = "") {
    Statement select(database_, sql);
    if (sql.find('?') != std::string::npos) select.text(argument);
    return select.step() ? select.number_at(0) : 0;
  }
  std::vector<std::string> texts(const std::string& sql, const std::string& argument = "") {
    Statement select(database_, sql);
    if (sql.find('?') != std::string::npos) select.text(argument);
    std::vector<std::string> all;
    while (select.step()) all.push_back(select.text_at(0));
    return all;
  }
  std::vector<Event> events(const std::string& aggregate) {
    Statement select(
        database_,
        "SELECT position, aggregate, version, type, schema, at, body FROM events WHERE aggregate = ? "
        "ORDER BY version");
    select.text(aggregate);
    std::vector<Event> all;
    while (select.step()) {
      all.push_back({select.number_at(0), select.text_at(1), select.number_at(2), select.text_at(3),
                     static_cast<int>(select.number_at(4)), select.number_at(5), select.text_at(6)});
    }
    return all;
  }

 private:
  Database database_;
};

struct Files {
  explicit Files(const Shop& shop)
      : orders(shop.database("orders")),
        stock(shop.database("inventory")),
        payments(shop.database("payment")),
        cards(shop.database("payment") + "-card-network") {}
  Eyes orders, stock, payments, cards;
};

using Lines = std::vector<std::string>;

std::string text_of(ecommerce::orders::OrderStatus status) {
  return ecommerce::orders::OrderStatus_Name(status);
}

void check_saga(Files& files, const std::string& id, const OrderState& order, Lines& wrong) {
  SagaRecord saga;
  std::map<std::string, int> undone;
  int ended = 0;
  for (const auto& event : files.orders.events("saga/" + id)) {
    apply(saga, event.type, event.body);
    if (event.type == "SagaEnded") ++ended;
    if (event.type != "StepEnded") continue;
    ecommerce::events::StepEnded step;
    step.ParseFromString(event.body);
    if (step.undo() && step.outcome() == ecommerce::events::StepEnded::DONE) ++undone[step.step()];
  }
  if (!is_over(saga.phase)) wrong.push_back(id + ": its saga is " + name_of(saga.phase));
  const bool cancelled = order.order.status() == ecommerce::orders::ORDER_STATUS_CANCELLED;
  if (cancelled != (saga.phase == SagaPhase::Compensated)) {
    wrong.push_back(id + ": the order is " + text_of(order.order.status()) + ", its saga " +
                    name_of(saga.phase));
  }
  for (const Step step : {Step::Create, Step::Reserve, Step::Pay}) {
    const auto& at = saga.at(step);
    const int expected = cancelled && (at.done || (at.started && !at.refused)) ? 1 : 0;
    if (undone[name_of(step)] != expected) {
      wrong.push_back(id + ": " + name_of(step) + " was undone " + std::to_string(undone[name_of(step)]) +
                      " times, not " + std::to_string(expected));
    }
  }
}

void check_order(Files& files, const std::string& id, const OrderState& order, Lines& wrong) {
  const bool confirmed = order.order.status() != ecommerce::orders::ORDER_STATUS_CANCELLED &&
                         order.order.status() != ecommerce::orders::ORDER_STATUS_PENDING;
  if (order.order.status() == ecommerce::orders::ORDER_STATUS_PENDING)
    wrong.push_back(id + " is still PENDING");
  const auto expect = [&](const char* what, std::int64_t seen, std::int64_t expected) {
    if (seen != expected) {
      wrong.push_back(id + " (" + text_of(order.order.status()) + "): " + what + " is " +
                      std::to_string(seen) + ", not " + std::to_string(expected));
    }
  };
  const std::int64_t total = order.order.total().amount();
  expect(
      "the merchant's money for it",
      files.payments.number(
          "SELECT coalesce(sum(amount), 0) FROM entries WHERE account = 'merchant' AND payment_id = ?", id),
      confirmed ? total : 0);
  expect("the card network's charge for it",
         files.cards.number("SELECT coalesce(sum(amount), 0) FROM cards WHERE state = 1 AND key = ?", id),
         confirmed ? total : 0);
  std::map<std::string, std::int64_t> wanted;
  for (const auto& item : order.order.items()) wanted[item.product_id()] += item.quantity();
  std::int64_t pieces = 0;
  for (const auto& [product, quantity] : wanted) pieces += quantity;
  expect(
      "what was sold for it",
      files.stock.number("SELECT coalesce(sum(sold), 0) FROM movements WHERE command LIKE ? || '/%'", id),
      confirmed ? pieces : 0);
  expect("what is held for it",
         files.stock.number("SELECT coalesce(sum(reserved), 0) FROM movements WHERE command LIKE ? || '/%'",
                            id),
         0);
  for (const char* type : {"OrderCreated", "OrderConfirmed", "OrderCancelled"}) {
    int times = 0;
    for (const auto& event : files.orders.events("order/" + id)) times += event.type == type;
    if (times > 1) wrong.push_back(id + ": " + type + " " + std::to_string(times) + " times");
  }
  check_saga(files, id, order, wrong);
}

OrderState fold(Files& files, const std::string& id) {
  OrderState state;
  for (const auto& event : files.orders.events("order/" + id)) apply(state, event);
  return state;
}

void check_told(Files& files, const Placed& placed, Lines& wrong) {
  const OrderState order = fold(files, placed.id);
  if (order.revision == 0)
    return wrong.push_back(placed.id + " was answered " + placed.status + " and is lost");
  if (text_of(order.order.status()) != placed.status) {
    wrong.push_back(placed.id + " was answered " + placed.status + " and is " +
                    text_of(order.order.status()));
  }
}

}  // namespace

bool quiet(const Shop& shop, double seconds) {
  return wait_until(seconds, [&] {
    try {
      Eyes orders(shop.database("orders"));
      return orders.number("SELECT count(*) FROM claims") == 0 &&
             orders.number("SELECT coalesce(max(position), 0) FROM outbox") ==
                 orders.number("SELECT coalesce(min(position), 0) FROM subscribers");
    } catch (const DatabaseError&) {
      return false;
    }
  });
}

std::vector<std::string> audit_order(const Shop& shop, const Placed& placed) {
  Files files(shop);
  Lines wrong;
  check_told(files, placed, wrong);
  check_order(files, placed.id, fold(files, placed.id), wrong);
  return wrong;
}

std::vector<std::string> audit(const Shop& shop, const std::vector<Placed>& placed, Books* books) {
  Files files(shop);
  Lines wrong;
  Books counted;
  std::map<std::string, std::int64_t> sold;
  std::size_t hash = 0, again = 0;
  for (const auto& aggregate :
       files.orders.texts("SELECT DISTINCT aggregate FROM events WHERE aggregate LIKE 'order/%'")) {
    const std::string id = aggregate.substr(6);
    const OrderState order = fold(files, id);
    check_order(files, id, order, wrong);
    hash = hash * 31 + std::hash<std::string>()(order.order.SerializeAsString());
    again = again * 31 + std::hash<std::string>()(fold(files, id).order.SerializeAsString());
    if (order.order.status() == ecommerce::orders::ORDER_STATUS_CANCELLED) {
      ++counted.cancelled;
    } else if (order.order.status() == ecommerce::orders::ORDER_STATUS_PENDING) {
      ++counted.open;
    } else {
      ++counted.confirmed;
      counted.money += order.order.total().amount();
      for (const auto& item : order.order.items()) sold[item.product_id()] += item.quantity();
    }
  }
  const auto expect = [&](const std::string& what, std::int64_t seen, std::int64_t expected) {
    if (seen != expected)
      wrong.push_back(what + " is " + std::to_string(seen) + ", not " + std::to_string(expected));
  };
  if (hash != again) wrong.emplace_back("the log, read twice, makes two different states");
  expect("the sum of the ledger", files.payments.number("SELECT coalesce(sum(amount), 0) FROM entries"), 0);
  expect("the merchant's money",
         files.payments.number("SELECT coalesce(sum(amount), 0) FROM entries WHERE account = 'merchant'"),
         counted.money);
  expect("the card network's money",
         files.cards.number("SELECT coalesce(sum(amount), 0) FROM cards WHERE state = 1"), counted.money);
  expect("stock that was lost or made",
         files.stock.number("SELECT sum(initial - available - reserved - sold) FROM stock"), 0);
  expect("stock still held", files.stock.number("SELECT sum(reserved) FROM stock"), 0);
  for (const auto& product : files.stock.texts("SELECT product_id FROM stock")) {
    expect("sold of " + product, files.stock.number("SELECT sold FROM stock WHERE product_id = ?", product),
           sold[product]);
    expect("the movements of " + product,
           files.stock.number("SELECT coalesce(sum(sold), 0) FROM movements WHERE product_id = ?", product),
           sold[product]);
  }
  expect("sagas still claimed", files.orders.number("SELECT count(*) FROM claims"), 0);
  expect("orders made by a key that made another",
         files.orders.number("SELECT count(*) - count(DISTINCT scope || char(0) || key) FROM inbox"), 0);
  std::set<std::string> ids;
  for (const auto& order : placed) {
    check_told(files, order, wrong);
    if (!ids.insert(order.id).second) wrong.push_back(order.id + " was the answer to two keys");
  }
  if (books) *books = counted;
  return wrong;
}
