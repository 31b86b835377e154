#pragma once
// Payments and their ledger, in SQLite. Owned by main(); any thread may call it, the answer comes on the
// writer's thread after the disk has it.
//
//   (none) --charge--> PENDING --the network approves--> CHARGED --refund--> REFUNDED
//      |                  \--declines--> DECLINED
//      \--refund, nothing charged--> REFUNDED: a late charge is declined
//
// PENDING is written before the card network is asked, so that a crash leaves a question, never a charge
// that nobody knows of. The ledger is double entry: each change is two entries under its command's id
// that add up to zero, so that the whole always balances and no command counts twice.
#include <expected>
#include <functional>
#include <string>

#include "payment/card_network.hpp"
#include "payment_service.pb.h"
#include "service/work_pool.hpp"
#include "store/writer.hpp"

namespace shop {

struct LedgerError {
  enum class Kind { Invalid, NotFound, Declined, CommandReused, Fenced, Unavailable };
  Kind kind;
  std::string message;
};

template <class T>
using LedgerResult = std::expected<T, LedgerError>;

class Ledger {
 public:
  using Payment = ecommerce::payment::Payment;
  using Done = std::function<void(LedgerResult<Payment>)>;

  // The network is asked on the pool's threads: it may take its time.
  Ledger(const std::string& path, CardNetwork& network, WorkPool& pool,
         std::function<void(const std::string& why)> broken = {});

  void charge(const ecommerce::payment::ChargeRequest& request, Done done);
  void refund(const ecommerce::payment::RefundRequest& request, Done done);
  [[nodiscard]] LedgerResult<Payment> get(const std::string& id);
  // The sum over all entries: 0.
  [[nodiscard]] std::int64_t balance();

 private:
  void ask_network(const ecommerce::payment::ChargeRequest& request, Done done);
  void network_answered(const ecommerce::payment::ChargeRequest& request, CardNetwork::Reply reply,
                        Done done);
  void cancel_at_network(const ecommerce::payment::RefundRequest& request, Done done);
  void write(const char* name, std::function<bool(Database&, LedgerResult<Payment>&)> work, Done done);

  CardNetwork& network_;
  WorkPool& pool_;
  Writer writer_;
  std::mutex reading_;
  Database reader_;
};

}  // namespace shop
