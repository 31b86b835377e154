#pragma once
// Payments in SQLite. Owned by main(); any thread may call it, under one lock.
//
//   (none) --charge--> CHARGED --refund--> REFUNDED
//      \--charge, declined--> DECLINED
//      \--refund, nothing charged--> REFUNDED: a late charge is declined
#include <expected>
#include <mutex>
#include <string>

#include "payment_service.pb.h"
#include "service/database.hpp"

namespace shop {

struct LedgerError {
  enum class Kind { Invalid, NotFound, Declined, CommandReused, Unavailable };
  Kind kind;
  std::string message;
};

template <class T>
using LedgerResult = std::expected<T, LedgerError>;

class Ledger {
 public:
  using Payment = ecommerce::payment::Payment;

  // Declines what is above the limit (minor units), and users whose name begins with "declined@".
  Ledger(const std::string& path, std::int64_t limit);

  [[nodiscard]] LedgerResult<Payment> charge(const ecommerce::payment::ChargeRequest& request);
  [[nodiscard]] LedgerResult<Payment> refund(const ecommerce::payment::RefundRequest& request);
  [[nodiscard]] LedgerResult<Payment> get(const std::string& id);

 private:
  std::mutex lock_;
  Database database_;
  std::int64_t limit_;
};

}  // namespace shop
