#include "payment/ledger.hpp"

#include <fmt/format.h>

#include <optional>

namespace shop {
namespace {

using enum LedgerError::Kind;
using namespace ecommerce::payment;

struct Row {
  Payment payment;
  std::string command;  // the one that charged it
  std::int64_t fence = 0;
};

std::unexpected<LedgerError> refuse(LedgerError::Kind kind, std::string message) {
  return std::unexpected(LedgerError{kind, std::move(message)});
}

std::optional<Row> find(Database& database, const std::string& id) {
  Statement select(database, "SELECT body, command, fence FROM payments WHERE id = ?");
  if (!select.text(id).step()) return std::nullopt;
  Row row;
  if (!row.payment.ParseFromString(select.text_at(0))) throw DatabaseError("a payment is unreadable");
  row.command = select.text_at(1);
  row.fence = select.number_at(2);
  return row;
}

void put(Database& database, const Row& row) {
  Statement(database,
            "INSERT INTO payments(id, state, body, command, fence) VALUES(?1, ?2, ?3, ?4, ?5) "
            "ON CONFLICT(id) DO UPDATE SET state = ?2, body = ?3, command = ?4, fence = max(fence, ?5)")
      .text(row.payment.payment_id())
      .number(row.payment.state())
      .blob(row.payment.SerializeAsString())
      .text(row.command)
      .number(row.fence)
      .step();
}

// From one account to another.
void transfer(Database& database, const std::string& command, const Payment& payment, const char* from,
              const char* to) {
  for (const auto& [account, amount] :
       {std::pair{from, -payment.amount()}, std::pair{to, payment.amount()}}) {
    Statement(database,
              "INSERT INTO entries(command, account, payment_id, amount, currency) VALUES(?, ?, ?, ?, ?)")
        .text(command)
        .text(account)
        .text(payment.payment_id())
        .number(amount)
        .text(payment.currency())
        .step();
  }
}

constexpr const char* card_holders = "card-holders";
constexpr const char* merchant = "merchant";

bool same_charge(const Row& row, const ChargeRequest& request) {
  return row.command == request.command_id() && row.payment.amount() == request.amount() &&
         row.payment.currency() == request.currency() && row.payment.user_id() == request.user_id();
}

std::optional<LedgerError> fenced(const std::optional<Row>& row, std::int64_t fence) {
  if (!row || row->fence <= fence) return std::nullopt;
  return LedgerError{Fenced, fmt::format("fence {} is older than {}: another process runs this saga now",
                                         fence, row->fence)};
}

// What a charge of a payment that exists is answered; nothing when it is still to be asked of the network.
std::optional<LedgerResult<Payment>> known_answer(const Row& row, const ChargeRequest& request) {
  switch (row.payment.state()) {
    case PAYMENT_STATE_REFUNDED: return refuse(Declined, "declined: the payment was refunded");
    case PAYMENT_STATE_DECLINED: return refuse(Declined, row.payment.reason());
    default: break;
  }
  if (!same_charge(row, request))
    return refuse(CommandReused, "the payment was charged by another command");
  if (row.payment.state() == PAYMENT_STATE_CHARGED) return row.payment;
  return std::nullopt;
}

}  // namespace

Ledger::Ledger(const std::string& path, CardNetwork& network, WorkPool& pool,
               std::function<void(const std::string& why)> broken)
    : network_(network),
      pool_(pool),
      writer_(path, {.after_commit = {}, .broken = std::move(broken)}),
      reader_(path) {
  const auto error = writer_.run([](Database& database) {
    database.run(R"(
      CREATE TABLE IF NOT EXISTS payments(
        id TEXT PRIMARY KEY, state INTEGER NOT NULL, body BLOB NOT NULL, command TEXT NOT NULL,
        fence INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS entries(
        command TEXT NOT NULL, account TEXT NOT NULL, payment_id TEXT NOT NULL, amount INTEGER NOT NULL,
        currency TEXT NOT NULL, PRIMARY KEY(command, account)) WITHOUT ROWID;)");
    return true;
  });
  if (error) throw DatabaseError(path + ": " + *error);
}

void Ledger::write(const char* name, std::function<bool(Database&, LedgerResult<Payment>&)> work,
                   Done done) {
  auto result = std::make_shared<LedgerResult<Payment>>();
  writer_.submit({[work = std::move(work), result](Database& database) { return work(database, *result); },
                  [result, done = std::move(done)](const std::optional<std::string>& error) {
                    if (error) return done(refuse(Unavailable, *error));
                    done(std::move(*result));
                  },
                  name});
}

void Ledger::charge(const ChargeRequest& request, Done done) {
  if (request.command_id().empty() || request.payment_id().empty()) {
    return done(refuse(Invalid, "a command id and a payment id are needed"));
  }
  if (request.amount() < 0) return done(refuse(Invalid, "the amount is negative"));
  auto to_ask = std::make_shared<bool>(false);
  write(
      "payment-charge",
      [request, to_ask](Database& database, LedgerResult<Payment>& result) {
        const auto known = find(database, request.payment_id());
        if (auto error = fenced(known, request.fence())) {
          result = std::unexpected(*error);
          return false;
        }
        if (known) {
          if (auto answer = known_answer(*known, request)) {
            result = std::move(*answer);
            return false;
          }
        }
        *to_ask = true;
        if (known && known->fence == request.fence()) return false;
        Row row{{}, request.command_id(), request.fence()};
        row.payment.set_payment_id(request.payment_id());
        row.payment.set_user_id(request.user_id());
        row.payment.set_amount(request.amount());
        row.payment.set_currency(request.currency());
        row.payment.set_state(PAYMENT_STATE_PENDING);
        put(database, row);
        return true;
      },
      [this, request, to_ask, done = std::move(done)](LedgerResult<Payment> result) {
        if (!result || !*to_ask) return done(std::move(result));
        ask_network(request, done);
      });
}

void Ledger::ask_network(const ChargeRequest& request, Done done) {
  const bool taken = pool_.submit([this, request, done] {
    CardNetwork::Reply reply;
    try {
      reply =
          network_.charge(request.payment_id(), request.user_id(), request.amount(), request.currency());
    } catch (const DatabaseError& error) {
      reply.reason = error.what();
    }
    if (reply.answer == CardNetwork::Answer::None) return done(refuse(Unavailable, reply.reason));
    network_answered(request, std::move(reply), done);
  });
  if (!taken) done(refuse(Unavailable, "too many questions to the card network wait already"));
}

void Ledger::network_answered(const ChargeRequest& request, CardNetwork::Reply reply, Done done) {
  write(
      "payment-charged",
      [request, reply = std::move(reply)](Database& database, LedgerResult<Payment>& result) {
        auto row = find(database, request.payment_id());
        if (!row) throw DatabaseError("payment " + request.payment_id() + " is gone");
        if (auto answer = known_answer(*row, request)) {  // a refund or another try came first
          result = std::move(*answer);
          return false;
        }
        const bool approved = reply.answer == CardNetwork::Answer::Approved;
        row->payment.set_state(approved ? PAYMENT_STATE_CHARGED : PAYMENT_STATE_DECLINED);
        row->payment.set_reason(reply.reason);
        put(database, *row);
        if (approved) {
          transfer(database, request.command_id(), row->payment, card_holders, merchant);
          result = row->payment;
        } else {
          result = refuse(Declined, reply.reason);
        }
        return true;
      },
      std::move(done));
}

void Ledger::refund(const RefundRequest& request, Done done) {
  if (request.command_id().empty() || request.payment_id().empty()) {
    return done(refuse(Invalid, "a command id and a payment id are needed"));
  }
  auto to_cancel = std::make_shared<bool>(false);
  write(
      "payment-refund",
      [request, to_cancel](Database& database, LedgerResult<Payment>& result) {
        const auto known = find(database, request.payment_id());
        if (auto error = fenced(known, request.fence())) {
          result = std::unexpected(*error);
        } else if (known && known->payment.state() == PAYMENT_STATE_REFUNDED) {
          result = known->payment;
        } else {
          *to_cancel = true;
        }
        return false;
      },
      [this, request, to_cancel, done = std::move(done)](LedgerResult<Payment> result) {
        if (!result || !*to_cancel) return done(std::move(result));
        cancel_at_network(request, done);
      });
}

void Ledger::cancel_at_network(const RefundRequest& request, Done done) {
  const bool taken = pool_.submit([this, request, done] {
    try {
      if (auto reply = network_.cancel(request.payment_id());
          reply.answer != CardNetwork::Answer::Approved) {
        return done(refuse(Unavailable, reply.reason));
      }
    } catch (const DatabaseError& error) {
      return done(refuse(Unavailable, error.what()));
    }
    write(
        "payment-refunded",
        [request](Database& database, LedgerResult<Payment>& result) {
          Row row = find(database, request.payment_id()).value_or(Row{});
          if (row.payment.state() != PAYMENT_STATE_REFUNDED) {
            if (row.payment.state() == PAYMENT_STATE_CHARGED) {
              transfer(database, request.command_id(), row.payment, merchant, card_holders);
            }
            row.payment.set_payment_id(request.payment_id());
            row.payment.set_state(PAYMENT_STATE_REFUNDED);
            row.fence = std::max(row.fence, request.fence());
            put(database, row);
          }
          result = row.payment;
          return true;
        },
        done);
  });
  if (!taken) done(refuse(Unavailable, "too many questions to the card network wait already"));
}

LedgerResult<Payment> Ledger::get(const std::string& id) {
  try {
    const std::lock_guard guard(reading_);
    auto row = find(reader_, id);
    if (!row) return refuse(NotFound, "there is no payment " + id);
    return std::move(row->payment);
  } catch (const DatabaseError& error) {
    return refuse(Unavailable, error.what());
  }
}

std::int64_t Ledger::balance() {
  const std::lock_guard guard(reading_);
  return reader_.number("SELECT coalesce(sum(amount), 0) FROM entries");
}

}  // namespace shop
