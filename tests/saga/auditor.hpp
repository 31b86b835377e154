#pragma once
// Looks into the books of all three services and of the card network, by SQL of its own, and says what
// does not add up. It knows no service's code but the reading of an order from its events.
#include <string>
#include <vector>

#include "shop.hpp"

struct Books {
  int confirmed = 0, cancelled = 0, open = 0;  // orders
  std::int64_t money = 0;                      // of the confirmed ones
};

// Everything is over: no saga open, every event acknowledged. False when that takes longer.
[[nodiscard]] bool quiet(const Shop& shop, double seconds);
// The lines that say what is wrong; none when all is right. `placed` is what clients were told.
[[nodiscard]] std::vector<std::string> audit(const Shop& shop, const std::vector<Placed>& placed,
                                             Books* books = nullptr);
// Of one order only: for after each cell.
[[nodiscard]] std::vector<std::string> audit_order(const Shop& shop, const Placed& placed);
