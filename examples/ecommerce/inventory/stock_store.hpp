#pragma once
// Stock and what is held back of it, in one SQLite file that all replicas share. Owned by main();
// any thread may call it, under one lock.
//
//   (none) --reserve--> HELD --release--> RELEASED
//      \--reserve, too little stock--> REFUSED
//      \--release, nothing held--> RELEASED: a late reserve is refused
#include <expected>
#include <map>
#include <mutex>
#include <string>

#include "inventory_service.pb.h"
#include "service/database.hpp"

namespace shop {

struct StockError {
  enum class Kind { Invalid, NotFound, Refused, CommandReused, Unavailable };
  Kind kind;
  std::string message;
};

template <class T>
using StockResult = std::expected<T, StockError>;

class StockStore {
 public:
  using Reservation = ecommerce::inventory::Reservation;
  using InitialStock = std::map<std::string, std::int64_t>;

  // Products that the database knows already keep their stock.
  StockStore(const std::string& path, const InitialStock& initial);

  [[nodiscard]] StockResult<Reservation> reserve(
      const ecommerce::inventory::ReserveRequest& request);
  [[nodiscard]] StockResult<Reservation> release(
      const ecommerce::inventory::ReleaseRequest& request);
  [[nodiscard]] StockResult<ecommerce::inventory::Stock> stock(const std::string& product);

 private:
  std::mutex lock_;
  Database database_;
};

}  // namespace shop
