#pragma once
// Stock, what is held back of it and what is sold, in one SQLite file that all replicas share. Owned by
// main(); any thread may call it, the answer comes on the writer's thread after the disk has it.
//
//   (none) --reserve--> HELD --commit--> COMMITTED
//      |                  \--release--> RELEASED <--release-- COMMITTED (the order was cancelled later)
//      |--reserve, too little stock--> REFUSED
//      \--release, nothing held--> RELEASED: a late reserve is refused
//
// Every change of stock is a row of `movements` under its command's id, so that no command can have its
// effect twice; stock is what it was at first plus all movements.
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "inventory_service.pb.h"
#include "store/writer.hpp"

namespace shop {

struct StockError {
  enum class Kind { Invalid, NotFound, Refused, CommandReused, Fenced, Unavailable };
  Kind kind;
  std::string message;
};

template <class T>
using StockResult = std::expected<T, StockError>;

class StockStore {
 public:
  using Reservation = ecommerce::inventory::Reservation;
  using InitialStock = std::map<std::string, std::int64_t>;
  using Done = std::function<void(StockResult<Reservation>)>;

  // A product that the database knows already keeps its stock.
  StockStore(const std::string& path, const InitialStock& initial,
             std::function<void(const std::string& why)> broken = {});

  void reserve(const ecommerce::inventory::ReserveRequest& request, Done done);
  void release(const ecommerce::inventory::ReleaseRequest& request, Done done);
  void commit(const ecommerce::inventory::CommitRequest& request, Done done);
  [[nodiscard]] StockResult<ecommerce::inventory::Stock> stock(const std::string& product);

  // What an event of the orders' bus means for a reservation, if anything.
  enum class Settle { Nothing, Commit, Release };
  // Once for each position: the inbox remembers. Answers when the disk has it.
  [[nodiscard]] StockResult<void> settle(std::int64_t position, const std::string& reservation_id,
                                         Settle how);
  [[nodiscard]] std::int64_t last_settled();
  // Held for longer than this: whose order has to be asked.
  [[nodiscard]] std::vector<std::string> held_since_before(std::int64_t unix_seconds);

 private:
  Writer writer_;
  std::mutex reading_;
  Database reader_;
};

}  // namespace shop
