#include "inventory/stock_store.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>

namespace shop {
namespace {

using enum StockError::Kind;
using namespace ecommerce::inventory;
using Wanted = std::map<std::string, std::int64_t>;

struct Row {
  Reservation reservation;
  std::string command;
  std::string reason;
};

std::unexpected<StockError> refuse(StockError::Kind kind, std::string message) {
  return std::unexpected(StockError{kind, std::move(message)});
}

template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const DatabaseError& error) {
    return refuse(Unavailable, error.what());
  }
}

std::optional<Row> find(Database& database, const std::string& id) {
  Statement select(database, "SELECT body, command, reason FROM reservations WHERE id = ?");
  if (!select.text(id).step()) return std::nullopt;
  Row row;
  if (!row.reservation.ParseFromString(select.text_at(0)))
    throw DatabaseError("a reservation is unreadable");
  row.command = select.text_at(1);
  row.reason = select.text_at(2);
  return row;
}

void put(Database& database, const Row& row) {
  Statement(database,
            "INSERT OR REPLACE INTO reservations(id, body, command, reason) VALUES(?, ?, ?, ?)")
      .text(row.reservation.reservation_id())
      .blob(row.reservation.SerializeAsString())
      .text(row.command)
      .text(row.reason)
      .step();
}

void move(Database& database, const std::string& product, std::int64_t quantity) {
  Statement(
      database,
      "UPDATE stock SET available = available - ?2, reserved = reserved + ?2 WHERE product_id = ?1")
      .text(product)
      .number(quantity)
      .step();
}

StockResult<Wanted> wanted_of(const google::protobuf::RepeatedPtrField<StockLine>& lines) {
  Wanted wanted;  // at most int32's largest value a line, and a message has less than 2^31 lines
  for (const auto& line : lines) {
    if (line.product_id().empty() || line.quantity() <= 0) {
      return refuse(Invalid, "a line needs a product and a positive quantity");
    }
    wanted[line.product_id()] += line.quantity();
  }
  if (wanted.empty()) return refuse(Invalid, "there is nothing to reserve");
  return wanted;
}

std::string what_lacks(Database& database, const Wanted& wanted) {
  for (const auto& [product, quantity] : wanted) {
    Statement select(database, "SELECT available FROM stock WHERE product_id = ?");
    if (!select.text(product).step()) return fmt::format("there is no product {}", product);
    const std::int64_t available = select.number_at(0);
    if (available < quantity) {
      return fmt::format("{} of {} wanted, {} in stock", quantity, product, available);
    }
  }
  return {};
}

bool same_lines(const Reservation& reservation, const ReserveRequest& request) {
  if (reservation.lines_size() != request.lines_size()) return false;
  for (int i = 0; i < request.lines_size(); ++i) {
    if (reservation.lines(i).product_id() != request.lines(i).product_id()) return false;
    if (reservation.lines(i).quantity() != request.lines(i).quantity()) return false;
  }
  return true;
}

// The answer to a reserve whose reservation exists: what it was answered the first time.
StockResult<Reservation> answer_again(const Row& row, const ReserveRequest& request) {
  switch (row.reservation.state()) {
    case RESERVATION_STATE_RELEASED: return refuse(Refused, "the reservation was released");
    case RESERVATION_STATE_REFUSED: return refuse(Refused, row.reason);
    default:
      if (row.command == request.command_id() && same_lines(row.reservation, request))
        return row.reservation;
      return refuse(CommandReused, "the reservation was made by another command");
  }
}

}  // namespace

StockStore::StockStore(const std::string& path, const InitialStock& initial) : database_(path) {
  Transaction transaction(database_);
  database_.run(R"(
    CREATE TABLE IF NOT EXISTS stock(
      product_id TEXT PRIMARY KEY, available INTEGER NOT NULL CHECK(available >= 0),
      reserved INTEGER NOT NULL CHECK(reserved >= 0)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS reservations(
      id TEXT PRIMARY KEY, body BLOB NOT NULL, command TEXT NOT NULL,
      reason TEXT NOT NULL) WITHOUT ROWID;)");
  for (const auto& [product, quantity] : initial) {
    Statement(database_, "INSERT OR IGNORE INTO stock VALUES(?, ?, 0)")
        .text(product)
        .number(quantity)
        .step();
  }
  transaction.commit();
}

StockResult<Reservation> StockStore::reserve(const ReserveRequest& request) {
  if (request.command_id().empty() || request.reservation_id().empty()) {
    return refuse(Invalid, "a command id and a reservation id are needed");
  }
  const auto wanted = wanted_of(request.lines());
  if (!wanted) return std::unexpected(wanted.error());
  return guarded([&]() -> StockResult<Reservation> {
    const std::lock_guard guard(lock_);
    Transaction transaction(database_);
    if (const auto row = find(database_, request.reservation_id()))
      return answer_again(*row, request);
    Row row;
    row.command = request.command_id();
    row.reservation.set_reservation_id(request.reservation_id());
    *row.reservation.mutable_lines() = request.lines();
    row.reason = what_lacks(database_, *wanted);
    const bool refused = !row.reason.empty();
    row.reservation.set_state(refused ? RESERVATION_STATE_REFUSED : RESERVATION_STATE_HELD);
    if (!refused) {
      for (const auto& [product, quantity] : *wanted) move(database_, product, quantity);
    }
    put(database_, row);
    transaction.commit();
    if (refused) return refuse(Refused, row.reason);
    return row.reservation;
  });
}

StockResult<Reservation> StockStore::release(const ReleaseRequest& request) {
  if (request.command_id().empty() || request.reservation_id().empty()) {
    return refuse(Invalid, "a command id and a reservation id are needed");
  }
  return guarded([&]() -> StockResult<Reservation> {
    const std::lock_guard guard(lock_);
    Transaction transaction(database_);
    Row row = find(database_, request.reservation_id()).value_or(Row{});
    if (row.reservation.state() == RESERVATION_STATE_RELEASED) return row.reservation;
    if (row.reservation.state() == RESERVATION_STATE_HELD) {
      for (const auto& line : row.reservation.lines())
        move(database_, line.product_id(), -line.quantity());
    }
    row.reservation.set_reservation_id(request.reservation_id());
    row.reservation.set_state(RESERVATION_STATE_RELEASED);
    row.command = request.command_id();
    put(database_, row);
    transaction.commit();
    return row.reservation;
  });
}

StockResult<Stock> StockStore::stock(const std::string& product) {
  return guarded([&]() -> StockResult<Stock> {
    const std::lock_guard guard(lock_);
    Statement select(database_, "SELECT available, reserved FROM stock WHERE product_id = ?");
    if (!select.text(product).step()) return refuse(NotFound, "there is no product " + product);
    Stock stock;
    stock.set_product_id(product);
    stock.set_available(select.number_at(0));
    stock.set_reserved(select.number_at(1));
    return stock;
  });
}

}  // namespace shop
