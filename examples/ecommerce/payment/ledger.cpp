#include "payment/ledger.hpp"

#include <fmt/format.h>

#include <optional>

namespace shop {
namespace {

using enum LedgerError::Kind;
using namespace ecommerce::payment;

std::unexpected<LedgerError> refuse(LedgerError::Kind kind, std::string message) {
  return std::unexpected(LedgerError{kind, std::move(message)});
}

template <class Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const DatabaseError& error) {
    return refuse(Unavailable, error.what());
  }
}

std::optional<Payment> find(Database& database, const std::string& id,
                            std::string* command = nullptr) {
  Statement select(database, "SELECT body, command FROM payments WHERE id = ?");
  if (!select.text(id).step()) return std::nullopt;
  Payment payment;
  if (!payment.ParseFromString(select.text_at(0))) throw DatabaseError("a payment is unreadable");
  if (command) *command = select.text_at(1);
  return payment;
}

void put(Database& database, const Payment& payment, const std::string& command) {
  Statement(database, "INSERT OR REPLACE INTO payments(id, body, command) VALUES(?, ?, ?)")
      .text(payment.payment_id())
      .blob(payment.SerializeAsString())
      .text(command)
      .step();
}

// Empty when the charge is fine.
std::string why_declined(const ChargeRequest& request, std::int64_t limit) {
  if (request.user_id().starts_with("declined@")) return "declined: this user's payments are";
  if (request.amount() <= limit) return {};
  return fmt::format("declined: {} {} is over the limit of {}", request.amount(),
                     request.currency(), limit);
}

// The answer to a charge whose payment exists: what it was answered the first time.
LedgerResult<Payment> answer_again(const Payment& payment, const std::string& command,
                                   const ChargeRequest& request) {
  switch (payment.state()) {
    case PAYMENT_STATE_REFUNDED: return refuse(Declined, "declined: the payment was refunded");
    case PAYMENT_STATE_DECLINED: return refuse(Declined, payment.reason());
    default:
      if (command == request.command_id() && payment.amount() == request.amount() &&
          payment.currency() == request.currency() && payment.user_id() == request.user_id()) {
        return payment;
      }
      return refuse(CommandReused, "the payment was charged by another command");
  }
}

}  // namespace

Ledger::Ledger(const std::string& path, std::int64_t limit) : database_(path), limit_(limit) {
  database_.run(
      "CREATE TABLE IF NOT EXISTS payments("
      "id TEXT PRIMARY KEY, body BLOB NOT NULL, command TEXT NOT NULL) WITHOUT ROWID");
}

LedgerResult<Payment> Ledger::charge(const ChargeRequest& request) {
  if (request.command_id().empty() || request.payment_id().empty()) {
    return refuse(Invalid, "a command id and a payment id are needed");
  }
  if (request.amount() < 0) return refuse(Invalid, "the amount is negative");
  return guarded([&]() -> LedgerResult<Payment> {
    const std::lock_guard guard(lock_);
    Transaction transaction(database_);
    std::string command;
    if (const auto known = find(database_, request.payment_id(), &command)) {
      return answer_again(*known, command, request);
    }
    Payment payment;
    payment.set_payment_id(request.payment_id());
    payment.set_user_id(request.user_id());
    payment.set_amount(request.amount());
    payment.set_currency(request.currency());
    payment.set_reason(why_declined(request, limit_));
    const bool declined = !payment.reason().empty();
    payment.set_state(declined ? PAYMENT_STATE_DECLINED : PAYMENT_STATE_CHARGED);
    put(database_, payment, request.command_id());
    transaction.commit();
    if (declined) return refuse(Declined, payment.reason());
    return payment;
  });
}

LedgerResult<Payment> Ledger::refund(const RefundRequest& request) {
  if (request.command_id().empty() || request.payment_id().empty()) {
    return refuse(Invalid, "a command id and a payment id are needed");
  }
  return guarded([&]() -> LedgerResult<Payment> {
    const std::lock_guard guard(lock_);
    Transaction transaction(database_);
    Payment payment = find(database_, request.payment_id()).value_or(Payment{});
    if (payment.state() == PAYMENT_STATE_REFUNDED) return payment;
    payment.set_payment_id(request.payment_id());
    payment.set_state(PAYMENT_STATE_REFUNDED);
    put(database_, payment, request.command_id());
    transaction.commit();
    return payment;
  });
}

LedgerResult<Payment> Ledger::get(const std::string& id) {
  return guarded([&]() -> LedgerResult<Payment> {
    const std::lock_guard guard(lock_);
    auto payment = find(database_, id);
    if (!payment) return refuse(NotFound, "there is no payment " + id);
    return std::move(*payment);
  });
}

}  // namespace shop
