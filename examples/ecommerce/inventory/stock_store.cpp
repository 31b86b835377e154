#include "inventory/stock_store.hpp"

#include <fmt/format.h>

#include <future>
#include <optional>

namespace shop {
namespace {

using enum StockError::Kind;
using namespace ecommerce::inventory;
using Wanted = std::map<std::string, std::int64_t>;

struct Row {
  Reservation reservation;
  std::string command;  // the one that reserved it
  std::string reason;
  std::int64_t fence = 0;  // the largest seen for it
};

std::unexpected<StockError> refuse(StockError::Kind kind, std::string message) {
  return std::unexpected(StockError{kind, std::move(message)});
}

std::optional<Row> find(Database& database, const std::string& id) {
  Statement select(database, "SELECT body, command, reason, fence FROM reservations WHERE id = ?");
  if (!select.text(id).step()) return std::nullopt;
  Row row;
  if (!row.reservation.ParseFromString(select.text_at(0)))
    throw DatabaseError("a reservation is unreadable");
  row.command = select.text_at(1);
  row.reason = select.text_at(2);
  row.fence = select.number_at(3);
  return row;
}

void put(Database& database, const Row& row) {
  Statement(database,
            "INSERT INTO reservations(id, state, body, command, reason, fence, since) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, unixepoch()) ON CONFLICT(id) DO UPDATE SET "
            "state = ?2, body = ?3, command = ?4, reason = ?5, fence = max(fence, ?6)")
      .text(row.reservation.reservation_id())
      .number(row.reservation.state())
      .blob(row.reservation.SerializeAsString())
      .text(row.command)
      .text(row.reason)
      .number(row.fence)
      .step();
}

struct Change {
  std::int64_t available, reserved, sold;  // for each unit
};

void move(Database& database, const std::string& command, const Wanted& quantities, const Change& change) {
  for (const auto& [product, quantity] : quantities) {
    Statement(database,
              "INSERT INTO movements(command, product_id, available, reserved, sold) VALUES(?, ?, ?, ?, ?)")
        .text(command)
        .text(product)
        .number(change.available * quantity)
        .number(change.reserved * quantity)
        .number(change.sold * quantity)
        .step();
    Statement(database,
              "UPDATE stock SET available = available + ?2, reserved = reserved + ?3, sold = sold + ?4 "
              "WHERE product_id = ?1")
        .text(product)
        .number(change.available * quantity)
        .number(change.reserved * quantity)
        .number(change.sold * quantity)
        .step();
  }
}

Wanted quantities_of(const google::protobuf::RepeatedPtrField<StockLine>& lines) {
  Wanted wanted;  // at most int32's largest value a line, and a message has less than 2^31 lines
  for (const auto& line : lines) wanted[line.product_id()] += line.quantity();
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
      if (row.command == request.command_id() && same_lines(row.reservation, request)) {
        return row.reservation;
      }
      return refuse(CommandReused, "the reservation was made by another command");
  }
}

template <class Request>
std::optional<StockError> check(const Request& request) {
  if (!request.command_id().empty() && !request.reservation_id().empty()) return std::nullopt;
  return StockError{Invalid, "a command id and a reservation id are needed"};
}

std::optional<StockError> check_lines(const ReserveRequest& request) {
  for (const auto& line : request.lines()) {
    if (line.product_id().empty() || line.quantity() <= 0) {
      return StockError{Invalid, "a line needs a product and a positive quantity"};
    }
  }
  if (request.lines().empty()) return StockError{Invalid, "there is nothing to reserve"};
  return std::nullopt;
}

template <class Request>
std::optional<StockError> fenced(const std::optional<Row>& row, const Request& request) {
  if (!row || row->fence <= request.fence()) return std::nullopt;
  return StockError{Fenced, fmt::format("fence {} is older than {}: another process runs this saga now",
                                        request.fence(), row->fence)};
}

// Each returns the answer, and whether something was written.
struct Answer {
  StockResult<Reservation> result;
  bool wrote = false;
};

Answer reserve_in(Database& database, const ReserveRequest& request) {
  auto row = find(database, request.reservation_id());
  if (auto error = fenced(row, request)) return {std::unexpected(*error)};
  if (row) return {answer_again(*row, request)};
  Row made;
  made.command = request.command_id();
  made.fence = request.fence();
  made.reservation.set_reservation_id(request.reservation_id());
  *made.reservation.mutable_lines() = request.lines();
  const Wanted wanted = quantities_of(request.lines());
  made.reason = what_lacks(database, wanted);
  const bool lacks = !made.reason.empty();
  made.reservation.set_state(lacks ? RESERVATION_STATE_REFUSED : RESERVATION_STATE_HELD);
  put(database, made);
  if (lacks) return {refuse(Refused, made.reason), true};
  move(database, request.command_id(), wanted, {-1, 1, 0});
  return {made.reservation, true};
}

Answer release_in(Database& database, const ReleaseRequest& request) {
  auto found = find(database, request.reservation_id());
  if (auto error = fenced(found, request)) return {std::unexpected(*error)};
  Row row = found.value_or(Row{});
  const auto state = row.reservation.state();
  if (state == RESERVATION_STATE_RELEASED) return {row.reservation};
  const Wanted quantities = quantities_of(row.reservation.lines());
  if (state == RESERVATION_STATE_HELD) move(database, request.command_id(), quantities, {1, -1, 0});
  if (state == RESERVATION_STATE_COMMITTED) move(database, request.command_id(), quantities, {1, 0, -1});
  row.reservation.set_reservation_id(request.reservation_id());
  row.reservation.set_state(RESERVATION_STATE_RELEASED);
  row.fence = request.fence();
  put(database, row);
  return {row.reservation, true};
}

Answer commit_in(Database& database, const CommitRequest& request) {
  auto row = find(database, request.reservation_id());
  if (auto error = fenced(row, request)) return {std::unexpected(*error)};
  if (row && row->reservation.state() == RESERVATION_STATE_COMMITTED) return {row->reservation};
  if (!row || row->reservation.state() != RESERVATION_STATE_HELD) {
    return {refuse(Refused, "nothing is held under " + request.reservation_id())};
  }
  move(database, request.command_id(), quantities_of(row->reservation.lines()), {0, -1, 1});
  row->reservation.set_state(RESERVATION_STATE_COMMITTED);
  row->fence = request.fence();
  put(database, *row);
  return {row->reservation, true};
}

template <class Request>
void write(Writer& writer, const char* name, const Request& request, StockStore::Done done,
           Answer (*work)(Database&, const Request&)) {
  auto result = std::make_shared<StockResult<Reservation>>();
  writer.submit({[request, work, result](Database& database) {
                   Answer answer = work(database, request);
                   *result = std::move(answer.result);
                   return answer.wrote;
                 },
                 [result, done = std::move(done)](const std::optional<std::string>& error) {
                   if (error) return done(refuse(Unavailable, *error));
                   done(std::move(*result));
                 },
                 name});
}

}  // namespace

StockStore::StockStore(const std::string& path, const InitialStock& initial,
                       std::function<void(const std::string& why)> broken)
    : writer_(path, {.after_commit = {}, .broken = std::move(broken)}), reader_(path) {
  const auto error = writer_.run([&](Database& database) {
    database.run(R"(
      CREATE TABLE IF NOT EXISTS stock(
        product_id TEXT PRIMARY KEY, initial INTEGER NOT NULL,
        available INTEGER NOT NULL CHECK(available >= 0), reserved INTEGER NOT NULL CHECK(reserved >= 0),
        sold INTEGER NOT NULL CHECK(sold >= 0)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS reservations(
        id TEXT PRIMARY KEY, state INTEGER NOT NULL, body BLOB NOT NULL, command TEXT NOT NULL,
        reason TEXT NOT NULL, fence INTEGER NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS reservations_held ON reservations(since) WHERE state = 1;
      CREATE TABLE IF NOT EXISTS movements(
        command TEXT NOT NULL, product_id TEXT NOT NULL, available INTEGER NOT NULL,
        reserved INTEGER NOT NULL, sold INTEGER NOT NULL, PRIMARY KEY(command, product_id)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS inbox(position INTEGER PRIMARY KEY);)");
    for (const auto& [product, quantity] : initial) {
      Statement(database, "INSERT OR IGNORE INTO stock VALUES(?1, ?2, ?2, 0, 0)")
          .text(product)
          .number(quantity)
          .step();
    }
    return true;
  });
  if (error) throw DatabaseError(path + ": " + *error);
}

void StockStore::reserve(const ReserveRequest& request, Done done) {
  if (auto error = check(request)) return done(std::unexpected(*error));
  if (auto error = check_lines(request)) return done(std::unexpected(*error));
  write(writer_, "inventory-reserve", request, std::move(done), reserve_in);
}

void StockStore::release(const ReleaseRequest& request, Done done) {
  if (auto error = check(request)) return done(std::unexpected(*error));
  write(writer_, "inventory-release", request, std::move(done), release_in);
}

void StockStore::commit(const CommitRequest& request, Done done) {
  if (auto error = check(request)) return done(std::unexpected(*error));
  write(writer_, "inventory-commit", request, std::move(done), commit_in);
}

StockResult<void> StockStore::settle(std::int64_t position, const std::string& reservation_id, Settle how) {
  const auto error = writer_.run([&](Database& database) {
    Statement seen(database, "SELECT 1 FROM inbox WHERE position = ?");
    if (seen.number(position).step()) return false;
    Statement(database, "INSERT INTO inbox(position) VALUES(?)").number(position).step();
    const auto row = find(database, reservation_id);
    // The order has spoken, whoever ran its saga: its word counts as that of the newest fence. What was
    // released before stays so: the order was cancelled, and that event is on its way.
    const std::int64_t fence = row ? row->fence : 0;
    if (how == Settle::Commit) {
      CommitRequest request;
      request.set_command_id(reservation_id + "/commit");
      request.set_reservation_id(reservation_id);
      request.set_fence(fence);
      (void)commit_in(database, request);
    } else if (how == Settle::Release) {
      ReleaseRequest request;
      request.set_command_id(reservation_id + "/reserve-inventory/undo");
      request.set_reservation_id(reservation_id);
      request.set_fence(fence);
      (void)release_in(database, request);
    }
    return true;
  });
  if (error) return refuse(Unavailable, *error);
  return {};
}

std::int64_t StockStore::last_settled() {
  const std::lock_guard guard(reading_);
  return reader_.number("SELECT coalesce(max(position), 0) FROM inbox");
}

std::vector<std::string> StockStore::held_since_before(std::int64_t unix_seconds) {
  const std::lock_guard guard(reading_);
  Statement select(reader_, "SELECT id FROM reservations WHERE state = 1 AND since < ? LIMIT 100");
  select.number(unix_seconds);
  std::vector<std::string> ids;
  while (select.step()) ids.push_back(select.text_at(0));
  return ids;
}

StockResult<Stock> StockStore::stock(const std::string& product) {
  try {
    const std::lock_guard guard(reading_);
    Statement select(reader_, "SELECT available, reserved, sold FROM stock WHERE product_id = ?");
    if (!select.text(product).step()) return refuse(NotFound, "there is no product " + product);
    Stock stock;
    stock.set_product_id(product);
    stock.set_available(select.number_at(0));
    stock.set_reserved(select.number_at(1));
    stock.set_sold(select.number_at(2));
    return stock;
  } catch (const DatabaseError& error) {
    return refuse(Unavailable, error.what());
  }
}

}  // namespace shop
